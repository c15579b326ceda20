"""What the look at the end of a run saw: the kernel's debug dump, and the flight recorder of the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ktstr.events.event import Event
from ktstr.events.flight import FlightEvent, parse_flight
from ktstr.events.run_queues import RunQueues, read_run_queues

__all__ = ["Looked", "read_look"]

_DUMPING = ("kernel_dump", "look")  # the operations
_BEGIN = "CPU states"  # of each dump


@dataclass(frozen=True)
class Looked:
    """What a look saw."""

    queues: RunQueues | None
    """The run queues; None if the dump says nothing of them."""
    flight: tuple[FlightEvent, ...]
    """What the flight recorder had: CPU by CPU, the oldest event first; empty if it had been stopped before."""


def read_look(events: Sequence[Event]) -> Looked | None:
    """What the look of a run saw; None if it had none, or has not come to it."""
    asked = [event["name"] for event in events if event.get("ev") == "op" and event["name"] in _DUMPING]
    dumps = _dumps(events)
    if "look" not in asked or len(dumps) < len(asked):
        return None
    flight = [parse_flight(event["text"]) for event in events if event.get("ev") == "flight"]
    # The kernel stops the recorder at a dump, so after one of the scenario's own it lacks what came last.
    last = tuple(one for one in flight if one) if asked == ["look"] else ()
    return Looked(read_run_queues(dumps[asked.index("look")]), last)


def _dumps(events: Sequence[Event]) -> list[list[str]]:
    """The lines of each debug dump, from its CPUs on; all are reported when the run is over."""
    dumps: list[list[str]] = []
    for event in events:
        if event.get("ev") == "sched_dump":
            if event["text"] == _BEGIN:
                dumps.append([])
            if dumps:
                dumps[-1].append(event["text"])
    return dumps
