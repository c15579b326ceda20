"""The check `min_llc_share_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["min_llc_share_pct"]


# Off by default: a scheduler may trade warm caches for an idle CPU.
@declare_check(default=False, accepts=Limit("percent of a worker's CPU time"), rank=6, needs_latency=True)
def min_llc_share_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """Each worker had so much of its CPU time on one LLC."""
    cases = []
    for worker, task in worker_latency(run):
        total_ns = sum(task.llc_ns)
        share = 100 * max(task.llc_ns) / total_ns if total_ns else 100.0
        if share < limit:
            llc = task.llc_ns.index(max(task.llc_ns))
            message = (
                f"{worker_name(worker)} had only {share:.1f}% of its CPU time on one LLC (LLC {llc}, where it was"
                f" longest), limit {limit:g}%"
            )
            cases.append(Case(-share, message))
    yield from worst(cases, "workers were spread wider")
