"""How long the host kept a process waiting for a CPU: with the real clock, guest time goes on meanwhile."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["run_delay_ns"]


def run_delay_ns(pid: int) -> int:
    """The host's nanoseconds for which the threads of `pid` that live could run and did not, all together.

    It is the second number of each /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst). 0 if there
    is no such process, or if its kernel does not say.
    """
    total = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError, ValueError, IndexError):  # a thread may end meanwhile
            total += int(thread.read_text().split()[1])
    return total
