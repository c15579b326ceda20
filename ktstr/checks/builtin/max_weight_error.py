"""The check `max_weight_error`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worst import Case, worst
from ktstr.scenario.model import CgroupState, Member, State

__all__ = ["max_weight_error"]

_COMPUTES = frozenset(("spin_wait",))  # work that never sleeps nor yields


@dataclass(frozen=True)
class _Sibling:
    """A cgroup that competes with others of its parent."""

    path: str
    weight: int
    workers: int
    run_ns: int


@declare_check(default=15.0, accepts=Limit("percentage points"), rank=6)
def max_weight_error(run: Evidence, limit: float) -> Iterator[Finding]:
    """Among siblings of different `cpu.weight`, no share of CPU time is further from its weight's share than this.

    Siblings are compared if all their workers compute without end, under the policy normal, on the same CPUs, and if
    nothing of that changed in the phase.
    """
    cases = []
    for several in _compared(run):
        total_ns, weights = sum(one.run_ns for one in several), [one.weight for one in several]
        if len(set(weights)) < 2 or not total_ns:
            continue
        due = _shares(several, total_ns / max(1, _held_ns(run)))
        one, expected = min(
            zip(several, due, strict=True), key=lambda pair: pair[0].run_ns / total_ns - pair[1]
        )
        got = one.run_ns / total_ns
        if 100 * (expected - got) > limit:
            others = ", ".join(f"{other.path} {other.weight}" for other in several if other is not one)
            message = (
                f"cgroup {one.path} got {100 * got:.1f}% of the CPU time of its siblings, but {100 * expected:.1f}% is"
                f" its due by cpu.weight ({one.path} {one.weight}, {others}): error {100 * (expected - got):.1f}"
                f" points, limit {limit:g}"
            )
            cases.append(Case(expected - got, message))
    yield from worst(cases, "cgroups got too little")


def _held_ns(run: Evidence) -> int:
    return max((worker.wall_ns for worker in run.workers), default=0)


def _shares(several: Sequence[_Sibling], cpus: float) -> list[float]:
    """What part of their CPU time each is due, by weight; one cannot use more CPUs than it has workers."""
    due: dict[str, float] = {}
    left, waiting = cpus, list(several)
    while waiting:
        weight = sum(one.weight for one in waiting)
        full = [one for one in waiting if left * one.weight / weight >= one.workers]
        for one in full or waiting:
            due[one.path] = float(one.workers) if full else left * one.weight / weight
        left = max(0.0, left - sum(one.workers for one in full))
        waiting = [one for one in waiting if one not in full] if full else []
    total = sum(due.values()) or 1.0
    return [due[one.path] / total for one in several]


def _compared(run: Evidence) -> Iterator[list[_Sibling]]:
    """The siblings that can be compared, for each parent."""
    state = _only_state(run)
    if state is None:
        return
    members: dict[int, Member] = {one.index: one for one in state.workers}
    used: Mapping[int, int] = {one.index: one.run_ns for one in run.workers if one.kind in _COMPUTES}
    for parent in sorted({path.rpartition("/")[0] for path in state.cgroups}):
        children = [path for path in state.cgroups if path.rpartition("/")[0] == parent]
        if any(one.cgroup == parent for one in state.workers):  # they compete as well, each by itself
            continue
        several, where = [], set()
        for path in children:
            inside = [one for one in members.values() if f"{one.cgroup}/".startswith(f"{path}/")]
            if not inside:
                continue
            if not _is_plain(state, path, inside) or any(one.index not in used for one in inside):
                break
            where |= {state.allowed(one) for one in inside}
            weight, time = state.cgroups[path].weight, sum(used[one.index] for one in inside)
            several.append(_Sibling(path, weight, len(inside), time))
        else:
            if len(where) == 1 and sum(one.workers for one in several) > len(next(iter(where))):
                yield several


def _only_state(run: Evidence) -> State | None:
    """What was all through the phase; None if it changed, or is not known."""
    states = run.held_states
    if not states or any(
        one.workers != states[0].workers or one.cgroups != states[0].cgroups for one in states
    ):
        return None
    return states[0]


def _is_plain(state: State, path: str, inside: Sequence[Member]) -> bool:
    """Whether nothing but the weight decides how much a cgroup gets."""
    subtree: list[CgroupState] = [
        one for name, one in state.cgroups.items() if f"{name}/".startswith(f"{path}/")
    ]
    return (
        "cpu" in state.controllers(path)
        and not any(one.frozen or one.quota or one.idle for one in subtree)
        and all(one.policy == "normal" and not one.stopped for one in inside)
    )
