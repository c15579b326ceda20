"""Why a scheduler does not schedule at the end of a run."""

from __future__ import annotations

from dataclasses import replace

from ktstr.checks.not_attached import how_it_ended, key_line, not_attached
from ktstr.events.report import GuestReport
from ktstr.events.state import SchedulerState

__all__ = ["scheduler_out"]

# A scheduler that attached so long before the hold may have gone wrong before it, too.
_NOTABLE_NS = 100_000_000


def scheduler_out(report: GuestReport) -> str | None:
    """Why the scheduler does not schedule at the end, in one line, or None if it does.

    If there are several, one after the other, each is judged until the scenario asks it to leave.
    """
    several = report.schedulers
    if len(several) < 2 and not (several and several[0].asked):
        return _out(report)
    for number, one in enumerate(several, 1):
        if out := _out(
            replace(
                report,
                states=one.states,
                exit=one.program_end,
                log=one.log,
                scheduler_exit=one.exit,
                told_to_end=one.told_to_end,
            )
        ):
            name = one.name or one.ops or "the test's own"
            return f"scheduler {number} of {len(several)} ({name}): {out}"
    return None


def _out(report: GuestReport) -> str | None:
    attached = _last(report, "attached")
    held = _last(report, "leaving") or report.state("held")
    how = how_it_ended(report)
    if attached is None:
        return "the scheduler was never started"
    if attached.state != "enabled":
        return f"the scheduler {not_attached(report, attached)}"
    if held is None:
        return "the guest ended before the scenario did"
    if held.state != "enabled":
        after = _after(report, attached)
        left = report.scheduler_exit
        why = left.line if left and left.reason and left.line != how else key_line(report.log)
        return f"the scheduler attached and then left {after} ({how}): {why}"
    if held.enable_seq != attached.enable_seq:
        return (
            f"the scheduler was replaced while it ran: enable_seq {attached.enable_seq} at the start,"
            f" {held.enable_seq} at the end"
        )
    if not held.running:
        return f"the scheduler's program ended while its BPF stayed attached ({how})"
    if report.scheduler_exit is not None:
        return f"the scheduler was ejected as the scenario ended: {report.scheduler_exit.line}"
    return None


def _last(report: GuestReport, when: str) -> SchedulerState | None:
    """The last state at `when`: a program that attaches again after a CPU went offline does so several times."""
    return next((state for state in reversed(report.states) if state.when == when), None)


def _after(report: GuestReport, attached: SchedulerState) -> str:
    """When it left, counted from the begin of the hold; from its attachment as well, if that was well before."""
    last = report.phases[-1] if report.phases else None
    held_ns, asked_ns = (last.held_ns, last.asked_ns) if last else (report.held_ns, report.asked_ns)
    after = f"after {held_ns / 1e9:.2f} of {asked_ns / 1e9:.2f} guest seconds"
    lived_ns = last.began_ns + held_ns - attached.at_ns if last and attached.at_ns else held_ns
    return after if lived_ns - held_ns < _NOTABLE_NS else f"{after} of the hold, {lived_ns / 1e9:.2f} in all"
