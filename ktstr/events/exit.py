"""How a scheduler ended, as the kernel, the scheduler itself and the end of its program report it.

The kernel's wording is that of scx_exit_reason() and scx_log_sched_disable() (kernel/sched/ext.c since 6.12,
kernel/sched/ext/ext.c in 7.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from signal import Signals
from typing import Any, Literal, get_args

from ktstr.events.event import Event
from ktstr.events.run_queues import read_run_queues
from ktstr.events.waiting import longest_wait

__all__ = ["ExitKind", "SchedulerExit", "Task", "printed_dump", "program_end", "read_exit"]

ExitKind = Literal[
    "scx_bpf_error",  # the scheduler called scx_bpf_error()
    "error",  # the kernel caught it in a runtime error
    "stall",  # a task, or the watchdog itself, did not run within the watchdog's timeout
    "reenqueue_limit",
    "rescue_overload",
    "sysrq",  # by SysRq-S
    "unregistered",  # by its program
    "unregistered_by_bpf",  # by its BPF program, with scx_bpf_exit()
    "unregistered_by_kernel",  # because of CPU hotplug, for example
    "parent_exited",
    "parent_killed_it",
    "other",  # in words that this module does not know
    "program_exited",
    "program_killed",  # by a signal
    "oom_killed",
]
"""What ended a scheduler. The first five are errors, for which the kernel ejects it."""
_ERRORS: tuple[ExitKind, ...] = get_args(ExitKind)[:5]
_KINDS: dict[str, ExitKind] = {
    "scx_bpf_error": "scx_bpf_error",
    "runtime error": "error",
    "runnable task stall": "stall",
    "reenqueue limit": "reenqueue_limit",
    "rescue bandwidth overload": "rescue_overload",
    "disabled by sysrq-S": "sysrq",
    "unregistered from user space": "unregistered",
    "unregistered from BPF": "unregistered_by_bpf",
    "unregistered from the main kernel": "unregistered_by_kernel",
    "parent exiting": "parent_exited",
    "killed by parent scheduler": "parent_killed_it",
}

_ENABLED = re.compile(r'sched_ext: BPF scheduler "(?P<name>[^"]*)" enabled')
_DISABLED = re.compile(r'sched_ext: BPF scheduler "(?P<name>[^"]*)" disabled \((?P<reason>.*)\)')
_FRAME = re.compile(r"\s*\S+\+0x[0-9a-f]+/0x[0-9a-f]+")
_KMSG_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
# How ktstr's loader reports an exit, and how the kernel tree's and scx's helpers do.
_LOADER = re.compile(
    r'exit kind=(?P<kind>\d{1,19}) code=(?P<code>-?\d{1,19}) reason="(?P<reason>(?:[^"\\]|\\.)*)"'
    r' message="(?P<message>(?:[^"\\]|\\.)*)"'
)
_PRINTED = re.compile(r"\bEXIT: (?P<reason>[^()]*?)(?: \((?P<message>.*)\))?(?: on CPU (?P<cpu>\d{1,19}))?$")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
_STALLED = re.compile(
    r"(?P<comm>.*)\[(?P<pid>\d{1,19})\] failed to run for (?P<s>\d{1,19}\.\d{1,19})s", re.DOTALL
)
_TRIGGERED = re.compile(
    r"(?P<comm>.*)\[(?P<pid>\d{1,19})\] triggered exit kind \d+(?: on CPU (?P<cpu>\d{1,19}))?:"
)
_OOM = re.compile(r"[Oo]ut of memory: Killed process (?P<pid>\d{1,19}) ")
# handle_hotplug() of the kernel's sched_ext.
_HOTPLUG = re.compile(r"cpu \d+ going (?:online|offline), exiting scheduler")
_DUMP_RULE = re.compile(r"={40,}")


@dataclass(frozen=True)
class Task:
    """A task that the kernel named in its account of an exit."""

    comm: str
    """Its name."""
    pid: int
    """Its pid."""
    stalled_s: float | None = None
    """For how many guest seconds it did not run, if it stalled."""


@dataclass(frozen=True)
class SchedulerExit:
    """How and why a scheduler ended before it was asked to."""

    kind: ExitKind
    """What happened."""
    reason: str = ""
    """The kernel's name for it; empty if the kernel had no part in it."""
    message: str = ""
    """The text that came with it, such as that of scx_bpf_error()."""
    code: int | None = None
    """The exit code that the scheduler gave to scx_bpf_exit()."""
    cpu: int | None = None
    """The CPU on which the exit was triggered, if the kernel reports it."""
    task: Task | None = None
    """The task that stalled."""
    trigger: Task | None = None
    """The task that ran where the exit was triggered."""
    status: int | None = None
    """The exit status of the scheduler's program, if it exited."""
    signal: int | None = None
    """The signal that ended the scheduler's program, if one did."""
    backtrace: tuple[str, ...] = ()
    """The kernel's backtrace of the exit, innermost frame first."""
    dump: tuple[str, ...] = ()
    """The lines of the kernel's debug dump."""
    also: tuple[str, ...] = ()
    """The message as other sources have it: a source may truncate it."""

    @property
    def is_error(self) -> bool:
        """Whether the kernel ejected the scheduler for an error."""
        return self.kind in _ERRORS

    @property
    def line(self) -> str:
        """What happened, on one line."""
        if self.kind == "oom_killed":
            return "its program was killed because the guest ran out of memory"
        if self.kind in ("program_killed", "program_exited"):
            return program_end(self.status, self.signal)
        code = f" (code {self.code:#x})" if self.code else ""
        if _HOTPLUG.fullmatch(self.message):
            return (
                f"{self.reason}{code}: {self.message}: it has neither ops.cpu_online nor ops.cpu_offline, so the"
                f" kernel ended it and asked its program to attach again (SCX_ECODE_ACT_RESTART)"
            )
        # The watchdog is a task as well: if it stalled itself, the kernel names none.
        is_unnamed = self.kind == "stall" and self.task is None
        longest = longest_wait(read_run_queues(self.dump)) if is_unnamed else ""
        line = f"{self.reason}{code}: {self.message}" if self.message else f"{self.reason}{code}"
        return f"{line}; {longest}" if longest else line

    @property
    def messages(self) -> tuple[str, ...]:
        """The different versions of the message, one for each source that has its own."""
        return tuple(dict.fromkeys(text for text in (self.message, *self.also) if text))


@dataclass(frozen=True)
class _Account:
    """An exit as one source reports it."""

    reason: str
    message: str = ""
    code: int | None = None
    cpu: int | None = None
    backtrace: tuple[str, ...] = ()
    is_error: bool = False


def read_exit(events: Sequence[Event]) -> SchedulerExit | None:
    """How the scheduler of a guest's `events` ended; None if it ended only when it was asked to.

    If there are several exits, the first one after the scheduler attached counts, or the last one if it never attached.
    """
    log = [event["text"] for event in events if event.get("ev") == "sched_log"]
    states = {event["when"]: event for event in events if event.get("ev") == "sched_state"}
    attached, held = states.get("attached", {}), states.get("held", {})
    stays = held.get("state") == "enabled" and held.get("enable_seq") == attached.get("enable_seq")
    kernel = _of_kernel(
        [event for event in events if event.get("ev") == "kmsg"], attached.get("state") == "enabled"
    )
    if stays and not (kernel and kernel.is_error):
        return None if held.get("running") else _of_program(events, None)
    own = _of_log(log)
    account = own if own and (not kernel or own.reason == kernel.reason) else kernel
    if account is None or _KINDS.get(account.reason) == "unregistered":
        return _of_program(events, account)
    dump = _dump(events, log)
    trigger, cpu = _trigger(dump)
    return SchedulerExit(
        kind=_KINDS.get(account.reason, "error" if kernel and kernel.is_error else "other"),
        reason=account.reason,
        message=account.message,
        code=account.code or None,
        cpu=cpu if account.cpu is None else account.cpu,
        task=_stalled_task(account.message),
        trigger=trigger,
        backtrace=kernel.backtrace if kernel else (),
        dump=dump,
        also=tuple(one.message for one in (own, kernel) if one and one.message not in ("", account.message)),
        **_program_end(events),
    )


def _trigger(dump: Sequence[str]) -> tuple[Task | None, int | None]:
    """The task that ran where the exit was triggered, and its CPU, as the debug dump reports them."""
    match = next((match for line in dump if (match := _TRIGGERED.fullmatch(line))), None)
    if match is None:
        return None, None
    return Task(match["comm"], int(match["pid"])), int(match["cpu"]) if match["cpu"] else None


def _stalled_task(message: str) -> Task | None:
    match = _STALLED.fullmatch(message)
    return Task(match["comm"], int(match["pid"]), float(match["s"])) if match else None


def _of_kernel(messages: Sequence[Event], attached: bool) -> _Account | None:
    """The exit in the kernel's log."""
    account: _Account | None = None
    enabled = False
    for index, event in enumerate(messages):
        enabled = enabled or bool(_ENABLED.match(event["text"]))
        match = _DISABLED.match(event["text"])
        if match is None:
            continue
        message, backtrace = _details(messages[index + 1 :], f"sched_ext: {match['name']}: ")
        # The kernel logs errors at KERN_ERR (3), and all other exits at KERN_INFO.
        account = _Account(match["reason"], message, backtrace=backtrace, is_error=event["level"] <= 3)
        if enabled and attached:
            break
    return account


def _details(followers: Sequence[Event], prefix: str) -> tuple[str, tuple[str, ...]]:
    """The message, which begins with `prefix`, and the backtrace, in the kernel messages that follow an exit."""
    message = ""
    frames: list[str] = []
    for follower in followers:
        if not message and not frames and follower["text"].startswith(prefix):
            message = _unescaped(follower["text"].removeprefix(prefix))
        elif _FRAME.match(follower["text"]):
            frames.append(follower["text"].strip())
        else:
            break
    return message, tuple(frames)


def _of_log(log: Sequence[str]) -> _Account | None:
    """The exit as the scheduler's program printed it."""
    for line in log:
        if match := _LOADER.match(line):
            return _Account(_plain(match["reason"]), _plain(match["message"]), int(match["code"]))
        if match := _PRINTED.search(line.rstrip()):
            cpu = match["cpu"]
            return _Account(match["reason"], match["message"] or "", cpu=None if cpu is None else int(cpu))
    return None


def _of_program(events: Sequence[Event], account: _Account | None) -> SchedulerExit | None:
    """The exit of a scheduler whose program ended, which unregisters it; None if it did not end."""
    end = _program_end(events)
    reason = account.reason if account else ""
    if end["signal"] is not None:
        pids = {event["pid"] for event in events if event.get("ev") == "sched_start"}
        killed = [_OOM.search(event["text"]) for event in events if event.get("ev") == "kmsg"]
        oom = any(match and int(match["pid"]) in pids for match in killed)
        return SchedulerExit("oom_killed" if oom else "program_killed", reason, **end)
    if end["status"] is not None:
        return SchedulerExit("program_exited", reason, **end)
    return SchedulerExit("unregistered", reason) if account else None


def program_end(status: int | None = None, signal: int | None = None) -> str:
    """How a scheduler's program ended, in words: with an exit status, or by a signal."""
    if signal is None:
        return f"its program ended with status {status}"
    try:
        return f"its program was killed by signal {signal} ({Signals(signal).name})"
    except ValueError:  # a real-time signal
        return f"its program was killed by signal {signal}"


def _program_end(events: Sequence[Event]) -> dict[str, Any]:
    # A program that ktstr had told to end did not end by itself.
    ends = (event for event in events if event.get("ev") == "sched_exit" and not event.get("told"))
    left: Event = next(ends, {})
    return {"status": left.get("status"), "signal": left.get("signal")}


def printed_dump(log: Sequence[str]) -> range:
    """Which lines of a log are the debug dump, as the kernel tree's and scx's schedulers print it.

    That is a title, and the dump between two rules. The range is empty if there is none.
    """
    begin = next((index for index, line in enumerate(log) if line.strip() == "DEBUG DUMP"), len(log))
    rules = [index for index in range(begin, len(log)) if _DUMP_RULE.fullmatch(log[index].strip())]
    return range(begin, rules[1] + 1) if len(rules) > 1 else range(0)


def _dump(events: Sequence[Event], log: Sequence[str]) -> tuple[str, ...]:
    """The debug dump: the tracepoint's, which is complete, or else what the scheduler's program printed."""
    traced = tuple(event["text"] for event in events if event.get("ev") == "sched_dump")
    lines = [log[index] for index in printed_dump(log)][1:]
    text = "\n".join(line for line in lines if not _DUMP_RULE.fullmatch(line.strip()))
    return traced or tuple(text.strip("\n").splitlines())


def _unescaped(text: str) -> str:
    """A record of /dev/kmsg as it was logged: there, control characters, backslashes and non-ASCII bytes are \\xNN."""
    data = _KMSG_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return data.encode("latin-1", "replace").decode(errors="replace")


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
