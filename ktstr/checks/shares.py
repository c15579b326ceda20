"""Shares of CPU time: which workers compete for it, what each is due by weight, and what it got."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ktstr.checks.evidence import Evidence
from ktstr.checks.weight import task_weight
from ktstr.events.report import WorkerStats
from ktstr.scenario.model import Member, State
from ktstr.scenario.policy import REAL_TIME

__all__ = ["Competitor", "competitors", "divided", "dues"]

_YIELDS = frozenset(("mixed",))  # work that computes, yields, and computes on
_COMPUTES = _YIELDS | {"spin_wait"}  # work that never sleeps
_LEAST_NS = 200_000_000  # in less than this, time on a CPU is too coarse
_STOPPED_PART = 20  # one that was thawed at the start of a phase was stopped for the moment before


@dataclass(frozen=True)
class Competitor:
    """The workers of one cgroup, policy and nice value together: a kernel balances whole tasks, so one alone may have
    good or bad luck."""

    cgroup: str
    policy: str
    nice: int
    workers: tuple[WorkerStats, ...]

    @property
    def weight(self) -> int:
        """The kernel's weight of one of its tasks."""
        return task_weight(self.policy, self.nice)

    @property
    def yields(self) -> bool:
        """Whether its workers yield: a scheduler may take the rest of their slices from them."""
        return any(worker.kind in _YIELDS for worker in self.workers)

    @property
    def got(self) -> float:
        """How many CPUs it had."""
        return sum(worker.run_ns / worker.wall_ns for worker in self.workers)

    @property
    def name(self) -> str:
        """Who it is, in words."""
        nice = f", nice {self.nice}" if self.nice else ""
        kinds = ", ".join(sorted({worker.kind for worker in self.workers}))
        return f"cgroup {self.cgroup} ({len(self.workers)} {kinds}, policy {self.policy}{nice})"


def competitors(run: Evidence) -> tuple[Competitor, ...]:
    """All workers, if they compute without end on the same CPUs, and nothing but weights decides how much each gets.

    Else none; also none if there is a CPU for each of them, or if something changes in the phase.
    """
    found: dict[tuple[str, str, int], list[WorkerStats]] = {}
    for worker, member in _comparable(run):
        found.setdefault((member.cgroup, member.policy, member.nice), []).append(worker)
    return tuple(Competitor(*kind, tuple(some)) for kind, some in found.items())


def dues(run: Evidence, several: Sequence[Competitor]) -> Iterator[tuple[float, ...]]:
    """How many CPUs each of `several` is due, in each of the ways in which schedulers divide: in equal parts, by the
    weights of tasks, by those of cgroups and then of the tasks in them."""
    cpus = sum(one.got for one in several)
    of_group: dict[str, int] = {}
    for one in several:
        of_group[one.cgroup] = of_group.get(one.cgroup, 0) + one.weight * len(one.workers)
    cgroups = run.held_states[-1].cgroups
    nested = [cgroups[one.cgroup].weight * one.weight / of_group[one.cgroup] for one in several]
    for weights in ([1.0] * len(several), [float(one.weight) for one in several], nested):
        yield divided(several, weights, cpus)


def divided(several: Sequence[Competitor], weights: Sequence[float], cpus: float) -> tuple[float, ...]:
    """How many CPUs each is due if each of its workers has that weight. A worker cannot use more than one CPU, and what
    it leaves goes to the others."""
    due: dict[int, float] = {}
    left = cpus
    waiting = {place: weights[place] * len(one.workers) for place, one in enumerate(several)}
    while waiting:
        total = sum(waiting.values())
        full = [
            place for place, weight in waiting.items() if left * weight / total >= len(several[place].workers)
        ]
        if not full:
            due |= {place: left * weight / total for place, weight in waiting.items()}
            break
        for place in full:
            due[place] = float(len(several[place].workers))
            left -= due[place]
            del waiting[place]
    return tuple(due[place] for place in range(len(several)))


def _comparable(run: Evidence) -> Sequence[tuple[WorkerStats, Member]]:
    states = run.held_states
    if len(states) != 1 or (run.has_steps and run.starts_scheduler):
        return ()
    state = states[0]
    members: Mapping[int, Member] = {one.index: one for one in state.workers}
    pairs = [(worker, members[worker.index]) for worker in run.workers if worker.index in members]
    if not pairs or not len(pairs) == len(members) == len(run.workers):
        return ()
    places = {state.allowed(member) for _, member in pairs}
    if len(places) > 1 or len(pairs) <= len(next(iter(places))):
        return ()
    return pairs if all(_is_plain(run, state, *pair) for pair in pairs) else ()


def _is_plain(run: Evidence, state: State, worker: WorkerStats, member: Member) -> bool:
    cgroup = state.cgroups.get(member.cgroup)
    return (
        worker.kind in _COMPUTES
        and worker.wall_ns >= _LEAST_NS
        and (run.phase is None or worker.wall_ns >= run.phase.held_ns)
        and not worker.ended
        and worker.stopped_ns * _STOPPED_PART <= worker.wall_ns
        and member.policy not in {*REAL_TIME, "ext"}
        and cgroup is not None
        and "/" not in member.cgroup
        and not (cgroup.frozen or cgroup.quota or cgroup.idle)
    )
