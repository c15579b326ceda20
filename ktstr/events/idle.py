"""For how long each CPU of a guest was idle around a hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Idle", "read_idle"]


@dataclass(frozen=True)
class Idle:
    """The idle time of each CPU from just before a hold until just after it, in guest ns since boot."""

    from_ns: int
    """When it begins."""
    until_ns: int
    """When it ends."""
    cpus: Mapping[int, int]
    """For how many guest ns of it each CPU was idle, in steps of 10 ms; only CPUs that were online at both ends."""

    def least_ns(self, cpu: int, from_ns: int, until_ns: int) -> int:
        """For how long the CPU was idle at least between two times, in guest ns: the rest may be outside of them.

        The kernel may count a stretch only at its end, and so more than the time that there was.
        """
        outside = max(0, from_ns - self.from_ns) + max(0, self.until_ns - until_ns)
        counted = min(self.cpus.get(cpu, 0), self.until_ns - self.from_ns)
        return max(0, counted - STEP_NS - outside)


STEP_NS = 10_000_000
"""What the kernel counts idle time in, in guest ns: USER_HZ of /proc/stat."""


def read_idle(events: Sequence[Mapping[str, Any]]) -> Idle | None:
    """The last `idle` event among `events`, or None if there is none."""
    for event in reversed(events):
        if event.get("ev") == "idle":
            cpus = dict(
                zip(event["cpus"], event["idle_ns"], strict=False)
            )  # an event that is too long is cut
            return Idle(event["from_ns"], event["until_ns"], cpus)
    return None
