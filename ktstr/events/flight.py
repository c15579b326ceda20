"""The flight recorder's events: the last scheduling decisions of each CPU before a sched_ext scheduler's exit."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FAILED", "FlightEvent", "parse_flight"]

FAILED = "failed"
"""The kind of the event at which the kernel began to write a failing scheduler's dump."""

# A line of tracefs' `trace` (kernel/trace/trace_output.c): task and its pid, CPU, flags, seconds, event, its text.
_LINE = re.compile(
    r"\s*(?P<task>.+)-(?P<pid>\d{1,19}) +\[(?P<cpu>\d{1,19})\] \S+ +(?P<s>\d{1,19})\.(?P<us>\d{6}):"
    r" (?P<event>\w+): (?P<text>.*)"
)
# The formats of these events: include/trace/events/sched.h and sched_ext.h.
_SWITCH = re.compile(
    r"prev_comm=(?P<prev>.*) prev_pid=(?P<prev_pid>\d{1,19}) prev_prio=\d{1,19} prev_state=(?P<state>\S+) ==>"
    r" next_comm=(?P<next>.*) next_pid=(?P<next_pid>\d{1,19}) next_prio=\d{1,19}"
)
_TASK = re.compile(r"comm=(?P<comm>.*) pid=(?P<pid>\d{1,19}) prio=\d{1,19} (?P<rest>.*)")
_CPUS = re.compile(r"\w+=(\d{1,19})")
_COUNTER = re.compile(r"name (?P<name>\w+) delta (?P<delta>-?\d{1,19})")
_KINDS = {
    "sched_switch": "switch",
    "sched_wakeup": "wakeup",
    "sched_wakeup_new": "new",
    "sched_migrate_task": "migrate",
    "sched_ext_event": "count",
    "sched_ext_dump": FAILED,
}


@dataclass(frozen=True)
class FlightEvent:
    """One event of the kernel's tracer."""

    cpu: int
    """The CPU on which it happened."""
    at_ns: int
    """When it happened: the guest's CLOCK_MONOTONIC in ns, to the microsecond."""
    kind: str
    """`switch`, `wakeup`, `new`, `migrate`, `count` (of a sched_ext counter) or FAILED; any other event of the kernel's
    has its own name."""
    task: str
    """The name of the task that had the CPU."""
    pid: int
    """The pid of that task; 0 is the idle task."""
    what: str
    """What happened, in words."""


def parse_flight(line: str) -> FlightEvent | None:
    """The event in a line of tracefs' `trace`, or None if the line is not an event."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    kind = _KINDS.get(match["event"], match["event"])
    return FlightEvent(
        cpu=int(match["cpu"]),
        at_ns=int(match["s"]) * 1_000_000_000 + int(match["us"]) * 1000,
        kind=kind,
        task=match["task"],
        pid=int(match["pid"]),
        what=_what(kind, match["text"].strip()),
    )


def _what(kind: str, text: str) -> str:
    if kind == "switch" and (switch := _SWITCH.fullmatch(text)):
        before, after = _task(switch["prev"], switch["prev_pid"]), _task(switch["next"], switch["next_pid"])
        return f"{before} ({switch['state']}) -> {after}"
    if kind in ("wakeup", "new", "migrate") and (task := _TASK.fullmatch(text)):
        cpus = [str(int(cpu)) for cpu in _CPUS.findall(task["rest"])]
        return f"{_task(task['comm'], task['pid'])} CPU {' -> '.join(cpus)}"
    if kind == "count" and (counter := _COUNTER.fullmatch(text)):
        return f"{counter['name']} {int(counter['delta']):+d}"
    return text


def _task(comm: str, pid: str) -> str:
    return "idle" if pid == "0" else f"{comm}[{pid}]"
