"""How a scheduler ended: put together from what the kernel, the scheduler and its program's end tell.

The kernel's words are those of scx_exit_reason() and scx_log_sched_disable() (kernel/sched/ext.c, from 6.12 on, and
kernel/sched/ext/ext.c of 7.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from signal import Signals
from typing import Any, Literal, get_args

__all__ = ["ExitKind", "SchedulerExit", "Task", "printed_dump", "program_end", "read_exit"]

Event = dict[str, Any]

ExitKind = Literal[
    "scx_bpf_error",  # the scheduler called scx_bpf_error()
    "error",  # the kernel found it doing what it must not
    "stall",  # a task did not run in the watchdog's time, or the watchdog did not
    "reenqueue_limit",
    "rescue_overload",
    "sysrq",  # by SysRq-S
    "unregistered",  # by its program
    "unregistered_by_bpf",  # it called scx_bpf_exit()
    "unregistered_by_kernel",  # such as for CPU hotplug
    "parent_exited",
    "parent_killed_it",
    "other",  # in words that are not known here
    "program_exited",
    "program_killed",  # by a signal
    "oom_killed",
]
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
# Of ktstr's loader, and of the kernel tree's and scx's own ways to report an exit.
_LOADER = re.compile(
    r'exit kind=(?P<kind>\d+) code=(?P<code>-?\d+) reason="(?P<reason>(?:[^"\\]|\\.)*)"'
    r' message="(?P<message>(?:[^"\\]|\\.)*)"'
)
_PRINTED = re.compile(r"\bEXIT: (?P<reason>[^()]*?)(?: \((?P<message>.*)\))?(?: on CPU (?P<cpu>\d+))?\s*$")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
_STALLED = re.compile(r"(?P<comm>.*)\[(?P<pid>\d+)\] failed to run for (?P<s>\d+\.\d+)s", re.DOTALL)
_TRIGGERED = re.compile(r"(?P<comm>.*)\[(?P<pid>\d+)\] triggered exit kind \d+(?: on CPU (?P<cpu>\d+))?:")
_OOM = re.compile(r"[Oo]ut of memory: Killed process (?P<pid>\d+) ")
_DUMP_RULE = re.compile(r"={40,}")


@dataclass(frozen=True)
class Task:
    """A task by its name and number, and for one that stalled the seconds for which it did not run."""

    comm: str
    pid: int
    stalled_s: float | None = None


@dataclass(frozen=True)
class SchedulerExit:
    """How and why a scheduler ended before it was asked to.

    `kind` is what happened; `reason` the kernel's word for it (empty where the kernel had no part in it) and `message`
    the text that came with it. `code` is the exit code of scx_bpf_exit(). `task` is the one that stalled, `trigger` the
    one on whose CPU the exit was triggered, `cpu` that CPU: where the kernel tells. `status` and `signal` are its
    program's end. `backtrace` and `dump` are the kernel's, a line each.
    """

    kind: ExitKind
    reason: str = ""
    message: str = ""
    code: int | None = None
    cpu: int | None = None
    task: Task | None = None
    trigger: Task | None = None
    status: int | None = None
    signal: int | None = None
    backtrace: tuple[str, ...] = ()
    dump: tuple[str, ...] = ()
    # What else was told as its message: a source may cut it.
    also: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether the kernel ejected it."""
        return self.kind in _ERRORS

    @property
    def line(self) -> str:
        """What happened, in one line."""
        if self.kind == "oom_killed":
            return "its program was killed, for the guest ran out of memory"
        if self.kind in ("program_killed", "program_exited"):
            return program_end(self.status, self.signal)
        code = f" (code {self.code:#x})" if self.code else ""
        return f"{self.reason}{code}: {self.message}" if self.message else f"{self.reason}{code}"

    @property
    def messages(self) -> tuple[str, ...]:
        """The message as each source has it."""
        return tuple(dict.fromkeys(text for text in (self.message, *self.also) if text))


@dataclass(frozen=True)
class _Told:
    """An exit as one source tells it."""

    reason: str
    message: str = ""
    code: int | None = None
    cpu: int | None = None
    backtrace: tuple[str, ...] = ()
    is_error: bool = False


def read_exit(events: Sequence[Event]) -> SchedulerExit | None:
    """How the scheduler of a guest's `events` ended; None where it did not, but for being asked to.

    Of several exits the one that counts is the first after it attached, or the last where it never did.
    """
    log = [event["text"] for event in events if event.get("ev") == "sched_log"]
    states = {event["when"]: event for event in events if event.get("ev") == "sched_state"}
    attached, held = states.get("attached", {}), states.get("held", {})
    stays = held.get("state") == "enabled" and held.get("enable_seq") == attached.get("enable_seq")
    kernel = _of_kernel(
        [event for event in events if event.get("ev") == "kmsg"], attached.get("state") == "enabled"
    )
    own = _of_log(log)
    if stays and not (kernel and kernel.is_error):
        return None if held.get("running") else _of_program(events, None)
    told = own if own and (not kernel or own.reason == kernel.reason) else kernel
    if told is None or _KINDS.get(told.reason) == "unregistered":
        return _of_program(events, told)
    also = tuple(one.message for one in (own, kernel) if one and one.message not in ("", told.message))
    dump = _dump(events, log)
    triggered = next((match for line in dump if (match := _TRIGGERED.fullmatch(line))), None)
    stalled = _STALLED.fullmatch(told.message)
    cpu = told.cpu
    if cpu is None and triggered and triggered["cpu"]:
        cpu = int(triggered["cpu"])
    return SchedulerExit(
        kind=_KINDS.get(told.reason, "error" if kernel and kernel.is_error else "other"),
        reason=told.reason,
        message=told.message,
        code=told.code or None,
        cpu=cpu,
        task=Task(stalled["comm"], int(stalled["pid"]), float(stalled["s"])) if stalled else None,
        trigger=Task(triggered["comm"], int(triggered["pid"])) if triggered else None,
        backtrace=kernel.backtrace if kernel else (),
        dump=dump,
        also=also,
        **_program_end(events),
    )


def _of_kernel(messages: Sequence[Event], attached: bool) -> _Told | None:
    """The exit in the kernel's log."""
    told: _Told | None = None
    enabled = False
    for index, event in enumerate(messages):
        enabled = enabled or bool(_ENABLED.match(event["text"]))
        match = _DISABLED.match(event["text"])
        if match is None:
            continue
        message = ""
        frames: list[str] = []
        prefix = f"sched_ext: {match['name']}: "
        for follower in messages[index + 1 :]:
            if not message and not frames and follower["text"].startswith(prefix):
                message = _unescaped(follower["text"].removeprefix(prefix))
            elif _FRAME.match(follower["text"]):
                frames.append(follower["text"].strip())
            else:
                break
        # Errors are logged as such (KERN_ERR, 3), all else for information.
        told = _Told(match["reason"], message, backtrace=tuple(frames), is_error=event["level"] <= 3)
        if enabled and attached:
            break
    return told


def _of_log(log: Sequence[str]) -> _Told | None:
    """The exit as the scheduler's program prints it."""
    for line in log:
        if match := _LOADER.match(line):
            return _Told(_plain(match["reason"]), _plain(match["message"]), int(match["code"]))
        if match := _PRINTED.search(line):
            cpu = match["cpu"]
            return _Told(match["reason"], match["message"] or "", cpu=None if cpu is None else int(cpu))
    return None


def _of_program(events: Sequence[Event], told: _Told | None) -> SchedulerExit | None:
    """The exit of a scheduler whose program ended, which unregisters it; None where it did not end."""
    end = _program_end(events)
    reason = told.reason if told else ""
    if end["signal"] is not None:
        pids = {event["pid"] for event in events if event.get("ev") == "sched_start"}
        killed = [_OOM.search(event["text"]) for event in events if event.get("ev") == "kmsg"]
        oom = any(match and int(match["pid"]) in pids for match in killed)
        return SchedulerExit("oom_killed" if oom else "program_killed", reason, **end)
    if end["status"] is not None:
        return SchedulerExit("program_exited", reason, **end)
    return SchedulerExit("unregistered", reason) if told else None


def program_end(status: int | None = None, signal: int | None = None) -> str:
    """How a program ended, in words."""
    if signal is None:
        return f"its program ended with status {status}"
    try:
        return f"its program was killed by signal {signal} ({Signals(signal).name})"
    except ValueError:  # a real-time signal
        return f"its program was killed by signal {signal}"


def _program_end(events: Sequence[Event]) -> dict[str, Any]:
    left: Event = next((event for event in events if event.get("ev") == "sched_exit"), {})
    return {"status": left.get("status"), "signal": left.get("signal")}


def printed_dump(log: Sequence[str]) -> range:
    """The lines of a log that are the debug dump, as the kernel tree's and scx's schedulers print it: a title, and the
    dump between two rules. Empty where there is none."""
    begin = next((index for index, line in enumerate(log) if line.strip() == "DEBUG DUMP"), len(log))
    rules = [index for index in range(begin, len(log)) if _DUMP_RULE.fullmatch(log[index].strip())]
    return range(begin, rules[1] + 1) if len(rules) > 1 else range(0)


def _dump(events: Sequence[Event], log: Sequence[str]) -> tuple[str, ...]:
    """The debug dump: the tracepoint's, which is whole, else what was printed."""
    traced = tuple(event["text"] for event in events if event.get("ev") == "sched_dump")
    lines = [log[index] for index in printed_dump(log)][1:]
    text = "\n".join(line for line in lines if not _DUMP_RULE.fullmatch(line.strip()))
    return traced or tuple(text.strip("\n").splitlines())


def _unescaped(text: str) -> str:
    """A record of /dev/kmsg as it was logged: control characters, backslashes and other bytes come as \\xNN."""
    data = _KMSG_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return data.encode("latin-1", "replace").decode(errors="replace")


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
