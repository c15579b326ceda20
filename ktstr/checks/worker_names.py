"""How messages name workers."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.events.report import WorkerStats

__all__ = ["worker_name", "worker_names"]

_SHOWN = 4


def worker_name(worker: WorkerStats) -> str:
    """One worker, with its work type: `worker cg/0 (spin_wait)`."""
    return f"worker {worker.cgroup}/{worker.index} ({worker.kind})"


def worker_names(workers: Sequence[WorkerStats]) -> str:
    """Several, of which only the first few are named: `worker cg/0, cg/1 and 3 more`."""
    shown = ", ".join(f"{worker.cgroup}/{worker.index}" for worker in workers[:_SHOWN])
    return f"worker {shown}" + (f" and {len(workers) - _SHOWN} more" if len(workers) > _SHOWN else "")
