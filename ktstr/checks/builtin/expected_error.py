"""The check `expected_error`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.not_attached import never_attached, not_attached
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.scheduler_out import scheduler_out
from ktstr.events.report import GuestReport

__all__ = ["expected_error"]


@declare_check(stage=Stage.SCHEDULER, always=True, rank=0)
def expected_error(run: Evidence, _always: bool) -> Iterator[str]:
    """The scheduler failed with the error that the test expects: it was ejected, or was not loaded."""
    if run.expected is None:
        return
    if run.expected.load is not None:
        yield from _load_error(run.report, run.expected.load)
        return
    report, named = run.report, run.expected.named
    left = report.scheduler_exit
    if left is None or not left.is_error:
        what = (
            scheduler_out(report)
            or f"the scheduler still schedules after {report.held_ns / 1e9:.2f} guest seconds"
        )
        yield f"expected error did not fire: {what} (expected: {named})"
    elif not run.expected.fits(left):
        yield f"another error fired than expected: expected {named}, got {left.line}"
    else:
        asked = sorted((w for w in run.writes if not w.is_rodata), key=lambda write: write.at_s or 0)
        if missing := asked[len(report.writes) :]:
            yield (
                f"the error fired before {missing[0].target} was written, so that is not what made it: {left.line}"
            )


def _load_error(report: GuestReport, pattern: str) -> Iterator[str]:
    attached = never_attached(report)
    if attached is None:
        yield f"expected load error did not come: the scheduler attached (expected: {pattern!r})"
        return
    why = not_attached(report, attached)
    if not re.search(pattern, "\n".join([why, *report.log]), re.MULTILINE):
        yield f"another load error than expected: expected {pattern!r}, the scheduler {why}"
