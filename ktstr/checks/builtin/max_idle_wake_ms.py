"""The check `max_idle_wake_ms`."""

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

__all__ = ["max_idle_wake_ms"]

_MS = 1_000_000


# The default: who wakes a task looks for an idle CPU, so it is a fraction of a millisecond. EEVDF looks in one LLC,
# and finds what waits in another when it balances, after some 4 ms and never seen above 7.
@declare_check(default=8.0, accepts=Limit("guest milliseconds", of_wait=True), rank=3, needs_latency=True)
def max_idle_wake_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker that was woken waited longer than this while one CPU that it may use was idle all along.

    Whoever wakes a task can give it an idle CPU, or kick one: nothing else has to happen first. It is a bound from
    below, and judged where `max_idle_wait_ms` is.
    """
    if idles_by_right(run):
        return
    cases = [
        Case(
            task.woken_idle_longest_ns,
            f"CPU {task.woken_idle_cpu} was idle while {worker_name(worker)}, which was woken and may use it, waited:"
            f" for {task.woken_idle_longest_ns / _MS:.1f} ms at a time, limit {limit:g} ms",
            task.woken_idle_longest_at_ns,
            worker.index,
        )
        for worker, task in worker_latency(run)
        if task.woken_idle_longest_ns > limit * _MS and not waits_by_right(run, worker)
    ]
    yield from worst(cases, "workers waited so")
