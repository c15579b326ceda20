"""The phases of a run: what each step of the scenario did, and what its workers got to do in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ktstr.events.event import Event
from ktstr.events.latency import Latency, read_latency
from ktstr.events.payload import PayloadRun, read_payloads
from ktstr.events.worker import WorkerStats, read_worker, summed

__all__ = [
    "NeededOperations",
    "OperationDone",
    "Phase",
    "all_workers",
    "events_by_phase",
    "read_operations",
    "read_phases",
]


@dataclass(frozen=True)
class OperationDone:
    """An operation that the agent carried out."""

    name: str
    """The operation, as the plan calls it."""
    words: str
    """Its arguments, as the plan has them."""
    began_ns: int
    """When it began, in guest ns since boot."""
    ended_ns: int
    """When it was done, in guest ns since boot."""
    due_ns: int | None = None
    """When it was to be done, in guest ns from the begin of the hold; None if it was done before the hold."""
    errno: int = 0
    """The error by which the kernel refused it; 0 if it did not."""
    error: str = ""
    """That error in words."""
    what: str = ""
    """The system call or the file that was refused."""

    @property
    def line(self) -> str:
        """The operation with its arguments, and how the kernel refused it, if it did."""
        text = f"{self.name} {self.words}".rstrip()
        return f"{text}: the kernel refused it: {self.error} ({self.what})" if self.errno else text


@dataclass(frozen=True)
class Phase:
    """One turn of a step; a scenario without steps has one phase."""

    name: str
    """The step's name, with the turn if there are several; empty for a scenario without steps."""
    began_ns: int
    """When its hold began, in guest ns since boot; of one whose hold never ended, when the step itself began."""
    held_ns: int
    """How long the hold took, in guest ns: less than `asked_ns` if the scheduler left."""
    asked_ns: int
    """How long the hold was to take, in guest ns."""
    workers: tuple[WorkerStats, ...]
    """The workers in this phase alone: from the end of the hold before, or from their start, to the hold's end."""
    operations: tuple[OperationDone, ...]
    """The operations, in the order in which they were done."""
    latency: Latency | None = None
    """How long each task waited for a CPU and had one; None if that was not counted."""
    payloads: tuple[PayloadRun, ...] = ()
    """The payloads that ran in it, in the order of their starts; the CPU time is of this phase."""


@dataclass(frozen=True)
class NeededOperations:
    """The drawn operations that a failure needs, after the others have been left out."""

    operations: tuple[str, ...]
    """The ones with which the run still fails, in words."""
    tried: int
    """How many the run had to begin with."""
    unfinished: str = ""
    """Why fewer may be enough, in words: the time for shrinking was up. Empty if it was not."""


_E = TypeVar("_E", bound=Mapping[str, Any])


def events_by_phase(events: Sequence[_E]) -> tuple[tuple[str, tuple[_E, ...]], ...]:
    """The events of each phase with its name, in order; what comes before the first phase is of none."""
    begins = [at for at, event in enumerate(events) if event.get("ev") == "phase"]
    if not begins:
        return (("", tuple(events)),) if any(event.get("ev") == "hold" for event in events) else ()
    ends = [*begins[1:], len(events)]
    return tuple(
        (str(events[begin]["name"]), tuple(events[begin:end]))
        for begin, end in zip(begins, ends, strict=True)
    )


def read_phases(events: Sequence[Event]) -> tuple[Phase, ...]:
    """The phases that the guest came to, in order."""
    return tuple(_phase(name, some) for name, some in events_by_phase(events))


def read_operations(events: Sequence[Event]) -> tuple[OperationDone, ...]:
    """The operations among `events`, in order."""
    return tuple(_operation(event) for event in events if event.get("ev") == "op")


def all_workers(events: Sequence[Event], phases: Sequence[Phase]) -> tuple[WorkerStats, ...]:
    """Each worker over all phases, in the order of their numbers; without phases, as they were reported."""
    if len(phases) < 2:
        return tuple(read_worker(event) for event in events if event.get("ev") == "worker")
    found: dict[int, list[WorkerStats]] = {}
    for phase in phases:
        for worker in phase.workers:
            found.setdefault(worker.index, []).append(worker)
    return tuple(summed(found[index]) for index in sorted(found))


def _phase(name: str, events: Sequence[Event]) -> Phase:
    hold: Event = next((event for event in events if event.get("ev") == "hold"), {})
    began: Event = hold if "began_ns" in hold else {"began_ns": events[0].get("t", 0)}
    return Phase(
        name=name,
        began_ns=began["began_ns"],
        held_ns=hold.get("held_ns", 0),
        asked_ns=hold.get("asked_ns", 0),
        workers=tuple(read_worker(event) for event in events if event.get("ev") == "worker"),
        operations=read_operations(events),
        latency=read_latency(events),
        payloads=read_payloads(events),
    )


def _operation(event: Event) -> OperationDone:
    return OperationDone(
        name=event["name"],
        words=event["words"],
        began_ns=event["began_ns"],
        ended_ns=event["t"],
        due_ns=event.get("at_ns"),
        errno=event.get("errno", 0),
        error=event.get("error", ""),
        what=event.get("what", ""),
    )
