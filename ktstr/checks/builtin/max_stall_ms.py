"""The check `max_stall_ms`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import recording
from ktstr.checks.series import Sample
from ktstr.checks.violation import Finding

__all__ = ["max_stall_ms"]

_MS = 1_000_000


# Off unless it is asked for: how long a task may keep a CPU from others is up to the scheduler's slices.
@declare_check(default=False, accepts=Limit("guest milliseconds"), rank=6, monitored=True)
def max_stall_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No CPU on which several tasks were runnable went without a context switch for longer than this.

    What is between two samples is not known: a stall is as long as the samples between which nothing changed.
    """
    monitor = recording(run)
    worst: tuple[int, int, Sample] | None = None
    for cpu in range(monitor.samples.cpus):
        runnable = {one.at_ns: one.value for one in monitor[f"cpu{cpu}.runnable"].samples}
        since: Sample | None = None
        for before, after in pairwise(monitor[f"cpu{cpu}.switches"].samples):
            stalled = (
                before.value == after.value
                and before.phase == after.phase
                and min(runnable[before.at_ns], runnable[after.at_ns]) > 1
            )
            since = (since or before) if stalled else None
            if since and (worst is None or after.at_ns - since.at_ns > worst[0]):
                worst = (after.at_ns - since.at_ns, cpu, since)
    if worst and worst[0] > limit * _MS:
        ns, cpu, since = worst
        yield Finding(
            f"CPU {cpu} made no context switch for {ns / _MS:.4g} ms while several tasks were runnable on it, limit"
            f" {limit:g} ms",
            since.at_ns,
        )
