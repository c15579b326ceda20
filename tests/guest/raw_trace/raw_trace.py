"""Operations that record the scheduler's own tracepoints, and the waits that a host computes from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ktstr import Operation

__all__ = ["RawTrace", "RawTraceReport", "TracedTask", "traced"]

_LINE = re.compile(r".*-\d+ +\[\d+\] \S+ +(\d+)\.(\d{6}): (\w+): (.*)\s*")
_WAKES = re.compile(r"comm=.* pid=(\d+) prio=.*")
_SWITCH = re.compile(r"prev_comm=.* prev_pid=(\d+) prev_prio=\d+ prev_state=(\S+) ==> .* next_pid=(\d+) .*")


@dataclass(frozen=True)
class RawTrace(Operation):
    """Records waking, wakeup and switch of every task from here on."""

    name = "raw_trace"
    source = "raw_trace.c"


@dataclass(frozen=True)
class RawTraceReport(Operation):
    """Stops that, and reports each event as the kernel prints it."""

    name = "raw_trace_report"
    source = "raw_trace.c"


@dataclass
class TracedTask:
    """What the trace says of a task: durations in ns, to the microsecond."""

    woken: list[int] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    running_ns: int = 0
    """For how long it had been running at the end of the time."""


def traced(events: Iterable[Mapping[str, Any]], from_ns: int, until_ns: int) -> dict[int, TracedTask]:
    """By pid, what ended between two times."""
    tasks: dict[int, TracedTask] = {}
    waking: dict[int, int] = {}
    waits: dict[int, tuple[int, bool]] = {}
    runs: dict[int, int] = {}
    for event in events:
        match = _LINE.fullmatch(event["text"].strip()) if event.get("ev") == "raw_trace" else None
        if match is None:
            continue
        at, counts = int(match[1]) * 10**9 + int(match[2]) * 1000, False
        counts = from_ns <= at <= until_ns
        if wakes := _WAKES.fullmatch(match[4]):
            pid = int(wakes[1])
            if match[3] == "sched_waking":
                waking[pid] = at
            elif pid not in runs and pid not in waits:
                waits[pid] = (waking.get(pid, at), True)
        elif switch := _SWITCH.fullmatch(match[4]):
            left, came = int(switch[1]), int(switch[3])
            if left in runs and counts:
                tasks.setdefault(left, TracedTask()).ran.append(at - runs[left])
            since = runs.pop(left, at)
            if since <= until_ns < at:
                tasks.setdefault(left, TracedTask()).running_ns = until_ns - since
            if switch[2].startswith("R"):
                waits[left] = (at, False)
            if came in waits:
                since, woken = waits.pop(came)
                if counts:
                    task = tasks.setdefault(came, TracedTask())
                    task.waited.append(at - since)
                    task.woken += [at - since] if woken else []
            runs[came] = at
    for pid, since in runs.items():
        if since <= until_ns:
            tasks.setdefault(pid, TracedTask()).running_ns = until_ns - since
    return tasks
