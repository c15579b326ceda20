"""A worker: Dask gives it jobs, and it runs them with the executor of its host.

It has no more to do with Dask than a plugin has. A run is a task; whoever waits for its result may cancel it, lose the
connection, or die, and then Dask releases the task, which is what ends the guest. The blobs that a job lacks come from
the client that asked for the run: the worker says what it lacks as an event, and the client has the scheduler hand the
bytes to `receive`.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker
from distributed.core import Status

from ktstr.base.cancel import Cancel, Cancelled
from ktstr.base.errors import KtstrError
from ktstr.base.scratch import scratch
from ktstr.farm.blobs import WorkerBlobs
from ktstr.farm.incoming import Incoming
from ktstr.farm.offer import Offer
from ktstr.farm.runs import Runs
from ktstr.farm.shipment import pack_loss, pack_refusal, pack_result, unpack_job
from ktstr.vm.blobs import Blobs
from ktstr.vm.executor import Executor

__all__ = ["NAME", "KtstrWorker", "carry_out", "receive"]

NAME = "ktstr"
"""The plugin's name on a worker."""
_WATCH_S = 0.1
_END_S = 5.0  # a guest that is stopped is gone in a moment
_RUNNING = (Status.running, Status.paused, Status.init)
# How long a client may say nothing while a blob is asked of it.
_SILENCE_S = 120.0


class KtstrWorker(WorkerPlugin):  # type: ignore[misc]  # Dask has no types here
    """The plugin. `executor` runs the guests; `shared` is what machines share (None: nothing)."""

    def __init__(self, offer: Offer, executor: Executor, shared: Blobs | None = None) -> None:
        self.name = NAME
        self.offer = offer
        self.incoming = Incoming()
        self._executor = executor
        self._shared = shared
        self._runs = Runs()
        self._worker: Any = None
        self._watch: asyncio.Task[None] | None = None

    # Dask calls these three, in its event loop.

    def setup(self, worker: Any) -> None:
        """The worker starts."""
        self._worker = worker
        self._watch = asyncio.create_task(self._until_closed())

    async def teardown(self, worker: Any) -> None:
        """The worker ends, once its guests have."""
        self._runs.close()
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self._runs.wait, _END_S)

    def transition(self, key: str, start: str, finish: str, **_: object) -> None:
        """A task changes its state. One that is released while it runs is wanted by nobody."""
        if finish == "executing":
            self._runs.expect(key)
        elif start == "executing" and finish == "released":
            self._runs.stop(key)
        elif start in ("executing", "cancelled"):
            self._runs.forget(key)

    async def _until_closed(self) -> None:
        """End all guests as soon as the worker closes, which it does if it has lost its scheduler: it then waits half
        a minute for its threads before it has `teardown` called."""
        while self._worker.status in _RUNNING:
            await asyncio.sleep(_WATCH_S)
        self._runs.close()

    def run(self, key: str, topic: str, shipment: bytes) -> dict[str, Any]:
        """Run what a client shipped, in a thread of the worker; the events that concern it go to `topic`."""

        about = {"run": key, "host": self.offer.host, "worker": self._worker.address}

        def tell(what: str, **more: object) -> None:
            self._worker.log_event(topic, {**about, "what": what, **more})

        def fetch(sha256: str, into: Path, cancel: Cancel) -> None:
            with self.incoming.expected(into) as (ask, coming):
                tell("ask", sha256=sha256, ask=ask)
                while not coming.done.wait(_WATCH_S):
                    cancel.check()
                    if time.monotonic() - coming.last > _SILENCE_S:
                        raise KtstrError(f"blob {sha256[:16]}: nobody sent it in {_SILENCE_S:g} s")
                if coming.refused:
                    raise KtstrError(f"blob {sha256[:16]}: {coming.refused}")

        with self._runs.running(key) as cancel:
            tell("started")
            try:
                cancel.check()
                job, accel, options = unpack_job(shipment, WorkerBlobs(fetch, cancel, self._shared))
                with scratch("farm") as folder:
                    result = self._executor.run(job, accel, folder / "run", options, cancel=cancel)
                    return pack_result(job, result, folder / "run")
            except KtstrError as error:
                return pack_refusal(f"{error} (on {self.offer.host})")
            except Cancelled:
                return pack_loss()  # for a client that has not cancelled it: this worker is about to end
            finally:
                tell("ended")


def carry_out(key: str, topic: str, shipment: bytes) -> dict[str, Any]:
    """The task of a run, in a thread of a worker."""
    plugin = get_worker().plugins.get(NAME)
    if not isinstance(plugin, KtstrWorker):
        return pack_refusal(f"{get_worker().address} is a worker of Dask, and none of ktstr's")
    return plugin.run(key, topic, shipment)


def receive(ask: str, part: bytes | None, refused: str, dask_worker: Any) -> bool:
    """Take a part of the blob that was asked for as `ask`, None after the last; `refused` says why it will not come.

    False: nobody waits for it any more.
    """
    plugin = dask_worker.plugins.get(NAME)
    return isinstance(plugin, KtstrWorker) and plugin.incoming.take(ask, part, refused)
