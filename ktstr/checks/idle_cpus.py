"""Whether a CPU that idles while a task waits says something of the scheduler."""

from __future__ import annotations

from ktstr.checks.evidence import Evidence
from ktstr.events.report import WorkerStats
from ktstr.scenario.model import Member
from ktstr.scenario.operations.core_sched import CoreSched
from ktstr.scenario.policy import REAL_TIME

__all__ = ["idles_by_right", "is_excused", "waits_by_right"]


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


def waits_by_right(run: Evidence, worker: WorkerStats) -> bool:
    """Whether the worker was throttled at some time, or is not the scheduler's."""
    return any(is_excused(run, member) for member in run.members(worker))


def is_excused(run: Evidence, member: Member) -> bool:
    """Whether a worker that is this may be throttled, or is not the scheduler's."""
    return member.policy in REAL_TIME or any(
        one.quota and f"{member.cgroup}/".startswith(f"{path}/")
        for state in run.held_states
        for path, one in state.cgroups.items()
    )
