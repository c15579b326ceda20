"""Where a worker of a failed run waited, with whom, and what had happened before."""

from __future__ import annotations

from ktstr.base.topology import cpu_list
from ktstr.events.last_events import LastEvents
from ktstr.events.run_queues import QueuedTask
from ktstr.events.waiting import Waiting

__all__ = ["waiting_lines"]

_SHOWN = 8  # tasks of a queue
_EVENTS = 8  # of a task


def waiting_lines(seen: Waiting) -> list[str]:
    """The wait in lines: the worker and its queue, what had waited there for longer and what had not, and its CPUs.

    Then the last events of the worker, and of the task that ran where it waited.
    """
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
    return lines + [line for one in seen.last for line in _events(one)]


def _events(last: LastEvents) -> list[str]:
    if not last.events:
        return []
    lines = [f"last events of {last.task}, us before that moment, newest last"]
    for event in last.events[-_EVENTS:]:
        before_us = (last.until_ns - event.at_ns) // 1000
        lines.append(f"  {before_us:>9,}  CPU {event.cpu:<3}  {event.kind:8}  {event.what}")
    return lines


def _listed(tasks: list[QueuedTask]) -> str:
    shown = ", ".join(f"{_named(one)} {one.waits_ms} ms" for one in tasks[:_SHOWN])
    return f"{shown} and {len(tasks) - _SHOWN} more" if len(tasks) > _SHOWN else shown


def _named(task: QueuedTask) -> str:
    return f"{task.comm}[{task.pid}]"
