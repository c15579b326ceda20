"""The check `attached`: of the scheduler, and of every worker."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.scheduler_out import scheduler_out
from ktstr.checks.worker_names import worker_names
from ktstr.scenario.policy import REAL_TIME

__all__ = ["attached", "taken_over"]


@declare_check(stage=Stage.SCHEDULER, rank=1)
def attached(run: Evidence, _on: bool) -> Iterator[str]:
    """The scheduler still schedules at the end, with the enable sequence it started with."""
    if run.sched_ext and run.expected is None and (out := scheduler_out(run.report)):
        yield out


@declare_check(name="attached", rank=1)
def taken_over(run: Evidence, _on: bool) -> Iterator[str]:
    """Every worker is in the ext class, except those of the real-time policies.

    If some workers have the policy `ext`, the scheduler is a partial one, and has to have only these.
    """
    if not run.sched_ext:
        return
    candidates = [worker for worker in run.workers if run.policy(worker) not in REAL_TIME]
    candidates = [worker for worker in candidates if run.policy(worker) == "ext"] or candidates
    outside = [worker for worker in candidates if worker.ext is False]
    if outside:
        yield (
            f"{len(outside)} of {len(candidates)} workers were not in the ext class: the scheduler is attached"
            f" but did not take over {worker_names(outside)} (does it set SCX_OPS_SWITCH_PARTIAL?)"
        )
