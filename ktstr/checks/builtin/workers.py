"""The check `workers`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGSYS, SIGTRAP, Signals

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["workers"]

_OUT_OF_MEMORY = re.compile(r"Out of memory: Killed process|Memory cgroup out of memory")
# What a process brings on itself.
_OF_FAULTS = (SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP)


@declare_check(always=True, rank=0)
def workers(run: Evidence, _always: bool) -> Iterator[Finding]:
    """No worker ended before the scenario did."""
    oom = any(_OUT_OF_MEMORY.search(line) for line in run.report.kernel_log)
    ends: dict[str, list[Case]] = {}
    for worker in run.report.workers:
        if worker.died is not None:
            end = _end(worker.died, oom=oom)
            ends.setdefault(end, []).append(Case(0, f"{worker_name(worker)} {end}"))
    for cases in ends.values():
        yield from worst(cases, "workers ended so")


def _end(status: int, *, oom: bool) -> str:
    """How a worker with this wait status ended; `oom`: the kernel killed something for lack of memory."""
    if not os.WIFSIGNALED(status):
        return f"ended by itself (wait status {status:#x})"
    number = os.WTERMSIG(status)
    name = f" ({Signals(number).name})" if number in set(Signals) else ""
    if number in _OF_FAULTS:
        return f"ended by itself, by signal {number}{name}"
    # The agent kills workers only where the scenario says so, and counts these as ended.
    by = (
        "for lack of memory"
        if oom and number == SIGKILL
        else "by the program under test or its BPF, which interfered"
    )
    return f"was killed by signal {number}{name}, {by}"
