"""The check `expected_error`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.scheduler_out import scheduler_out

__all__ = ["expected_error"]


@declare_check(stage=Stage.SCHEDULER, always=True, rank=0)
def expected_error(run: Evidence, _always: bool) -> Iterator[str]:
    """The scheduler was ejected with the error that a crash test expects, after the writes that bring it about."""
    if run.expected is None:
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
