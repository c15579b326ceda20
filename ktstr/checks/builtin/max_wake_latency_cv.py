"""The check `max_wake_latency_cv`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["max_wake_latency_cv"]

_MS = 1_000_000


# Off by default: how even a wakeup has to be is for the author to say.
@declare_check(default=False, accepts=Limit("a number"), rank=5, needs_latency=True)
def max_wake_latency_cv(run: Evidence, limit: float) -> Iterator[Finding]:
    """A worker is woken evenly: the standard deviation of its wake latency, by its mean, is no more than this."""
    cases = [
        Case(
            task.woken.variation,
            f"{worker_name(worker)} was woken unevenly: {task.woken.count} wakeups took {task.woken.mean_ns / _MS:.3f}"
            f" ms on average and up to {task.woken.longest_ns / _MS:.3f} ms, deviation by mean"
            f" {task.woken.variation:.2f}, limit {limit:g}",
        )
        for worker, task in worker_latency(run)
        if task.woken.variation > limit
    ]
    yield from worst(cases, "workers were woken unevenly")
