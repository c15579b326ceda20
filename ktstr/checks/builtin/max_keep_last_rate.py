"""The check `max_keep_last_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Sustained, SustainedLimit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import event_rate
from ktstr.checks.violation import Finding

__all__ = ["max_keep_last_rate"]


# Off unless it is asked for: a task that is alone on its CPU is kept there by right.
@declare_check(default=False, accepts=SustainedLimit("times a second"), rank=6, monitored=True)
def max_keep_last_rate(run: Evidence, limit: float | Sustained) -> Iterator[Finding]:
    """No more often than this a task was kept on its CPU for want of another one (SCX_EV_DISPATCH_KEEP_LAST)."""
    yield from event_rate(
        run, limit, ("DISPATCH_KEEP_LAST",), "a task went on only because the scheduler dispatched no other"
    )
