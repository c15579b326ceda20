"""The last scheduling events of a task up to a moment, from the flight recorder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ktstr.events.flight import FlightEvent

__all__ = ["LastEvents", "last_events_of"]

# Their text names the tasks that they are about; any other event is about the task that had the CPU.
_NAMED = frozenset({"switch", "wakeup", "new", "migrate"})


@dataclass(frozen=True)
class LastEvents:
    """What the flight recorder had of a task at a moment."""

    task: str
    """The task, as `comm[pid]`."""
    until_ns: int
    """The moment: the guest's CLOCK_MONOTONIC in ns."""
    events: tuple[FlightEvent, ...]
    """Its events on all CPUs before that moment, the oldest first."""


def last_events_of(events: Iterable[FlightEvent], task: str, pid: int, until_ns: int) -> LastEvents:
    """Those of the `events` that are about the task, which is called `comm[pid]`, before `until_ns`."""
    some = [one for one in events if one.at_ns < until_ns and _is_about(one, pid)]
    return LastEvents(task, until_ns, tuple(sorted(some, key=lambda one: one.at_ns)))


def _is_about(event: FlightEvent, pid: int) -> bool:
    return f"[{pid}]" in event.what if event.kind in _NAMED else event.pid == pid
