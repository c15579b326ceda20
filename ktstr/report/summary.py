"""The line that says what went wrong, and the sections on a scheduler's exit and on the kernel's bugs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ktstr.checks.not_attached import key_line, never_attached, not_attached
from ktstr.checks.violation import Violation
from ktstr.events.exit import SchedulerExit, Task, printed_dump, program_end
from ktstr.events.report import GuestReport
from ktstr.vm.result import Ending, VmResult

__all__ = ["bug_lines", "bug_summary", "exit_section", "unreported", "without_bug", "without_dump"]

_FRAMES = 24
_BUG_LINES = 40


def bug_summary(
    scheduler: str, violations: Sequence[Violation], report: GuestReport, result: VmResult | None = None
) -> str:
    """What went wrong, the gravest first: the guest's end, a kernel that oopsed, the scheduler's exit, the rest. Empty
    if nothing was violated."""
    if not violations:
        return ""
    if result is not None and result.ending is not Ending.DONE:
        return f"{result.ending.value} under {scheduler}: {result.why}"
    bugs, left = report.kernel_bugs, report.scheduler_exit
    if oops := next((bug for bug in bugs if bug.kind in ("panic", "oops")), None):
        return f"the kernel oopsed under {scheduler}: {oops.text}"
    if (attached := never_attached(report)) and violations[0].check == "attached":
        return f"{scheduler} {not_attached(report, attached)}"
    unexpected = [violation for violation in violations if violation.check == "expected_error"]
    if left is not None and not unexpected:
        # The first that left; without a name it is the test's own.
        who = next((one.name for one in report.schedulers if one.exit is not None), "")
        return f"{who or scheduler} {_how(left, report.log)}"
    if violations[0].check == "kernel_clean":
        return f"the kernel reported a bug under {scheduler} ({bugs[0].kind}): {bugs[0].text}"
    return f"{scheduler}: {violations[0].line}"


def _how(left: SchedulerExit, log: Sequence[str]) -> str:
    where = f" on CPU {left.cpu}" if left.cpu is not None else ""
    if left.is_error:
        return f"was ejected by the kernel{where}: {left.line}"
    if left.kind in ("program_exited", "program_killed", "oom_killed"):
        return f"left: {left.line}{_said(log)}"
    return f"left{where}: {left.line}"


def _said(log: Sequence[str]) -> str:
    """The line in which the scheduler's program said what went wrong, if there is one."""
    line = key_line(log)
    return f": {line}" if re.search(r"rror|ailed|panicked at", line) else ""


def unreported(ending: Ending, report: GuestReport) -> str:
    """What the guest did not report because it ended too early, in one line; empty if it reported everything."""
    if ending is Ending.DONE:
        return ""
    missing = [
        *([] if report.workers else ["the workers' statistics"]),
        *(["the scheduler's maps", "sched_ext's debug dump"] if report.state("attached") else []),
    ]
    if ending is Ending.PANIC:
        log = "its log is what its kernel repeated on the console as it panicked"
    else:
        log = "its log is what was on the console, which has errors only"
    return f"the guest ended before it could report {_listed(missing)}; {log}" if missing else log


def exit_section(left: SchedulerExit) -> list[str]:
    """A scheduler's exit, a line a field, and the kernel's backtrace."""
    rows = [("kind", left.kind if left.reason in ("", left.kind) else f"{left.kind}: {left.reason}")]
    rows += [("message", text) for text in left.messages]
    if left.code:
        rows.append(("code", f"{left.code:#x}"))
    if left.task is not None:
        rows.append(("task", f"{_task(left.task)} did not run for {left.task.stalled_s:g} s"))
    if left.trigger is not None or left.cpu is not None:
        who = _task(left.trigger) if left.trigger else "an unknown task"
        rows.append(("triggered", f"in {who}" + (f" on CPU {left.cpu}" if left.cpu is not None else "")))
    if left.status is not None or left.signal is not None:
        rows.append(("program", program_end(left.status, left.signal).removeprefix("its program ")))
    frames = [*left.backtrace[:_FRAMES]]
    if more := left.backtrace[_FRAMES:]:
        frames.append(f"and {len(more)} more")
    rows += [("backtrace" if index == 0 else "", frame) for index, frame in enumerate(frames)]
    return [f"{name:9}  {text}" for name, text in rows]


def bug_lines(report: GuestReport) -> range:
    """The lines of the kernel's log on its first bug; they go on to the log's end if the bug's is not known."""
    log, bugs = report.kernel_log, report.kernel_bugs
    begin = next((at for at, line in enumerate(log) if bugs and line.endswith(bugs[0].text)), None)
    if begin is None:
        return range(0)
    # The marker that a bug begins with; between it and a warning's first line there may be the warning's own text.
    begin = next((at for at in range(begin, max(begin - 3, -1), -1) if "[ cut here ]" in log[at]), begin)
    end = next((at + 1 for at in range(begin, len(log)) if "---[ end " in log[at]), len(log))
    return range(begin, min(end, begin + _BUG_LINES))


def without_bug(report: GuestReport) -> list[str]:
    """The kernel's log without its first bug, which has a section of its own."""
    return _without(report.kernel_log, bug_lines(report), "[the bug: see above]")


def without_dump(log: Sequence[str]) -> list[str]:
    """A scheduler's log without the kernel's dump in it, which has a section of its own."""
    return _without(log, printed_dump(log), "[the debug dump: see below]")


def _without(log: Sequence[str], part: range, note: str) -> list[str]:
    return [*log[: part.start], *([note] if part else []), *log[part.stop :]]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _task(task: Task) -> str:
    return f"{task.comm}[{task.pid}]"
