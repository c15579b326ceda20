"""A small run as the instrument "timeline" writes it."""

from __future__ import annotations

import struct
from pathlib import Path

from ktstr.instrument.moments import Call, Moment, Switch, Task, Wake
from ktstr.instrument.parts import Part

__all__ = ["IDLE", "MOMENTS", "SPIN", "WEB", "write_moments"]

IDLE, WEB, SPIN = Task(0, "swapper/0"), Task(7, "web"), Task(8, "spin")
AHEAD_NS = -1000
"""How far the guest's clock is ahead of the emulator's: it is behind."""
# Web runs on CPU 0 until it sleeps; spin, on CPU 1, wakes it, and after a callback it runs again.
MOMENTS: tuple[Moment, ...] = (
    Switch(2000, 0, IDLE, 0, WEB),
    Switch(2100, 1, IDLE, 0, SPIN),
    Switch(3000, 0, WEB, 1, IDLE),
    Wake(4000, 1, WEB),
    Call(4100, 1, 4150, 3, 42),
    Switch(4500, 0, IDLE, 0, WEB),
    Switch(6000, 1, SPIN, 0, IDLE),
)


def write_moments(path: Path, moments: tuple[Moment, ...] = MOMENTS, *, whole: bool = True) -> None:
    """Write them as the plugin does."""
    rows = [_row(AHEAD_NS, 4, value=AHEAD_NS & (1 << 64) - 1), *map(_moment, moments)]
    parts = [(Part.EVENTS, b"".join(rows)), *([(Part.END, b"")] if whole else [])]
    data = b"".join(struct.pack("<QQ", kind, len(part)) + part for kind, part in parts)
    path.write_bytes(b"ktstr-counts-2\n" + data)


def _moment(moment: Moment) -> bytes:
    if isinstance(moment, Switch):
        return _row(moment.ns, 1, moment.cpu, moment.task, moment.before, moment.state)
    if isinstance(moment, Wake):
        return _row(moment.ns, 2, moment.cpu, moment.task)
    owner = Task(moment.owner, "")
    return _row(moment.ns, 3, moment.cpu, before=owner, value=moment.end_ns - AHEAD_NS, insns=moment.insns)


def _row(
    ns: int,
    kind: int,
    cpu: int = 0,
    task: Task = Task(0, ""),  # noqa: B008  # it is frozen
    before: Task = Task(0, ""),  # noqa: B008
    value: int = 0,
    insns: int = 0,
) -> bytes:
    comms = task.comm.encode(), before.comm.encode()
    return struct.pack("<QIIiiQQ16s16s", ns - AHEAD_NS, kind, cpu, task.pid, before.pid, value, insns, *comms)
