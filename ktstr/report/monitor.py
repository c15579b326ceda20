"""What the monitor sampled, as lines of a failure's text: only if a check of it was violated."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.checks.recorded import recorded
from ktstr.checks.registry import find_check
from ktstr.checks.series import Series
from ktstr.checks.violation import Violation
from ktstr.events.report import GuestReport

__all__ = ["monitor_lines"]

_ALWAYS = ("runnable", "idle_cpus", "queued")
_DEEPEST = 4  # DSQs
_BUSIEST = 4  # CPUs


def monitor_lines(report: GuestReport, violations: Sequence[Violation]) -> list[str]:
    """A line for each of the series that tell most; none if nothing was sampled, or no violation is about samples."""
    monitor = recorded(report)
    checks = (find_check(one.check) for one in violations)
    if monitor is None or not any(check and check.monitored for check in checks):
        return []
    names = [name for name in _ALWAYS if name in monitor.names]
    names += _largest([monitor[name] for name in monitor.names if name.endswith(".depth")], _DEEPEST)
    names += _largest([monitor[name] for name in monitor.names if name.endswith(".runnable")], _BUSIEST)
    width = max(map(len, names), default=0)
    return [
        f"sampled every {monitor.samples.period_ns / 1e6:g} ms",
        *(monitor[name].line(width=width) for name in names),
    ]


def _largest(several: Sequence[Series], most: int) -> list[str]:
    """The names of those with the largest sum, in their own order."""
    chosen = sorted(several, key=lambda one: -sum(one.values))[:most]
    return [one.name for one in several if one in chosen]
