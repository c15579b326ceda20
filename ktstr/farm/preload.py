"""What makes any worker of Dask one of ktstr's: `dask worker tcp://host:8786 --preload ktstr.farm.preload`.

For deployers that start Dask's own workers. Such a worker gives guests as many cores as it has threads.
"""

from __future__ import annotations

from typing import Any

from ktstr.farm.offer import offer_of_host
from ktstr.farm.scheduler import OFFER
from ktstr.farm.worker import KtstrWorker
from ktstr.vm.local import LocalExecutor

__all__ = ["dask_setup"]


async def dask_setup(worker: Any) -> None:
    """Dask calls this before the worker joins its scheduler."""
    offer = offer_of_host(cores=worker.state.nthreads)
    for amounts in (worker.state.total_resources, worker.state.available_resources):
        amounts.update(offer.amounts)
    worker.startup_information[OFFER] = lambda _: offer.as_json()
    await worker.plugin_add(KtstrWorker(offer, LocalExecutor()))
