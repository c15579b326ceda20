"""The runs of one worker: each has a token that stops it, from the moment on at which the worker means to begin it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ktstr.base.cancel import Cancel

__all__ = ["Runs"]


class Runs:
    """The tokens of runs that a worker has begun, by the run's key. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._live = 0
        self._tokens: dict[str, Cancel] = {}
        self._closed = False

    def expect(self, key: str) -> None:
        """A thread will run this soon; it may be stopped even before it does."""
        with self._lock:
            self._tokens[key] = token = Cancel()
        if self._closed:
            token.cancel()

    def stop(self, key: str) -> None:
        """Nobody waits for this run any more."""
        with self._lock:
            token = self._tokens.get(key)
        if token is not None:
            token.cancel()

    def forget(self, key: str) -> None:
        """It is over, or was never a run."""
        with self._lock:
            self._tokens.pop(key, None)

    def close(self) -> None:
        """Stop all runs, and those to come."""
        with self._lock:
            self._closed = True
            tokens = list(self._tokens.values())
        for token in tokens:
            token.cancel()

    def wait(self, seconds: float) -> None:
        """Until no run is under way any more, at most so long."""
        with self._lock:
            self._lock.wait_for(lambda: not self._live, seconds)

    @contextmanager
    def running(self, key: str) -> Iterator[Cancel]:
        """The token of a run, for as long as it runs."""
        with self._lock:
            token = self._tokens.setdefault(key, Cancel())
            self._live += 1
        if self._closed:
            token.cancel()
        try:
            yield token
        finally:
            with self._lock:
                if self._tokens.get(key) is token:
                    del self._tokens[key]
                self._live -= 1
                self._lock.notify_all()
