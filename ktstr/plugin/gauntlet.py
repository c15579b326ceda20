"""The gauntlet: each test on every preset that its constraints admit, and what is left out of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from ktstr.base.topology import Topology
from ktstr.declare.fit import fit
from ktstr.declare.presets import PRESETS
from ktstr.declare.test import KtstrTest, record_of
from ktstr.plugin.axes import PRESET_FIXTURE
from ktstr.vm.job import default_memory_mb

if TYPE_CHECKING:
    from ktstr.plugin.session import Options

__all__ = [
    "LeftOut",
    "constraint_lines",
    "is_large",
    "left_out_lines",
    "no_preset",
    "on_topology",
    "preset_of_item",
    "presets_for",
    "refused_by_constraints",
    "too_large",
]

NO_PRESET = "no-preset"
"""Stands in an id for the preset of a test that fits none; such a test is skipped."""
# Without KVM one host thread runs all of a guest's CPUs; more of them only where their preset is named.
_EMULATED_CPUS = 64


@dataclass(frozen=True)
class LeftOut:
    """A variant that does not run: of which test (its id without parameters), which one, and why."""

    test: str
    what: str
    reason: str


def presets_for(test: KtstrTest, options: Options) -> tuple[str, ...]:
    """The presets that `test` runs on, by name; empty if it stays on its own topology, NO_PRESET if it fits none."""
    if not options.gauntlet or not test.gauntlet:
        return ()
    return fit(test, options.presets).admitted or (NO_PRESET,)


def preset_of_item(item: pytest.Item) -> str | None:
    """The name of the preset of an item of ours; None if it has none."""
    callspec = getattr(item, "callspec", None)
    name: str | None = callspec.params.get(PRESET_FIXTURE) if callspec else None
    return name


def on_topology(record: KtstrTest, item: pytest.Item, options: Options) -> KtstrTest:
    """The test as this item runs it: on its preset, else on the session's topology, else on its own.

    A preset's guest has no less memory than one of its size has by default.
    """
    topology = PRESETS.get(preset_of_item(item) or "", options.topology)
    if topology is None or topology == record.topology:
        return record
    memory = record.memory_mb
    if memory is not None and preset_of_item(item):
        memory = max(memory, default_memory_mb(topology))
    return replace(record, topology=topology, memory_mb=memory)


def no_preset(test: KtstrTest, item: pytest.Item, options: Options) -> str | None:
    """Why the item is skipped: its test fits no preset. None if it has one, or needs none."""
    if preset_of_item(item) != NO_PRESET:
        return None
    reasons = dict.fromkeys(reason for _, reason in fit(test, options.presets).refused)
    return f"no preset fits: {', '.join(reasons)}"


def is_large(item: pytest.Item) -> bool:
    """Whether the item's preset has more CPUs than are emulated without being asked for."""
    topology = PRESETS.get(preset_of_item(item) or "")
    return topology is not None and topology.cpus > _EMULATED_CPUS


def too_large(items: Sequence[pytest.Item], options: Options) -> dict[pytest.Item, str]:
    """The items whose preset is too large to be emulated unless it is asked for by name, each with the reason."""
    if options.presets:
        return {}
    found = {}
    for item in items:
        topology = PRESETS.get(preset_of_item(item) or "")
        if topology is not None and is_large(item) and _emulated(topology, options):
            found[item] = f"{topology.cpus} CPUs, without KVM only on request (--preset)"
    return found


def refused_by_constraints(items: Iterable[pytest.Item], options: Options) -> list[LeftOut]:
    """The presets that constraints keep the tests of these items from."""
    if not options.gauntlet:
        return []
    tests = {item.nodeid.partition("[")[0]: record for item in items if (record := _record(item))}
    return [
        LeftOut(name, preset, reason)
        for name, test in tests.items()
        if test.gauntlet and (fits := fit(test, options.presets)).admitted
        for preset, reason in fits.refused
    ]


def constraint_lines(refused: Sequence[LeftOut], verbose: bool) -> list[str]:
    """What constraints leave out: in one line, because there is always something, or a line for each reason."""
    if verbose or not refused:
        return left_out_lines(refused)
    tests = len({one.test for one in refused})
    return [
        f"constraints leave out {_counted(len(refused), 'preset')} of {_counted(tests, 'test')}; -v says which"
    ]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("s" if count != 1 else "")


def left_out_lines(left: Iterable[LeftOut]) -> list[str]:
    """What was left out, a line for each reason: how many variants, and the first few."""
    reasons: dict[str, list[str]] = {}
    for one in left:
        reasons.setdefault(one.reason, []).append(f"{one.test.rpartition('::')[2]} on {one.what}")
    return [
        f"left out {len(names)}: {', '.join(names[:3])}{', ...' if names[3:] else ''}: {reason}"
        for reason, names in reasons.items()
    ]


def _emulated(topology: Topology, options: Options) -> bool:
    from ktstr.farm.choice import executor_of

    cpus = None if options.oversubscribe else topology.cpus
    return executor_of(options.executor).accelerator(options.clock, cpus).name == "tcg"


def _record(item: pytest.Item) -> KtstrTest | None:
    return record_of(getattr(item, "function", None))
