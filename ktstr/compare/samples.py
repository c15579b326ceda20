"""The samples in sidecars: a test's numbers with each seed, or of each repeat, by what must be equal for both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

from ktstr.base.errors import KtstrError
from ktstr.compare.sidecars import scheduler_of
from ktstr.compare.values import Value, values_of
from ktstr.declare.presets import PRESETS
from ktstr.report.schema import Outcome

__all__ = ["Axis", "Case", "Key", "Sample", "cases_of", "checked_axis", "key_of"]

Axis = Literal["", "kernel", "scheduler", "topology"]
"""What differs between the two sides by intention, so that a test of one is compared with its like on the other."""
_AXES: Mapping[str, Axis] = {"kernel": "kernel", "scheduler": "scheduler", "topology": "topology"}
_JUDGED = ("passed", "failed", "inconclusive")


@dataclass(frozen=True, order=True)
class Key:
    """What two samples have in common that can be compared, or are of one side."""

    test: str
    """The test's name with its own parameters, without the seed; `verifier` and the preset for a cell of the sweep."""
    scheduler: str
    """The scheduler with its variant; empty if that is the axis."""
    kernel: str
    """The kernel's version; empty if that is the axis."""
    topology: str
    """The guest's topology; empty if that is the axis."""
    clock: str
    """`real` or `virtual`; empty if no guest was asked for."""
    perturbed: bool
    """Whether the seed also chose preemptions."""
    file: str
    """The test's file; empty if the axis is the scheduler, because each has a file of its own."""


@dataclass(frozen=True)
class Sample:
    """One test with one seed, or one repeat of it with the real clock."""

    seed: int
    """The seed."""
    outcome: Outcome
    """How it ended."""
    started: str
    """When, ISO 8601."""
    numbers: Mapping[str, Value]
    """Its numbers, by their names with labels; of a cell of the sweep the costs alone. None unless it passed: those of
    a failed run may be of what came after its scheduler."""


@dataclass(frozen=True)
class Case:
    """A test of one side with all its samples, by seed."""

    key: Key
    """What it is."""
    samples: Sequence[Sample] = field(repr=False)
    """Its samples that have a verdict."""
    undone: int
    """How many could not be done, or were skipped."""


def checked_axis(text: str | None) -> Axis:
    """The axis of that name, or none; KtstrError if there is no such axis."""
    if text is None:
        return ""
    if text not in _AXES:
        raise KtstrError(f"compare: --by {text}: must be one of {', '.join(_AXES)}")
    return _AXES[text]


def cases_of(sidecars: Iterable[Mapping[str, Any]], axis: Axis = "") -> Mapping[Key, Case]:
    """The cases in these sidecars.

    With the virtual clock a seed is one sample, however often it ran: a second run of the same is no further evidence.
    Of several commits' runs the newest counts. With the real clock each run is a sample. KtstrError for a sidecar whose
    numbers cannot be read.
    """
    groups: dict[Key, list[Sample]] = {}
    for sidecar in sidecars:
        groups.setdefault(key_of(sidecar, axis), []).append(_sample(sidecar))
    return {key: _case(key, sorted(some, key=attrgetter("started"))) for key, some in sorted(groups.items())}


def _case(key: Key, several: Sequence[Sample]) -> Case:
    judged = [one for one in several if one.outcome in _JUDGED]
    undone = len(several) - len(judged)
    if key.clock != "real":
        judged = list({one.seed: one for one in judged}.values())
        undone = len({one.seed for one in several} - {one.seed for one in judged})
    return Case(key, tuple(sorted(judged, key=attrgetter("seed"))), undone)


def _sample(sidecar: Mapping[str, Any]) -> Sample:
    numbers: Mapping[str, Value] = {}
    if sidecar["outcome"] == "passed":
        try:
            # The workers of a cell only show that the scheduler schedules: the cell is there for its costs.
            swept = _is_swept(sidecar)
            numbers = {value.name: value for value in values_of(sidecar) if value.kind.exact or not swept}
        except (KeyError, TypeError, ValueError) as error:
            raise KtstrError(
                f"{sidecar['nodeid']}: its sidecar's numbers cannot be read: {error!r}"
            ) from None
    return Sample(sidecar["seed"], sidecar["outcome"], sidecar["started"], numbers)


def key_of(sidecar: Mapping[str, Any], axis: Axis = "") -> Key:
    """What a sidecar has in common with those that it can be compared with."""
    swept = _is_swept(sidecar)
    return Key(
        test=_cell_name(sidecar, axis) if swept else _test_name(sidecar, axis),
        scheduler="" if axis == "scheduler" else scheduler_of(sidecar),
        kernel="" if axis == "kernel" else sidecar["kernel"]["version"],
        topology="" if axis == "topology" else sidecar["topology"],
        clock=sidecar["clock"] or "",
        perturbed=sidecar["perturb"],
        file="" if axis == "scheduler" or swept else sidecar["nodeid"].partition("::")[0],
    )


def _is_swept(sidecar: Mapping[str, Any]) -> bool:
    """Whether it is of a cell of the verifier sweep."""
    return "::" not in sidecar["nodeid"]


def _cell_name(sidecar: Mapping[str, Any], axis: Axis) -> str:
    """A sweep's cell is called `verifier/mine/kernel_7_0/tiny-1llc`."""
    first, *_, preset = str(sidecar["test"]).split("/")
    return first if axis == "topology" else f"{first} {preset}"


def _test_name(sidecar: Mapping[str, Any], axis: Axis) -> str:
    """The name without those parameters that the key has, or that differ between the sides."""
    name: str = sidecar["test"]
    drop = [f"seed{sidecar['seed']}"]
    if axis == "scheduler" and (variant := sidecar["scheduler"].get("variant")):
        drop.append(variant)
    if axis == "topology":
        drop += [preset for preset in PRESETS if preset in name]
    for word in map(re.escape, drop):
        name = re.sub(rf"\[{word}\]|-{word}(?=[\]-])|(?<=\[){word}-", "", name, count=1)
    return name
