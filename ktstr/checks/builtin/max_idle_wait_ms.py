"""The check `max_idle_wait_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.idle_cpus import idles_by_right
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.report import WorkerStats
from ktstr.scenario.policy import REAL_TIME

__all__ = ["max_idle_wait_ms"]

_MS = 1_000_000


# The default: EEVDF leaves a task waiting beside an idle CPU until it balances, for some 4 ms. The smallest scheduler
# that works, which only inserts into the global DSQ, was seen at 19: less than a slice of sched_ext's. A CPU that
# nobody kicks finds a task by chance, after a slice or two.
@declare_check(default=20.0, accepts=Limit("guest milliseconds", of_wait=True), rank=3, needs_latency=True)
def max_idle_wait_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker waited for a CPU longer than this at a time while one that it may use was idle all along.

    It is a bound from below: at the end of each wait one looks which CPUs are idle, and since when. Workers under a
    quota wait by right. It is not judged where `max_wasted_pct` is not.
    """
    if idles_by_right(run):
        return
    cases = [
        Case(
            task.idle_longest_ns,
            f"CPU {task.idle_cpu} was idle while {worker_name(worker)}, which may use it, waited:"
            f" for {task.idle_longest_ns / _MS:.1f} ms at a time, limit {limit:g} ms",
            task.idle_longest_at_ns,
            worker.index,
        )
        for worker, task in worker_latency(run)
        if task.idle_longest_ns > limit * _MS and not _waits_by_right(run, worker)
    ]
    yield from worst(cases, "workers waited so")


def _waits_by_right(run: Evidence, worker: WorkerStats) -> bool:
    """Whether the worker was throttled at some time, or is not the scheduler's."""
    return any(
        member.policy in REAL_TIME
        or any(
            one.quota and f"{member.cgroup}/".startswith(f"{path}/")
            for state in run.held_states
            for path, one in state.cgroups.items()
        )
        for member in run.members(worker)
    )
