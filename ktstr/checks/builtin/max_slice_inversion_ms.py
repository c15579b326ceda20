"""The check `max_slice_inversion_ms`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ktstr.checks.accepted import Limit
from ktstr.checks.builtin.max_spread_pct import comparable
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worst import Case, worst
from ktstr.events.distribution import Distribution, merged
from ktstr.events.latency import TaskLatency
from ktstr.events.report import WorkerStats

__all__ = ["max_slice_inversion_ms"]

_MS = 1_000_000
_LEAST_WAKEUPS = 20  # the mean of fewer is a matter of luck
_Some = Sequence[tuple[WorkerStats, TaskLatency]]


# On by default: a scheduler need not look at slices, but one that makes those wait that ask for short ones looked at
# them the wrong way round.
@declare_check(default=10.0, accepts=Limit("guest milliseconds", of_wait=True), rank=5, needs_latency=True)
def max_slice_inversion_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """Of the workers of a cgroup that differ in the slice only, those that ask for a shorter one take, on average, at
    most so much longer to run after a wakeup.

    Only workers of one work type, policy, nice value and affinity are compared, after 20 wakeups at least. Those that
    used more CPU time have a right to wait longer.
    """
    groups: dict[tuple[object, ...], dict[float, list[tuple[WorkerStats, TaskLatency]]]] = {}
    for worker, task in worker_latency(run):
        member = run.member(worker)
        if member is not None and member.slice_ms is not None and comparable(run, worker):
            alike = (member.cgroup, member.policy, member.nice, member.affinity, worker.kind)
            groups.setdefault(alike, {}).setdefault(member.slice_ms, []).append((worker, task))
    cases = []
    for (name, *_, kind), by_slice in groups.items():
        several = [_sliced(slice_ms, some) for slice_ms, some in sorted(by_slice.items())]
        for short, long in combinations(several, 2):
            more_ms = (short.woken.mean_ns - long.woken.mean_ns) / _MS
            fewest = min(short.woken.count, long.woken.count)
            if fewest >= _LEAST_WAKEUPS and short.used <= long.used and more_ms > limit:
                message = (
                    f"cgroup {name}: slice inversion: {short.text(str(kind))} ran"
                    f" {short.woken.mean_ns / _MS:.3f} ms after a wakeup on average, and {long.text(str(kind))} after"
                    f" {long.woken.mean_ns / _MS:.3f} ms: {more_ms:.3f} ms more, limit {limit:g} ms"
                )
                latest = max(short.some, key=lambda one: one[1].woken.longest_ns)
                cases.append(Case(more_ms, message, latest[1].woken.longest_at_ns, latest[0].index))
    yield from worst(cases, "groups have one, too")


@dataclass(frozen=True)
class _Sliced:
    slice_ms: float
    some: _Some
    woken: Distribution
    used: float
    """How much of a CPU each had, on average."""

    def text(self, kind: str) -> str:
        return f"{len(self.some)} {kind} with a slice of {self.slice_ms:g} ms"


def _sliced(slice_ms: float, some: _Some) -> _Sliced:
    used = sum(worker.run_ns / worker.wall_ns for worker, _ in some if worker.wall_ns) / len(some)
    return _Sliced(slice_ms, some, merged(task.woken for _, task in some), used)
