"""A worker's process: it joins a scheduler, and joins again when it has lost it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import dask
import distributed

from ktstr.base.scratch import scratch
from ktstr.farm.address import Address
from ktstr.farm.offer import Offer
from ktstr.farm.scheduler import OFFER
from ktstr.farm.worker import KtstrWorker
from ktstr.vm.blobs import Blobs
from ktstr.vm.executor import Executor

__all__ = ["Tls", "join"]

_AGAIN_S = 1.0
_GOODBYE_S = 2.0
_DEATH_S = 10.0  # for how long a scheduler is called before that is told
# A network that is cut says nothing: how long until a worker takes it for cut, and ends its guests.
_SILENCE, _SILENCE_OF_DASK = "12s", "30s"  # Dask needs 11 s or more


@dataclass(frozen=True)
class Tls:
    """Files of Dask's TLS, as its own options name them; empty: what Dask's configuration says."""

    ca_file: str = ""
    cert: str = ""
    key: str = ""

    @property
    def security(self) -> Any:
        """Dask's object for it."""
        given = {"tls_ca_file": self.ca_file, "tls_worker_cert": self.cert, "tls_worker_key": self.key}
        return distributed.Security(**{name: value for name, value in given.items() if value})


_OF_DASK = Tls()


def join(
    address: Address,
    offer: Offer,
    executor: Executor,
    *,
    shared: Blobs | None = None,
    name: str = "",
    tls: Tls = _OF_DASK,
) -> None:
    """Work for the scheduler at `address` until SIGINT or SIGTERM; guests that run then are ended.

    `shared` is where blobs are looked for before they are asked of a client. A scheduler that is not there, or not any
    more, is waited for.
    """
    for logger in ("distributed", "tornado"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    if dask.config.get("distributed.comm.timeouts.tcp", default="") == _SILENCE_OF_DASK:
        dask.config.set({"distributed.comm.timeouts.tcp": _SILENCE})

    def worker(folder: str) -> Any:
        return distributed.Worker(
            address.of_dask,
            name=name or f"{offer.host}-{os.getpid()}",
            nthreads=offer.cores,
            resources=offer.amounts,
            startup_information={OFFER: lambda _: offer.as_json()},
            plugins=(KtstrWorker(offer, executor, shared),),
            memory_limit=0,  # it is the guests that take memory, and those are counted
            local_directory=folder,
            security=tls.security,
            death_timeout=_DEATH_S,
            dashboard=False,
        )

    with scratch("worker") as folder:
        asyncio.run(_work(lambda: worker(str(folder)), f"worker of {address}", str(offer)))


async def _work(make: Callable[[], Any], who: str, what: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    said = ""

    def say(line: str) -> None:
        nonlocal said
        if line != said:
            print(f"ktstr: {who}: {line}", file=sys.stderr, flush=True)
        said = line

    while not stopped.is_set():
        worker = make()
        try:
            await _until(stopped, worker.start())
            if not stopped.is_set():
                say(f"joined, with {what}")
                await _until(stopped, worker.finished())
                say("ends" if stopped.is_set() else "the scheduler is lost; waiting for it")
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            say(f"no scheduler answers there ({_cause(error)}); waiting for one")
        finally:
            with suppress(OSError, TimeoutError, RuntimeError):
                await worker.close(timeout=_GOODBYE_S, executor_wait=False)
        await _until(stopped, asyncio.sleep(_AGAIN_S))


async def _until(stopped: asyncio.Event, done: Coroutine[Any, Any, Any]) -> None:
    """Wait for `done`, or until it is to be stopped."""
    tasks = [asyncio.ensure_future(done), asyncio.ensure_future(stopped.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()  # or what it raised
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cause(error: BaseException) -> str:
    """What Dask's errors come from, which they do not say."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip() or type(error).__name__
