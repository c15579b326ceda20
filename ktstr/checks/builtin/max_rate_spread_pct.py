"""The check `max_rate_spread_pct`."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, pstdev

from ktstr.checks.accepted import Limit
from ktstr.checks.builtin.max_spread_pct import comparable
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.report import WorkerStats

__all__ = ["max_rate_spread_pct", "work_per_s"]


# Off by default: CPUs of a guest may differ in speed (docs/clocks.md).
@declare_check(default=False, accepts=Limit("percent"), rank=6)
def max_rate_spread_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """The work that workers of one cgroup and type do in a second varies by no more than this: deviation by mean."""
    groups: dict[tuple[object, ...], list[WorkerStats]] = {}
    for worker in run.workers:
        member = run.member(worker)
        if comparable(run, worker):
            alike = (member.policy, member.nice, member.affinity) if member else ()
            groups.setdefault((worker.cgroup, worker.kind, alike), []).append(worker)
    cases = []
    for (name, *_), members in groups.items():
        rates = [work_per_s(worker) for worker in members]
        mean = fmean(rates)
        varies = 100 * pstdev(rates) / mean if mean else 0.0
        if varies > limit:
            low, high = min(members, key=work_per_s), max(members, key=work_per_s)
            message = (
                f"cgroup {name}: the work of {len(members)} workers varies by {varies:.1f}%: {worker_name(low)} did"
                f" {work_per_s(low):.0f} chunks a second and {worker_name(high)} {work_per_s(high):.0f},"
                f" limit {limit:g}%"
            )
            cases.append(Case(varies, message))
    yield from worst(cases, "groups vary more than that")


def work_per_s(worker: WorkerStats) -> float:
    """The chunks of work that a worker did in a guest second."""
    return worker.iterations * 1e9 / worker.wall_ns if worker.wall_ns else 0.0
