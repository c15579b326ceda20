"""Why a scheduler never attached."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ktstr.events.exit import program_end
from ktstr.events.load_failure import read_load_failure
from ktstr.events.report import GuestReport
from ktstr.events.state import SchedulerState
from ktstr.scenario.plan import ATTACH_S

__all__ = ["how_it_ended", "key_line", "never_attached", "not_attached", "out_of_memory"]

_ENABLED = re.compile(r'sched_ext: BPF scheduler "[^"]*" enabled$')
_KILLED = re.compile(r"[Oo]ut of memory: Killed process \d+ \(.*?\) total-vm:(?P<kb>\d+)kB")
_MEMORY_STEP_MB = 64
# Lines that say only that something failed, and not what.
_EMPTY_WORDS = re.compile(
    r"^loader: the scheduler exited by itself$|^attached \S+$|^exit reason=\"not recorded"
    r"|^libbpf: failed to load object"
)


def never_attached(report: GuestReport) -> SchedulerState | None:
    """The state in which the only scheduler of a run was last seen, if it never attached; None if it did, or if there
    were several."""
    states = [state for state in report.states if state.when == "attached"]
    if len(report.schedulers) > 1 or not states or any(state.state == "enabled" for state in states):
        return None
    return states[-1]


def not_attached(report: GuestReport, attached: SchedulerState) -> str:
    """The cause, as a predicate of the scheduler, in one line. `attached` is the state in which it was last seen."""
    left = report.scheduler_exit
    if left is not None and left.kind == "oom_killed":
        return f"could not be loaded: {out_of_memory(report)}"
    if left is not None and (left.is_error or left.kind in ("unregistered_by_bpf", "other")):
        enabled = any(_ENABLED.search(line) for line in report.kernel_log)
        when = "as soon as it had attached" if enabled else "while it was being enabled"
        who = "was ejected by the kernel" if left.is_error else "left"
        return f"{who} {when}: {left.line}"
    if failure := read_load_failure(report.log, report.release):
        return failure.what
    if not attached.running:
        return f"exited before it attached ({how_it_ended(report)}): {key_line(report.log)}"
    waited = f"did not attach within {_waited_s(report, attached):.3g} guest seconds"
    said = [line for line in report.log if line.strip()]
    last = f"; its program still runs and last said: {said[-1].strip()}" if said else ""
    more = "; attach_timeout_s= of its declaration gives it more" if attached.running else ""
    return f"{waited} (sched_ext state: {attached.state}){last}{more}"


def out_of_memory(report: GuestReport) -> str:
    """That the guest's memory was too little for the scheduler's program, and how much may be enough."""
    has_mb = sum(node.memory_mb for node in report.nodes)
    killed = next((found for line in report.kernel_log if (found := _KILLED.search(line))), None)
    if killed is None or not has_mb:
        return "its program was killed because the guest ran out of memory; memory_mb= gives it more"
    asked_mb = int(killed["kb"]) / 1024
    # What its maps take, and once more for their initial values, which the program keeps until it has loaded them.
    enough_mb = math.ceil((has_mb + 2 * asked_mb) / _MEMORY_STEP_MB) * _MEMORY_STEP_MB
    return (
        f"its program was killed because the guest ran out of memory: it had asked for {asked_mb:.0f} MiB, the guest"
        f" has {has_mb:.0f}; memory_mb={enough_mb} may be enough"
    )


def _waited_s(report: GuestReport, attached: SchedulerState) -> float:
    started = [one.started_ns for one in report.schedulers if one.started_ns <= attached.at_ns]
    return (attached.at_ns - started[-1]) / 1e9 if started else ATTACH_S


def how_it_ended(report: GuestReport) -> str:
    """How the scheduler's program ended, in words."""
    if report.exit is None or report.told_to_end:
        return "its program still ran"
    left = report.scheduler_exit
    if left and left.kind == "oom_killed":
        return left.line
    return program_end(**report.exit)


def key_line(log: Sequence[str]) -> str:
    """The line of a scheduler's log that explains most: the first with an error in it, else its last."""
    lines = [line.strip() for line in log if line.strip()]
    telling = [line for line in lines if not _EMPTY_WORDS.search(line)] or lines
    for word in ("refused by the verifier", "BPF program load failed", "rror", "ailed", "panicked at"):
        for line in telling:
            if word in line:
                return line
    return telling[-1] if telling else "it printed nothing"
