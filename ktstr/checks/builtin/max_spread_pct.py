"""The check `max_spread_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.report import WorkerStats

__all__ = ["comparable", "max_spread_pct"]


# The kernel counts time on a CPU at its ticks: in less than this, shares are too coarse to be compared.
_LEAST_NS = 200_000_000


@declare_check(default=15.0, accepts=Limit("percentage points"), rank=4)
def max_spread_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """Within a cgroup, the shares of time that two workers waited for a CPU differ by no more than this.

    Only workers of one work type, policy, nice value, slice and affinity are compared. Of a scenario with steps, only
    those are that were the same all through a phase of some length, in whose hold nothing changes and in which no
    scheduler was started: the program that loads it takes CPU time.
    """
    if run.has_steps and run.starts_scheduler:
        return
    groups: dict[tuple[object, ...], list[WorkerStats]] = {}
    for worker in run.workers:
        if comparable(run, worker):
            groups.setdefault(_alike(run, worker), []).append(worker)
    cases = []
    for (name, *_), members in groups.items():
        low = min(members, key=lambda worker: worker.off_cpu_pct)
        high = max(members, key=lambda worker: worker.off_cpu_pct)
        spread = high.off_cpu_pct - low.off_cpu_pct
        if spread > limit:
            message = (
                f"cgroup {name} was scheduled unfairly: {worker_name(high)} waited {high.off_cpu_pct:.1f}% of its time"
                f" and {worker_name(low)} {low.off_cpu_pct:.1f}%: spread {spread:.1f} points, limit {limit:g}"
            )
            cases.append(Case(spread, message))
    yield from worst(cases, "groups were, too")


def _alike(run: Evidence, worker: WorkerStats) -> tuple[object, ...]:
    """The worker's cgroup, and what else must be the same so that two workers have a right to the same."""
    member = run.member(worker)
    if member is None:
        return (worker.cgroup, worker.kind)
    return (member.cgroup, member.policy, member.nice, member.slice_ms, member.affinity, worker.kind)


def comparable(run: Evidence, worker: WorkerStats) -> bool:
    """Whether the worker was the same all through what is judged, and long enough for its share to say something.

    One of a work type whose workers are not alike is never comparable.
    """
    if any(not member.alike for member in run.members(worker)):
        return False
    if not run.has_steps:
        return True
    steady = run.layout is None or all(phase.steady for phase in run.layout.phases)
    whole = steady and (run.phase is None or worker.wall_ns >= run.phase.held_ns)
    changed = len(run.members(worker)) > 1 or worker.ended or worker.stopped_ns > 0
    return whole and not changed and worker.wall_ns >= _LEAST_NS
