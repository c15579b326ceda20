"""The check `max_spread_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.worker_names import worker_name
from ktstr.events.report import WorkerStats

__all__ = ["max_spread_pct"]


@declare_check(default=15.0, accepts=Limit("percentage points"), rank=4)
def max_spread_pct(run: Evidence, limit: float) -> Iterator[str]:
    """Within a cgroup, the shares of time that two workers waited for a CPU differ by no more than this."""
    groups: dict[str, list[WorkerStats]] = {}
    for worker in run.workers:
        groups.setdefault(worker.cgroup, []).append(worker)
    for name, members in groups.items():
        low = min(members, key=lambda worker: worker.off_cpu_pct)
        high = max(members, key=lambda worker: worker.off_cpu_pct)
        spread = high.off_cpu_pct - low.off_cpu_pct
        if spread > limit:
            yield (
                f"cgroup {name} was scheduled unfairly: {worker_name(high)} waited {high.off_cpu_pct:.1f}% of its time"
                f" and {worker_name(low)} {low.off_cpu_pct:.1f}%: spread {spread:.1f} points, limit {limit:g}"
            )
