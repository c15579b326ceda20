"""The check `max_wake_latency_p99_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["max_wake_latency_p99_ms"]

_MS = 1_000_000


# Off by default: what is too late is for the author to say.
@declare_check(default=False, accepts=Limit("guest milliseconds", of_wait=True), rank=5, needs_latency=True)
def max_wake_latency_p99_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """Of a hundred wakeups of a worker, 99 had it run within this time. Below 100 wakeups it is the longest one."""
    cases = [
        Case(
            task.woken.p99_ns,
            f"{worker_name(worker)} ran within {task.woken.p99_ns / _MS:.3f} ms after 99% of {task.woken.count}"
            f" wakeups, limit {limit:g} ms",
        )
        for worker, task in worker_latency(run)
        if task.woken.p99_ns > limit * _MS
    ]
    yield from worst(cases, "workers were late")
