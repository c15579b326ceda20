"""Where a worker of a failed run waited, and with whom."""

from __future__ import annotations

from ktstr.base.topology import cpu_list
from ktstr.events.run_queues import QueuedTask
from ktstr.events.waiting import Waiting

__all__ = ["waiting_lines"]

_SHOWN = 8


def waiting_lines(seen: Waiting) -> list[str]:
    """The wait in lines: the worker and its queue, what had waited there for longer and what had not, and its CPUs."""
    task = seen.task
    longer = [one for one in seen.others if one.waits_ms > task.waits_ms]
    others = [one for one in seen.others if one.waits_ms <= task.waits_ms]
    lines = [f"{_named(task)} {seen.where}, runnable for {task.waits_ms} ms"]
    if task.queue and not seen.others:
        lines.append("nothing else waited there")
    lines += [
        f"{what} there: {_listed(some)}"
        for what, some in (("longer", longer), ("not longer", others))
        if some
    ]
    if seen.holder:
        lines.append(f"CPU {seen.holder_cpu} ran {seen.holder}")
    if seen.idle:
        lines.append(f"CPU{'s' * (len(seen.idle) > 1)} {cpu_list(seen.idle)}, which it may use, idled")
    return lines


def _listed(tasks: list[QueuedTask]) -> str:
    shown = ", ".join(f"{_named(one)} {one.waits_ms} ms" for one in tasks[:_SHOWN])
    return f"{shown} and {len(tasks) - _SHOWN} more" if len(tasks) > _SHOWN else shown


def _named(task: QueuedTask) -> str:
    return f"{task.comm}[{task.pid}]"
