"""Whether a CPU that idles while a task waits says something of the scheduler."""

from __future__ import annotations

from ktstr.checks.evidence import Evidence
from ktstr.scenario.operations.core_sched import CoreSched

__all__ = ["idles_by_right"]


def idles_by_right(run: Evidence) -> bool:
    """Whether CPUs may idle in what is judged although tasks wait.

    With core scheduling a sibling is kept idle by right, and the kernel itself queues tasks while CPUs go or come, or
    while a scheduler attaches.
    """
    if run.layout is not None and any(isinstance(one, CoreSched) for one in run.layout.operations):
        return True
    if run.has_steps and run.starts_scheduler:
        return True
    return len({state.online for state in run.held_states}) > 1
