"""The check `max_inversion_pct`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ktstr.checks.accepted import Limit
from ktstr.checks.builtin.max_spread_pct import comparable
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.report import WorkerStats
from ktstr.scenario.model import Member
from ktstr.scenario.policy import REAL_TIME

__all__ = ["max_inversion_pct"]


@declare_check(default=15.0, accepts=Limit("percentage points"), rank=4)
def max_inversion_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """Of two workers of a cgroup that differ in the nice value only, the better one waits at most so much longer."""
    groups: dict[tuple[object, ...], list[tuple[int, WorkerStats]]] = {}
    for worker in run.workers:
        member = run.member(worker)
        if member is not None and member.policy not in REAL_TIME and comparable(run, worker):
            groups.setdefault(_place(member), []).append((member.nice, worker))
    cases = []
    for (name, *_), members in groups.items():
        found = max(
            (
                (better.off_cpu_pct - worse.off_cpu_pct, better, nice, worse, worse_nice)
                for (nice, better), (worse_nice, worse) in product(members, members)
                if nice < worse_nice
            ),
            key=lambda pair: pair[0],
            default=None,
        )
        if found is not None and found[0] > limit:
            more, better, nice, worse, worse_nice = found
            message = (
                f"cgroup {name}: nice inversion: {worker_name(better)} with nice {nice} waited"
                f" {better.off_cpu_pct:.1f}% of its time and {worker_name(worse)} with nice {worse_nice} only"
                f" {worse.off_cpu_pct:.1f}%: {more:.1f} points, limit {limit:g}"
            )
            cases.append(Case(more, message))
    yield from worst(cases, "groups have one, too")


def _place(member: Member) -> tuple[object, ...]:
    return (member.cgroup, member.policy, member.slice_ms, member.affinity)
