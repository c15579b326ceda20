"""The matrix of a sweep: schedulers by kernels by topologies, without those that declarations and filters leave out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.presets import PRESETS
from ktstr.declare.scheduler import Scheduler
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import accepts
from ktstr.verifier.cell import Cell

__all__ = ["Matrix", "Skip", "chosen_schedulers", "chosen_topologies", "matrix"]

# Without KVM one host thread runs all of a guest's CPUs; more of them only where they are asked for by name.
_EMULATED_CPUS = 64


@dataclass(frozen=True)
class Skip:
    """What was left out, and why."""

    what: str
    reason: str


@dataclass(frozen=True)
class Matrix:
    """The cells in order of scheduler, kernel and topology, and what was left out."""

    cells: tuple[Cell, ...]
    skipped: tuple[Skip, ...]


def chosen_schedulers(declared: Sequence[Scheduler], names: Sequence[str]) -> tuple[Scheduler, ...]:
    """The schedulers of these names, all if none is given; KtstrError for one that is not declared.

    A name means all variants of that scheduler, `mine[fifo]` one of them.
    """
    if not declared:
        raise KtstrError("no scheduler is declared in the given tests; declare_scheduler(...) declares one")
    by_name = {scheduler.name: _variants(scheduler) for scheduler in declared}
    known = {one.title: (one,) for some in by_name.values() for one in some} | by_name
    for name in names:
        if name not in known:
            raise KtstrError(f"--scheduler {name}: {_accepted(name, known)}")
    chosen = (one for name in (names or by_name) for one in known[name])
    return tuple({one.title: one for one in chosen}.values())


def _variants(scheduler: Scheduler) -> tuple[Scheduler, ...]:
    """What the sweep runs of a scheduler: each of its variants, or itself if it has none."""
    return tuple(scheduler.of_variant(name) for name in scheduler.variants) or (scheduler,)


def chosen_topologies(presets: Sequence[str], topologies: Sequence[str]) -> dict[str, Topology]:
    """The presets and topologies of these names, all presets if none is given; KtstrError for an unknown one."""
    for name in presets:
        if name not in PRESETS:
            raise KtstrError(f"--preset {name}: {_accepted(name, PRESETS)}")
    chosen = {name: PRESETS[name] for name in presets}
    for text in topologies:
        try:
            topology = Topology.parse(text)
        except KtstrError as error:
            raise KtstrError(f"--topology: {error}") from None
        chosen[str(topology)] = topology
    return chosen or dict(PRESETS)


def matrix(
    schedulers: Sequence[Scheduler],
    kernels: Mapping[str, Kernel],
    topologies: Mapping[str, Topology],
    *,
    named: bool,
    accelerated: Callable[[Topology], bool],
    refusal: Callable[[Topology], str | None] = lambda _topology: None,
) -> Matrix:
    """The cells of `schedulers` on `kernels` (by their part of a name) and `topologies`.

    `named` says that the topologies were asked for by name, which overrides a scheduler's constraints and the limit on
    emulated CPUs. `accelerated` says whether KVM runs a topology, `refusal` why it cannot be run at all. KtstrError,
    saying why, if nothing is left.
    """
    cells: list[Cell] = []
    skipped: list[Skip] = []
    possible = dict(topologies)
    for name, topology in topologies.items():
        if reason := refusal(topology) or _too_slow(topology, named, accelerated(topology)):
            skipped.append(Skip(name, reason))
            del possible[name]
    for scheduler in schedulers:
        if not scheduler.is_sched_ext:
            skipped.append(Skip(scheduler.title, "has no BPF of its own: it is the kernel's"))
            continue
        for kernel_id, kernel in kernels.items():
            if reason := _no_kernel(scheduler, kernel):
                skipped.append(Skip(f"{scheduler.title} on {kernel.version}", reason))
                continue
            for preset, topology in possible.items():
                unfit = None if named else scheduler.constraints.refusal(topology)
                if unfit:
                    skipped.append(
                        Skip(f"{scheduler.title} on {kernel.version}, {preset}", f"constraints: {unfit}")
                    )
                    continue
                cells.append(Cell(scheduler, kernel_id, kernel, preset, topology))
    if not cells:
        raise KtstrError(f"nothing to sweep: {_why(skipped)}")
    return Matrix(tuple(cells), tuple(skipped))


def _too_slow(topology: Topology, named: bool, accelerated: bool) -> str:
    if topology.cpus > _EMULATED_CPUS and not named and not accelerated:
        return f"{topology.cpus} CPUs, without KVM only on request (--preset)"
    return ""


def _no_kernel(scheduler: Scheduler, kernel: Kernel) -> str:
    if not accepts(scheduler.kernels, kernel.version):
        return f"declares kernels [{', '.join(scheduler.kernels)}]"
    return "" if kernel.sched_ext else "the kernel is built without CONFIG_SCHED_CLASS_EXT"


def _why(skipped: Sequence[Skip]) -> str:
    reasons: dict[str, list[str]] = {}
    for skip in skipped:
        reasons.setdefault(skip.reason, []).append(skip.what)
    parts = [
        f"{names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {why}"
        for why, names in reasons.items()
    ]
    return "; ".join(parts)


def _accepted(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"none of that name; {hint}there are {', '.join(known)}"
