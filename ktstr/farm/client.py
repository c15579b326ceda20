"""A client's connection to a scheduler: what its workers offer, runs on them, and the blobs that they ask for."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import distributed

from ktstr.base.errors import KtstrError
from ktstr.farm.address import Address
from ktstr.farm.offer import PROTOCOL, Offer, offer_of_json
from ktstr.farm.scheduler import free_elsewhere, offers_of_workers
from ktstr.farm.worker import carry_out, receive

__all__ = ["Begun", "Connection", "Watched", "connect"]

_CONNECT_S = 10
_PART_BYTES = 4 << 20
_SENDERS = 2  # blobs that are sent at the same time


@dataclass(frozen=True)
class Begun:
    """A worker has begun a run: its host, its address, and when, in time.monotonic()'s seconds."""

    host: str
    worker: str
    at: float


@dataclass
class Watched:
    """A run that was submitted. `begun` has the workers that have begun it, in order: more than one if some were lost.

    `changed` is set whenever something happens to it, `ended` once a worker has let go of it.
    """

    key: str
    future: Any = None
    begun: list[Begun] = field(default_factory=list)
    changed: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def hosts(self) -> list[str]:
        """The hosts of the workers that have begun it."""
        return [one.host for one in self.begun]


class Connection:
    """A client of a scheduler. Thread-safe."""

    def __init__(self, address: Address, client: Any) -> None:
        self.address = address
        self._client = client
        self._topic = f"ktstr-{client.id}"
        self._lock = threading.Lock()
        self._watched: dict[str, Watched] = {}
        self._blobs: dict[str, tuple[Path, int]] = {}  # and how many runs need it
        self._workers: frozenset[str] = frozenset()
        self._seen = 0.0
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="ktstr-blobs")
        client.subscribe_topic(self._topic, self._heard)

    @property
    def lost(self) -> bool:
        """Whether the scheduler is gone."""
        return bool(self._client.status != "running")

    def offers(self) -> list[Offer]:
        """What each of ktstr's workers offers; those of another protocol do not count. KtstrError if it is lost."""
        seen = time.monotonic()
        try:
            workers = self._client.run_on_scheduler(offers_of_workers)
        except (OSError, distributed.core.CommClosedError, TimeoutError, ValueError) as error:
            raise KtstrError(f"executor {self.address}: the scheduler does not answer: {error}") from None
        except ImportError as error:
            raise KtstrError(
                f"executor {self.address}: the scheduler lacks this ktstr: {error}; install it there, too"
            ) from None
        self._workers, self._seen = frozenset(workers), seen
        found = []
        for worker in workers.values():
            with suppress(KeyError, TypeError):
                offer = offer_of_json(worker)
                if offer.protocol == PROTOCOL:
                    found.append(offer)
        return found

    def gone(self, begun: Begun) -> bool:
        """Whether a worker that has begun a run was no worker any more when the offers were last looked at."""
        return begun.at < self._seen and begun.worker not in self._workers

    def free_elsewhere(self, watched: Watched, amounts: Mapping[str, float]) -> str | None:
        """The worker at which a run that waits could begin, by its address; None if there is none that is better."""
        try:
            found = self._client.run_on_scheduler(free_elsewhere, watched.key, dict(amounts))
        except (
            Exception
        ):  # the scheduler is lost, or of a version that it cannot be asked; then nothing is gained
            return None
        return str(found) if found else None

    def submit(
        self, watched: Watched, amounts: Mapping[str, float], shipment: bytes, where: str = ""
    ) -> None:
        """Have a worker that has these `amounts`, or the one at the address `where`, carry out what is shipped."""
        with self._lock:
            self._watched[watched.key] = watched
        watched.future = self._client.submit(
            carry_out,
            *(watched.key, self._topic, shipment),
            key=watched.key,
            resources=dict(amounts),
            workers=[where] if where else None,
            pure=False,
        )
        watched.future.add_done_callback(lambda _: watched.changed.set())

    def forget(self, watched: Watched) -> None:
        """Let go of a run: a worker that still runs it ends it."""
        with self._lock:
            self._watched.pop(watched.key, None)
        if watched.future is not None:
            with suppress(OSError, distributed.core.CommClosedError, TimeoutError):
                if not watched.future.done():
                    watched.future.cancel()
                watched.future.release()

    @contextmanager
    def offering(self, blobs: Mapping[str, Path]) -> Iterator[None]:
        """Send these blobs to workers that ask for them, during the block. No other file is ever sent."""
        with self._lock:
            for sha256, path in blobs.items():
                self._blobs[sha256] = (path, self._blobs.get(sha256, (path, 0))[1] + 1)
        try:
            yield
        finally:
            with self._lock:
                for sha256 in blobs:
                    path, count = self._blobs[sha256]
                    if count > 1:
                        self._blobs[sha256] = (path, count - 1)
                    else:
                        del self._blobs[sha256]

    def close(self) -> None:
        """Leave the scheduler."""
        self._senders.shutdown(wait=False, cancel_futures=True)
        with suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=2)

    def _heard(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """A worker's event, in the client's event loop, which must not be kept."""
        message = event[1]
        with self._lock:
            watched = self._watched.get(message["run"])
        if message["what"] == "ask":
            with suppress(RuntimeError):  # closed
                self._senders.submit(self._send, message["sha256"], message["ask"], message["worker"])
        elif watched is None:
            return
        elif message["what"] == "started":
            watched.ended.clear()
            watched.begun.append(Begun(message["host"], message["worker"], time.monotonic()))
            watched.changed.set()
        elif message["what"] == "ended":
            watched.ended.set()

    def _send(self, sha256: str, ask: str, worker: str) -> None:
        """Send a blob to the worker that asked for it, in parts."""
        with self._lock:
            path, _ = self._blobs.get(sha256, (None, 0))
        if path is None:
            self._part(ask, None, "it is no blob of a run that was asked for", worker)
            return
        try:
            with path.open("rb") as file:
                while part := file.read(_PART_BYTES):
                    if not self._part(ask, part, "", worker):
                        return
            self._part(ask, None, "", worker)
        except OSError as error:
            self._part(ask, None, f"{path}: {error.strerror}", worker)

    def _part(self, ask: str, part: bytes | None, refused: str, worker: str) -> bool:
        try:
            answers = self._client.run(receive, ask, part, refused, workers=[worker])
        except Exception:  # the worker is gone, in one of many ways; its run is lost, which is told elsewhere
            return False
        return bool(answers.get(worker))


def connect(address: Address) -> Connection:
    """A connection to the scheduler; KtstrError if none answers."""
    # What goes wrong is told by us, once.
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Nothing that travels depends on a version of Python.
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    try:
        client = distributed.Client(address.of_dask, timeout=_CONNECT_S, name="ktstr", set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise KtstrError(
            f"executor {address}: no scheduler answers there: {error}; start one with `dask scheduler`"
        ) from None
    return Connection(address, client)
