"""How a run ended, judged: the same for a test's scenario and for a cell of the verifier sweep."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.checks.judge import Violation
from ktstr.events.kernel_log import KernelBug
from ktstr.events.report import GuestReport, read_report
from ktstr.vm.result import Ending, VmResult

__all__ = ["judge_ending", "kernel_bugs", "reported", "undone"]

# What the host did, or the agent could not do: it says nothing of the scheduler.
_UNDONE = (Ending.AGENT_FAILED, Ending.EMULATOR_DIED)


def reported(result: VmResult) -> GuestReport:
    """What the guest of a run reported.

    A guest that panicked or hung did not report its kernel's log: then it is read from the console.
    """
    return read_report(result.events, result.console)


def undone(result: VmResult) -> str | None:
    """Why the run could not be done, in one line; None if it was, and says something of the scheduler."""
    return result.why if result.ending in _UNDONE else None


def judge_ending(result: VmResult) -> Violation | None:
    """The violation of a guest that did not reach the end of its plan: a panic, a hang, the time limit; else None.

    The other checks then say nothing: what they judge was not reported, or not all of it.
    """
    if result.ending is Ending.DONE:
        return None
    return Violation("guest", f"{result.ending.value}: {result.why}")


def kernel_bugs(report: GuestReport, result: VmResult) -> Sequence[KernelBug]:
    """What the kernel reported of itself, in order, without the panic that is the run's ending."""
    if result.ending is not Ending.PANIC:
        return report.kernel_bugs
    return tuple(bug for bug in report.kernel_bugs if bug.kind != "panic")
