"""The check `max_wake_latency_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["max_wake_latency_ms"]

_MS = 1_000_000


# Off by default: what is too late is for the author to say.
@declare_check(default=False, accepts=Limit("guest milliseconds", of_wait=True), rank=5, needs_latency=True)
def max_wake_latency_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker ran later than this after somebody began to wake it."""
    cases = [
        Case(
            task.woken.longest_ns,
            f"{worker_name(worker)} ran {task.woken.longest_ns / _MS:.3f} ms after it was woken, limit {limit:g} ms",
            task.woken.longest_at_ns,
            worker.index,
        )
        for worker, task in worker_latency(run)
        if task.woken.longest_ns > limit * _MS
    ]
    yield from worst(cases, "workers were late")
