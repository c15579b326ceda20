"""The latency of the workers that a check judges."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.events.latency import TaskLatency
from ktstr.events.report import WorkerStats

__all__ = ["worker_latency"]


def worker_latency(run: Evidence) -> Iterator[tuple[WorkerStats, TaskLatency]]:
    """Each worker that lived to the end, with its latency; none if that was not counted."""
    if run.latency is None:
        return
    counted = {task.worker: task for task in run.latency.tasks if task.worker is not None}
    for worker in run.workers:
        if worker.index in counted:
            yield worker, counted[worker.index]
