"""The check `workers`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.worker_names import worker_name

__all__ = ["workers"]


@declare_check(always=True, rank=0)
def workers(run: Evidence, _always: bool) -> Iterator[str]:
    """No worker ended before the scenario did."""
    for worker in run.report.workers:
        if worker.died is not None:
            yield f"{worker_name(worker)} ended by itself (wait status {worker.died:#x})"
