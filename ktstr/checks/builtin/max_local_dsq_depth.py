"""The check `max_local_dsq_depth`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.base.errors import Inconclusive
from ktstr.checks.accepted import Sustained, SustainedLimit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import exceeded, lasted, recording, sustained
from ktstr.checks.violation import Finding

__all__ = ["max_local_dsq_depth"]


# Off unless it is asked for: a scheduler may have its whole queue there.
@declare_check(default=False, accepts=SustainedLimit("tasks"), rank=6, monitored=True)
def max_local_dsq_depth(run: Evidence, limit: float | Sustained) -> Iterator[Finding]:
    """No CPU's local DSQ, from which no other CPU takes a task, holds more than so many."""
    allowed, monitor = sustained(limit), recording(run)
    names = [name for name in monitor.names if name.endswith(".local_dsq")]
    if not names:
        raise Inconclusive("the kernel has no local DSQs")
    if found := exceeded((monitor[name] for name in names), allowed):
        series, first, last = found
        cpu = series.name.removeprefix("cpu").partition(".")[0]
        yield Finding(
            f"{first.value:g} tasks waited in the local DSQ of CPU {cpu}{lasted(first, last)}, limit {allowed}",
            first.at_ns,
        )
