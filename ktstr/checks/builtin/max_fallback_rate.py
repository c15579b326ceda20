"""The check `max_fallback_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Sustained, SustainedLimit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import event_rate
from ktstr.checks.violation import Finding

__all__ = ["max_fallback_rate"]


# Off unless it is asked for: what is too often depends on how often tasks wake.
@declare_check(default=False, accepts=SustainedLimit("times a second"), rank=6, monitored=True)
def max_fallback_rate(run: Evidence, limit: float | Sustained) -> Iterator[Finding]:
    """The scheduler chose a CPU that a task may not use no more often than this (SCX_EV_SELECT_CPU_FALLBACK)."""
    yield from event_rate(
        run,
        limit,
        ("SELECT_CPU_FALLBACK",),
        "the kernel chose a CPU because the scheduler's own choice could not be used",
    )
