"""How a run ended: judged alike for a test's scenario and for a cell of the verifier sweep."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.registry import Stage, declared_checks
from ktstr.checks.thresholds import Checks
from ktstr.checks.violation import Violation
from ktstr.events.kernel_log import KernelBug
from ktstr.vm.result import EMULATOR_DIED, Ending, VmResult

__all__ = ["judge_ending", "kernel_bugs", "undone"]

# The host's doing, or something that the agent could not do: it says nothing of the scheduler.
_UNDONE = (Ending.AGENT_FAILED, EMULATOR_DIED)


def undone(result: VmResult) -> str | None:
    """Why the run could not be done, in one line; None if it was, and so says something of the scheduler."""
    if result.ending in _UNDONE:
        return result.why
    # CPUs that the plan took offline are online again by then: of others the check `cpus_kept` blames a program.
    blamed = {"cpus"} if result.of("sched_start") else set()
    left = [
        f"{event['kind']} {event['what']}" for event in result.of("leftover") if event["kind"] not in blamed
    ]
    return f"the agent left behind at the end of the plan: {', '.join(left)}" if left else None


def judge_ending(run: Evidence) -> list[Violation]:
    """The violations of a guest that did not carry out its plan to the end: by a panic, a hang, or the time limit.

    It is the first stage of `judge`. If there are any, the other checks say nothing: what they judge was not reported.
    """
    return judge(run, Checks(), [check for check in declared_checks() if check.stage is Stage.GUEST])


def kernel_bugs(run: Evidence) -> Sequence[KernelBug]:
    """What the kernel reported of itself, in order, without the panic by which the guest ended."""
    bugs = run.report.kernel_bugs
    return bugs if run.ended is None else tuple(bug for bug in bugs if bug.kind != "panic")
