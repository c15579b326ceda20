"""What is asked within the scheduler: what its workers offer, and where a run that waits could begin.

Dask places a task by how long tasks like it took, and moves one that waits only where those say so. Guests take a
second or an hour, and one that needs four cores waits behind one other. So a run that waits beside a free host is moved
by who waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["OFFER", "free_elsewhere", "offers_of_workers"]

OFFER = "ktstr_offer"
"""The key under which a scheduler has what a worker offers."""


def offers_of_workers(dask_scheduler: Any) -> dict[str, Any]:
    """What each of ktstr's workers offers, by its address."""
    return {
        address: worker.extra[OFFER]
        for address, worker in dask_scheduler.workers.items()
        if OFFER in worker.extra
    }


def free_elsewhere(key: str, amounts: Mapping[str, float], dask_scheduler: Any) -> str | None:
    """The address of a worker that has these `amounts` free while the task `key` waits at another one, or at none."""
    task = dask_scheduler.tasks.get(key)
    if task is None or task.state not in ("processing", "no-worker", "queued"):
        return None
    free = {
        worker.address: {
            name: left - worker.used_resources.get(name, 0) for name, left in worker.resources.items()
        }
        for worker in dask_scheduler.running
        if worker is not task.processing_on
    }
    fit = [
        address
        for address, left in free.items()
        if all(name in left and left[name] >= amount for name, amount in amounts.items())
    ]
    return max(fit, key=lambda address: sum(free[address].values()), default=None)
