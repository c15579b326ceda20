"""The check `min_work_per_s`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.builtin.max_rate_spread_pct import work_per_s
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["min_work_per_s"]


# Off by default: what a chunk of work is depends on the work type, how fast it is on the clock and the host.
@declare_check(default=False, accepts=Limit("chunks of work"), rank=6)
def min_work_per_s(run: Evidence, limit: float) -> Iterator[Finding]:
    """Each worker did at least so many chunks of work in a second."""
    cases = [
        Case(
            -work_per_s(worker),
            f"{worker_name(worker)} did {work_per_s(worker):.0f} chunks of work a second, limit {limit:g}",
        )
        for worker in run.workers
        if worker.wall_ns and work_per_s(worker) < limit
    ]
    yield from worst(cases, "workers did too little")
