"""The check `max_task_wait_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.offline import while_offline
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.weight import patience
from ktstr.checks.worst import Case, worst
from ktstr.events.latency import TaskLatency

__all__ = ["max_task_wait_ms"]

_MS = 1_000_000


# The default: that of max_gap_ms, for the same reason.
@declare_check(default=1000.0, accepts=Limit("guest milliseconds", of_wait=True), rank=3, needs_latency=True)
def max_task_wait_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No task that is no worker, a kernel thread for example, could run and waited for a CPU longer than this.

    One of half the weight may wait twice as long.
    """
    cases = []
    for task in run.latency.tasks if run.latency else ():
        allowed_ms = limit * patience(task.policy, task.nice)
        if task.worker is None and task.longest_wait_ns > allowed_ms * _MS:
            message = (
                f"{_name(task)} could run and waited {task.longest_wait_ns / _MS:.1f} ms for a CPU"
                f"{while_offline(run)}: starved, limit {allowed_ms:g} ms"
            )
            over = task.waiting_ns == task.longest_wait_ns
            cases.append(
                Case(
                    task.longest_wait_ns / (allowed_ms or 1),
                    message,
                    None if over else task.waited.longest_at_ns,
                )
            )
    yield from worst(cases, "tasks waited too long")


def _name(task: TaskLatency) -> str:
    kind = "kernel thread" if task.kernel else "task"
    return f"{kind} {task.name}[{task.pid}]" if task.pid else "one of the other tasks"
