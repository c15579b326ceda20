"""The check `max_enq_skip_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Sustained, SustainedLimit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import event_rate
from ktstr.checks.violation import Finding

__all__ = ["max_enq_skip_rate"]


# Off unless it is asked for: what is too often depends on how often tasks exit.
@declare_check(default=False, accepts=SustainedLimit("times a second"), rank=6, monitored=True)
def max_enq_skip_rate(run: Evidence, limit: float | Sustained) -> Iterator[Finding]:
    """Tasks that exit or may not migrate were put past ops.enqueue() no more often than this (SCX_EV_ENQ_SKIP_*)."""
    yield from event_rate(
        run,
        limit,
        (
            "ENQ_SKIP_EXITING",
            "ENQ_SKIP_MIGRATION_DISABLED",
        ),
        "tasks were put past the scheduler",
    )
