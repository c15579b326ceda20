"""Runs that say nothing of the scheduler, because the test asks for what it does not have."""

from __future__ import annotations

import re
from difflib import get_close_matches

from ktstr.declare.scheduler import Scheduler
from ktstr.events.report import GuestReport, RefusedWrite

__all__ = ["mistake_of_test"]

# What ktstr's loader ends with where its arguments or the object are at fault.
_LOADER_UNUSABLE = 2
_SHOWN = 5


def mistake_of_test(scheduler: Scheduler, report: GuestReport, watchdog_ms: int | None = None) -> str | None:
    """The mistake in one line, or None: an unknown map, variable or constant, a value that does not fit it, or a
    watchdog that could not be set."""
    if refused := report.refused_write:
        asked = f"BpfMapWrite({refused.map!r}, {refused.variable!r}, {refused.value})"
        return f"{asked}: {refused.why}{_names(refused)}"
    if scheduler.bpf and report.exit == {"status": _LOADER_UNUSABLE}:
        told = next((line for line in reversed(report.log) if line.startswith("loader: ")), "loader: ")
        return f"scheduler {scheduler.name}: {told.removeprefix('loader: ')}"
    attached = report.state("attached")
    if watchdog_ms is not None and report.watchdog_ms is None and attached and attached.state == "enabled":
        return f"watchdog_timeout_s: could not be set: scheduler {scheduler.name} attached in a way that is not known"
    return None


def _names(refused: RefusedWrite) -> str:
    """The names that could have been meant; where none is near, some of all."""
    wanted = re.match(r"\.?\w*", refused.wanted)
    near = get_close_matches(wanted[0] if wanted else "", refused.known, _SHOWN)
    if near:
        return f"; near: {', '.join(near)}"
    if not refused.known:
        return ""
    names = sorted(refused.known)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; there are {', '.join(names[:_SHOWN])}{more}" if len(names) > 1 else f"; there is {names[0]}"
