"""Who ran where: the times that tasks had a CPU, out of the switches of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ktstr.instrument.moments import Moment, Switch, Task

__all__ = ["Stint", "stints_of"]


@dataclass(frozen=True, slots=True)
class Stint:
    """`task` had `cpu` from `ns` to `end_ns`, guest ns since boot. The idle task has pid 0."""

    cpu: int
    task: Task
    ns: int
    end_ns: int


def stints_of(moments: Iterable[Moment]) -> tuple[Stint, ...]:
    """The stints, by their ends. Who ran before a CPU's first switch did so from the first moment on; who runs at the
    end, up to the last one."""
    found = []
    since: dict[int, Switch] = {}
    first_ns = last_ns = None
    for moment in moments:
        first_ns = moment.ns if first_ns is None else first_ns
        last_ns = moment.ns
        if isinstance(moment, Switch):
            before = since.get(moment.cpu)
            begin_ns = before.ns if before else first_ns
            found.append(Stint(moment.cpu, before.task if before else moment.before, begin_ns, moment.ns))
            since[moment.cpu] = moment
    if last_ns is not None:
        found += (Stint(cpu, one.task, one.ns, last_ns) for cpu, one in sorted(since.items()))
    return tuple(found)
