"""The check `max_node_moves_per_s`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["max_node_moves_per_s"]


# Off by default: a scheduler may trade near memory for an idle CPU.
@declare_check(default=False, accepts=Limit("a number of moves"), rank=6, needs_latency=True)
def max_node_moves_per_s(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker went to another NUMA node, away from its memory, more often than this in a second."""
    cases = []
    for worker, task in worker_latency(run):
        per_s = task.moved_across_nodes * 1e9 / worker.wall_ns if worker.wall_ns else 0.0
        if per_s > limit:
            message = (
                f"{worker_name(worker)} went to another NUMA node {per_s:.1f} times a second"
                f" ({task.moved_across_nodes} of its {task.moved} moves), limit {limit:g}"
            )
            cases.append(Case(per_s, message))
    yield from worst(cases, "workers moved too often")
