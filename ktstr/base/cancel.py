"""Cancellation: a token that one thread sets and another, which runs something long, obeys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Cancel", "Cancelled"]


class Cancelled(Exception):
    """What was running was cancelled from outside. It is not a verdict and not a KtstrError: nothing was wrong."""


class Cancel:
    """A token to stop a run with. Thread-safe; once cancelled it stays cancelled."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._cancelled = False
        self._stops: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop whatever the token was given to. Calling it again does nothing."""
        with self._lock:
            self._cancelled = True
            for stop in self._stops:
                stop()
            self._stops.clear()

    def check(self) -> None:
        """Raise Cancelled if the token is cancelled."""
        if self._cancelled:
            raise Cancelled("the run was cancelled")

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Have `cancel` call `stop` during the block, which then raises Cancelled in place of whatever ended it.

        `stop` is called at once if the token is cancelled already. It runs in the thread that cancels, so it must not
        block; it makes whatever the block waits for end.
        """
        with self._lock:
            if self._cancelled:
                stop()
            else:
                self._stops.append(stop)
        try:
            try:
                yield
            finally:
                with self._lock:
                    if stop in self._stops:
                        self._stops.remove(stop)
        except Exception:
            self.check()  # whatever a process reports that was killed for this is not the reason
            raise
        self.check()
