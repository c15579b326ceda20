"""A guest's events as they come from it: lines of JSON, input from outside, which is bounded and checked here."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import Any

import msgspec

from ktstr.base.errors import KtstrError
from ktstr.events.event import Event
from ktstr.events.kinds import MOST, check_fields

__all__ = ["MOST_BYTES", "MOST_EVENTS", "Nonsense", "parse_events"]

MOST_BYTES = 64 * 2**20
"""How much a guest may say: the bytes of its events, and those of its console."""
MOST_EVENTS = 2**18
"""How many events a guest may have."""
_LINE_BYTES = 16384  # KTSTR_EVENT_BYTES of the agent's ktstr/limits.h
_DECODER = msgspec.json.Decoder(dict[str, str | int | list[int]])
_LEAST, _MOST = -(2**63), 2**64 - 1


class Nonsense(KtstrError):
    """A guest's events are not what the agent writes: no verdict can be reached from them."""


def parse_events(text: str) -> tuple[Event, ...]:
    """The events in the debug console's lines. A last line that a dying guest left unfinished is dropped.

    The agent writes a byte above 0x7f as \\u00XX, whatever character it is part of; here it becomes text again.
    Raises Nonsense, which says where, for anything that is not an event, that lacks a field or has one of another type,
    and if there is more than an agent says.
    """
    if len(text) > MOST_BYTES:
        raise Nonsense(f"the guest's events make no sense: more than {MOST_BYTES >> 20} MiB")
    events: list[Event] = []
    left = Counter(MOST)
    for number, line in enumerate(StringIO(text, newline="\n"), 1):
        if line == "\n":
            continue
        try:
            event = _event(line)
            if event["ev"] in MOST:
                left[event["ev"]] -= 1
            if len(events) == MOST_EVENTS or left[event["ev"]] < 0:
                raise ValueError(f"{event['ev']}: too many events")
        except (ValueError, RecursionError) as error:
            if not line.endswith("\n"):
                break
            raise Nonsense(f"the guest's events make no sense: line {number}: {error}") from None
        events.append(event)
    return tuple(events)


def _event(line: str) -> Event:
    line = line.removesuffix("\n")
    if len(line) > _LINE_BYTES:
        raise ValueError(f"{len(line)} bytes, more than {_LINE_BYTES}")
    event: dict[str, Any] = _DECODER.decode(line)
    if not isinstance(event.get("ev"), str):
        raise ValueError("Object missing required field `ev`")
    for name, value in event.items():
        if isinstance(value, str):
            if not value.isascii():
                event[name] = value.encode("latin-1", "replace").decode(errors="replace")
        elif not _in_64_bits(value):
            raise ValueError(f"a number of more than 64 bits - at `$.{name}`")
    check_fields(event)
    return event


def _in_64_bits(value: int | list[int]) -> bool:
    if isinstance(value, int):
        return _LEAST <= value <= _MOST
    return not value or _LEAST <= min(value) <= max(value) <= _MOST
