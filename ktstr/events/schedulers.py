"""The schedulers of a run, one after the other: a scenario may detach one, attach it again, or replace it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ktstr.events.event import Event
from ktstr.events.exit import SchedulerExit, read_exit
from ktstr.events.state import SchedulerState, read_state

__all__ = ["RefusedAttach", "SchedulerRun", "program_end_of", "read_refused_attaches", "read_schedulers"]


@dataclass(frozen=True)
class SchedulerRun:
    """One scheduler from its start to its end. Times are guest ns since boot."""

    name: str
    """The name that it is declared with; empty: the test's own."""
    ops: str
    """The name that the kernel showed; empty if it did not attach."""
    started_ns: int
    """When its program was started."""
    attached_ns: int | None
    """When it was found attached; None if it never was."""
    left_ns: int | None
    """When it was asked to leave, or found to have left; None if it stayed to the end."""
    asked: bool
    """Whether the scenario asked it to leave: by `Detach`, `Restart` or `ReplaceScheduler`."""
    phases: tuple[str, ...]
    """The phases in whose hold it was; the first may be the one in which it was started and did not attach."""
    exit: SchedulerExit | None
    """How it ended, if that was before it was asked to."""
    program_end: dict[str, int] | None
    """How its program ended: `{"status": n}` or `{"signal": n}`."""
    told_to_end: bool
    """Whether its program ended only after ktstr had sent it a signal."""
    states: tuple[SchedulerState, ...]
    """The states of sched_ext while it was the one, in the order in which they were read."""
    log: tuple[str, ...]
    """The lines that its program printed."""

    @property
    def attachments(self) -> int:
        """How often it attached: more than once if its program attached again after a CPU went offline or online."""
        return sum(state.when == "attached" and state.state == "enabled" for state in self.states)


@dataclass(frozen=True)
class RefusedAttach:
    """A scheduler that was started while another one was attached."""

    name: str
    """The name that it is declared with; empty: the test's own."""
    at_ns: int
    """When its program was started, in guest ns since boot."""
    program_end: dict[str, int] | None
    """How its program ended; None if that is not known."""
    log: tuple[str, ...]
    """The lines that its program printed."""


def read_schedulers(events: Sequence[Event]) -> tuple[SchedulerRun, ...]:
    """The schedulers of a guest's events, in the order in which they were started."""
    own = [event for event in events if not event.get("over")]
    spans = _spans(own)
    return tuple(
        _scheduler(own, begin, end, is_first=begin == spans[0][0], is_last=end == len(own))
        for begin, end in spans
    )


def read_refused_attaches(events: Sequence[Event]) -> tuple[RefusedAttach, ...]:
    """The schedulers that were started while another one was attached."""
    own = [event for event in events if event.get("over")]
    spans = _spans(own)
    return tuple(
        RefusedAttach(
            name=own[begin].get("name", ""),
            at_ns=own[begin]["t"],
            program_end=program_end_of(own[begin:end]),
            log=_log(own[begin:end]),
        )
        for begin, end in spans
    )


def program_end_of(events: Sequence[Event]) -> dict[str, int] | None:
    """How the first program that ended among `events` did; None if none did."""
    for event in events:
        if event.get("ev") == "sched_exit":
            return {key: event[key] for key in ("status", "signal") if key in event}
    return None


def _spans(own: Sequence[Event]) -> list[tuple[int, int]]:
    """From the start of each program to the start of the next one, or to the end."""
    starts = [at for at, event in enumerate(own) if event.get("ev") == "sched_start"]
    return list(zip(starts, [*starts[1:], len(own)], strict=False))


def _scheduler(own: Sequence[Event], begin: int, end: int, *, is_first: bool, is_last: bool) -> SchedulerRun:
    some = own[begin:end]
    states = tuple(read_state(event) for event in some if event.get("ev") == "sched_state")
    start = own[begin]
    attached = next((state for state in states if state.when == "attached"), None)
    leaving = next((state for state in states if state.when == "leaving"), None)
    enabled = attached is not None and attached.state == "enabled"
    ended = next((event["t"] for event in some if event.get("ev") == "sched_exit"), None)
    asked = leaving is not None and leaving.state == "enabled"
    last_held = next((state for state in reversed(states) if state.when in ("held", "leaving")), None)
    gone = leaving is not None or (last_held is not None and last_held.state != "enabled")
    until = len(own) if leaving is None else begin + _index_of(some, "leaving")
    return SchedulerRun(
        name=start.get("name", ""),
        ops=attached.ops if attached and enabled else "",
        started_ns=start["t"],
        attached_ns=attached.at_ns if attached and enabled else None,
        left_ns=(leaving.at_ns if leaving else ended) if gone else None,
        asked=asked,
        phases=_phases(own, begin, until),
        exit=None if asked else _exit(own, begin, end, is_first=is_first, is_last=is_last),
        program_end=program_end_of(some),
        told_to_end=any(event.get("ev") == "sched_exit" and event.get("told") for event in some),
        states=states,
        log=_log(some),
    )


def _exit(
    own: Sequence[Event], begin: int, end: int, *, is_first: bool, is_last: bool
) -> SchedulerExit | None:
    """The exit of the scheduler of `own[begin:end]`. The kernel's messages come at the run's end, with times."""
    since = 0 if is_first else own[begin]["t"]
    until = None if is_last else own[end]["t"]
    late = [
        event
        for event in own
        if event.get("ev") == "kmsg" and event["at_ns"] >= since and (until is None or event["at_ns"] < until)
    ]
    dumps = [event for event in own if event.get("ev") == "sched_dump"]
    mine = [event for event in own[begin:end] if event.get("ev") not in ("kmsg", "sched_dump")]
    return read_exit([*mine, *late, *dumps])


def _index_of(some: Sequence[Event], when: str) -> int:
    return next(at for at, event in enumerate(some) if event.get("when") == when)


def _phases(own: Sequence[Event], begin: int, until: int) -> tuple[str, ...]:
    """From the phase in which it was started to the last in whose hold it was; `own[until]` is where it was let go."""
    before = [event["name"] for event in own[:begin] if event.get("ev") == "phase"]
    inside = [event["name"] for event in own[begin:until] if event.get("ev") == "phase"]
    names = [*before[-1:], *inside]
    if until < len(own):
        # The operation that let it go is reported after that, with its time if it was in the hold.
        let_go: Event = next((event for event in own[until:] if event.get("ev") == "op"), {})
        if "at_ns" not in let_go:
            names = names[:-1]
    return tuple(dict.fromkeys(names))


def _log(events: Sequence[Event]) -> tuple[str, ...]:
    return tuple(event["text"] for event in events if event.get("ev") == "sched_log")
