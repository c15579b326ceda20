"""What runs at the moment, a line each ten seconds: a session of slow guests is not silent.

Only under xdist. In a session of one process pytest takes hold of the output while a test runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Generator
from typing import Any

import pytest

from ktstr.report.console import test_name

__all__ = ["Running", "running_line"]

_EVERY_S = 10.0
_SHOWN = 4


def running_line(running: dict[str, float], now: float, done: int, total: int) -> str:
    """`... 1 of 3 done; running: smoke for 12 s`: those that began first are named, by their starts in `running`."""
    oldest = sorted(running.items(), key=lambda one: one[1])
    named = ", ".join(f"{name} for {now - began:.0f} s" for name, began in oldest[:_SHOWN])
    more = f" and {len(oldest) - _SHOWN} more" if len(oldest) > _SHOWN else ""
    return f"... {done} of {total} done; running: {named}{more}"


class Running:
    """A pytest plugin of the controller's process. `close` ends its thread."""

    def __init__(self, session: pytest.Session, kernel_ids: Collection[str]) -> None:
        self._terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        self._session = session
        self._kernel_ids = kernel_ids
        self._running: dict[str, float] = {}
        self._done = 0
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if self._terminal is not None and session.config.option.verbose >= 0:
            self._thread.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        with self._lock:
            now = time.monotonic()
            if not self._running:
                self._last = now
            self._running[nodeid] = now

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        # All of it, with the line that the recorder prints: the thread must not write into that.
        with self._lock:
            if report.when == "teardown":
                self._running.pop(report.nodeid, None)
                self._done += 1
                self._last = time.monotonic()
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S / 10):
            with self._lock:
                now = time.monotonic()
                if self._running and now - self._last >= _EVERY_S:
                    self._last = now
                    named = {test_name(one, self._kernel_ids): at for one, at in self._running.items()}
                    total = max(self._session.testscollected, self._done + len(named))
                    self._terminal.ensure_newline()
                    self._terminal.write_line(running_line(named, now, self._done, total))
