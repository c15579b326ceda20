"""What the instrument "timeline" has written: switches, wakeups and calls, in the order in which they happened."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from ktstr.instrument.parts import HEAD, Part, ends_early, part_bytes, read_parts

__all__ = ["Call", "Moment", "Switch", "Task", "Wake", "read_moments"]

_MOMENT = struct.Struct("<QIIiiQQ16s16s")
_SWITCH, _WAKE, _CALL, _CLOCK = range(1, 5)


@dataclass(frozen=True, slots=True)
class Task:
    """A thread; the idle tasks of all CPUs have the pid 0."""

    pid: int
    comm: str


@dataclass(frozen=True, slots=True)
class Switch:
    """At `ns` `cpu` turned from `before`, which was left in `state` (0: it could go on), to
    `task`."""

    ns: int
    cpu: int
    before: Task
    state: int
    task: Task


@dataclass(frozen=True, slots=True)
class Wake:
    """At `ns`, `cpu` woke `task`, or started it."""

    ns: int
    cpu: int
    task: Task


@dataclass(frozen=True, slots=True)
class Call:
    """A BPF function ran on `cpu` from `ns` to `end_ns`, and took `insns` instructions of BPF code.

    `owner` is the number of the program in the same file (`read_counts`).
    """

    ns: int
    cpu: int
    end_ns: int
    owner: int
    insns: int


Moment = Switch | Wake | Call
"""What happened, and when."""


def read_moments(path: Path) -> tuple[Moment, ...]:
    """The moments in a file by their begins, in guest ns since boot; KtstrError if it is not whole."""
    parts = read_parts(path, HEAD)
    try:
        found: list[tuple[Any, ...]] = list(_MOMENT.iter_unpack(part_bytes(parts, Part.EVENTS)))
    except struct.error:
        raise ends_early(path) from None
    # How far the guest's clock is ahead of the emulator's, which the first switch tells. It may be behind.
    ahead_ns = next((value for _, kind, *_, value, _, _, _ in found if kind == _CLOCK), 0)
    ahead_ns -= ahead_ns >> 63 << 64
    moments = [_moment(ahead_ns, *fields) for fields in found if fields[1] != _CLOCK]
    return tuple(sorted(moments, key=attrgetter("ns")))


def _moment(
    ahead_ns: int,
    ns: int,
    kind: int,
    cpu: int,
    task: int,
    before: int,
    value: int,
    insns: int,
    comm: bytes,
    old: bytes,
) -> Moment:
    ns += ahead_ns
    if kind == _SWITCH:
        return Switch(ns, cpu, Task(before, _text(old)), value, Task(task, _text(comm)))
    if kind == _WAKE:
        return Wake(ns, cpu, Task(task, _text(comm)))
    return Call(ns, cpu, value + ahead_ns, before, insns)


def _text(comm: bytes) -> str:
    return comm.partition(b"\0")[0].decode(errors="replace")
