"""What the kernel shows of sched_ext at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.events.event import Event

__all__ = ["SchedulerState", "read_state"]


@dataclass(frozen=True)
class SchedulerState:
    """What /sys/kernel/sched_ext showed at one moment."""

    when: str
    """The moment: `attached`, `held` (a hold was over), `leaving` (the scenario asks it to), `stopped`, or `default`
    (the kernel had released it)."""
    state: str
    """The state, such as `enabled`; empty if the kernel does not report it. So are the next two."""
    ops: str
    """The name of the attached scheduler."""
    enable_seq: int
    """How many schedulers have been enabled since boot; 0 if the kernel does not report it."""
    running: bool
    """Whether the scheduler's program was running."""
    switch_all: bool | None = None
    """Whether sched_ext has all tasks; None if the kernel does not report it."""
    nr_rejected: int = 0
    """How many tasks schedulers have rejected since boot; 0 if the kernel does not report it."""
    at_ns: int = 0
    """When it was read, in guest ns since boot."""
    took_ns: int = 0
    """Of `stopped`: guest ns from the first signal to the end of the program; 0 if it had ended before."""


def read_state(event: Event) -> SchedulerState:
    """The state in a `sched_state` event."""
    return SchedulerState(
        when=event["when"],
        state=event.get("state", ""),
        ops=event.get("ops", ""),
        enable_seq=int(event.get("enable_seq") or 0),
        running=bool(event["running"]),
        switch_all=event["switch_all"] == "1" if event.get("switch_all") else None,
        nr_rejected=int(event.get("nr_rejected") or 0),
        at_ns=event.get("t", 0),
        took_ns=event.get("took_ns", 0),
    )
