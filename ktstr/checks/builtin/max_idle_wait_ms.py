"""The check `max_idle_wait_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.idle_cpus import idles_by_right, waits_by_right
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.latency import TaskLatency
from ktstr.events.report import WorkerStats

__all__ = ["max_idle_wait_ms"]

_MS = 1_000_000


# The default: EEVDF leaves a task waiting beside an idle CPU until it balances, for some 4 ms. The smallest scheduler
# that works, which only inserts into the global DSQ, was seen at 23, a slice of sched_ext's: a task that it preempts
# waits for the next CPU that looks. What scx's schedulers waste is in waits of 0.1 ms.
@declare_check(default=40.0, accepts=Limit("guest milliseconds", of_wait=True), rank=3, needs_latency=True)
def max_idle_wait_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker waited for a CPU longer than this at a time while one that it may use was idle.

    That may be one CPU all along, or now one and now another: whoever hands a task over to an idle CPU is done in a
    fraction of that, but a task that was lost waits on, however often CPUs go idle.

    Both are bounds from below: at the end of a wait one looks which CPUs are idle, and since when; and now one and now
    another is only counted for a worker that may use every CPU. Workers under a quota wait by right. It is not judged
    where `max_wasted_pct` is not.
    """
    if idles_by_right(run):
        return
    cases = [
        _case(worker, task, limit)
        for worker, task in worker_latency(run)
        if _idle_ns(task) > limit * _MS and not waits_by_right(run, worker)
    ]
    yield from worst(cases, "workers waited so")


def _idle_ns(task: TaskLatency) -> int:
    return max(task.idle_longest_ns, task.any_idle_longest_ns)


def _case(worker: WorkerStats, task: TaskLatency, limit: float) -> Case:
    if task.idle_longest_ns > limit * _MS:
        ns, at_ns, who = task.idle_longest_ns, task.idle_longest_at_ns, f"CPU {task.idle_cpu} was"
    else:
        ns, at_ns, who = (
            task.any_idle_longest_ns,
            task.any_idle_longest_at_ns,
            "now one CPU and now another was",
        )
    message = f"{who} idle while {worker_name(worker)}, which may use it, waited"
    return Case(
        _idle_ns(task), f"{message}: for {ns / _MS:.1f} ms at a time, limit {limit:g} ms", at_ns, worker.index
    )
