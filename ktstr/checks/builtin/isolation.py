"""The check `isolation`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.base.topology import cpu_list
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst

__all__ = ["isolation"]


@declare_check(rank=3)
def isolation(run: Evidence, _on: bool) -> Iterator[Finding]:
    """No worker ran outside its cpuset, whether it lived to the end or not.

    If the scenario changed what it was allowed, all CPUs that it was allowed at some time of the phase are right.
    """
    cases = []
    for worker in run.report.workers:
        allowed = run.allowed(worker)
        if outside := frozenset(worker.cpus) - allowed:
            message = f"{worker_name(worker)} ran on CPU {cpu_list(outside)}, outside its cpuset {cpu_list(allowed)}"
            cases.append(Case(len(outside), message))
    yield from worst(cases, "workers ran outside theirs")
