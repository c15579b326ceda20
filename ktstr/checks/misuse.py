"""Runs that say nothing about the scheduler, because the test asks for something that it does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from ktstr.checks.not_attached import never_attached, out_of_memory
from ktstr.events.report import GuestReport
from ktstr.scenario.layout import Layout

__all__ = ["Tested", "mistake_of_test"]

# The status with which ktstr's loader ends if its arguments or the object are at fault.
_LOADER_UNUSABLE = 2
# What libbpf says if there is no memory for a map's initial value.
_NO_ROOM = re.compile(r"failed to alloc map '(?P<map>[^']*)' content buffer: -(?:12|ENOMEM)")
_SHOWN = 5


class Tested(Protocol):
    """What has to be known of the scheduler under test: its name, and the BPF file if ktstr loads it."""

    @property
    def name(self) -> str:
        """The declared name."""

    @property
    def bpf(self) -> Path | None:
        """The file that ktstr's own loader loads; None if the scheduler has a program."""

    @property
    def is_sched_ext(self) -> bool:
        """Whether it is a sched_ext scheduler; else the kernel's own."""


def mistake_of_test(
    scheduler: Tested, report: GuestReport, watchdog_ms: int | None = None, layout: Layout | None = None
) -> str | None:
    """The mistake in one line, or None if there is none.

    It is an unknown map, variable, global, program or constant, a value that does not fit it, a guest that is too
    small for the scheduler's program, a watchdog that could not be set, or an operation that the kernel refused for
    another reason than the scheduler.
    """
    if refused := report.refused_write:
        asked = f"BpfMapWrite({refused.map!r}, {refused.variable!r}, {refused.value})"
        return f"{asked}: {refused.why}{_near(refused.wanted, refused.known)}"
    if unread := report.refused_reading:
        return f"{unread.operation}({unread.name!r}): {unread.why}{_near(unread.name, unread.known)}"
    if scheduler.bpf and report.exit == {"status": _LOADER_UNUSABLE}:
        if small := next((found for line in report.log if (found := _NO_ROOM.search(line))), None):
            has_mb = sum(node.memory_mb for node in report.nodes)
            return (
                f"scheduler {scheduler.name}: the guest's {has_mb:.0f} MiB are too little for its map '{small['map']}';"
                f" memory_mb= gives it more"
            )
        reported = next((line for line in reversed(report.log) if line.startswith("loader: ")), "loader: ")
        return f"scheduler {scheduler.name}: {reported.removeprefix('loader: ')}"
    left = report.scheduler_exit
    if left and left.kind == "oom_killed" and never_attached(report):
        return f"scheduler {scheduler.name}: {out_of_memory(report)}"
    attached = report.state("attached")
    if watchdog_ms is not None and report.watchdog_ms is None and attached and attached.state == "enabled":
        return f"watchdog_timeout_s: could not be set: scheduler {scheduler.name} attached in a way that is not known"
    return _refused_operation(scheduler, report, layout) if layout else None


def _refused_operation(scheduler: Tested, report: GuestReport, layout: Layout) -> str | None:
    for phase, some in (("", report.backdrop), *((one.name, one.operations) for one in report.phases)):
        for one in some:
            blamed = scheduler.is_sched_ext and one.errno in layout.refusals.get(one.name, {})
            if one.errno and not blamed and one.errno not in layout.tolerated.get(one.name, ()):
                return f"step {phase}: {one.line}" if phase else one.line
    return None


def _near(asked: str, known: Sequence[str]) -> str:
    """The names that could have been meant; if none is near, some of those that there are."""
    wanted = re.match(r"\.?\w*", asked)
    near = get_close_matches(wanted[0] if wanted else "", known, _SHOWN)
    if near:
        return f"; near: {', '.join(near)}"
    if not known:
        return ""
    names = sorted(known)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; there are {', '.join(names[:_SHOWN])}{more}" if len(names) > 1 else f"; there is {names[0]}"
