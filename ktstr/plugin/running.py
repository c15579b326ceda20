"""What runs at the moment, while it runs: a line that changes in a terminal, and a line each ten seconds elsewhere.

pytest takes hold of the output while a test runs in its own process, so what is said meanwhile has a descriptor of its
own.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import pytest

from ktstr.plugin.live import Going, failed_line, log_line, remaining_s, status_line
from ktstr.plugin.stage import stage_of, verdict_of
from ktstr.report.console import test_name
from ktstr.report.text import printable

__all__ = ["Running"]

_EVERY_S = 10.0
_REDRAWN_S = 0.5
_QUIET_S = 1.0  # a test that takes less needs no progress
_CLEAR = "\r\x1b[K"


class Running:
    """A pytest plugin of the process that talks to the user. Its thread ends with the session.

    `folder_of` is where the runs of a test write; `took_s` what tests took before, in seconds, by id.
    """

    def __init__(
        self,
        session: pytest.Session,
        kernel_ids: Collection[str],
        folder_of: Callable[[str], Path | None],
        took_s: Mapping[str, float],
    ) -> None:
        option = session.config.option
        self._terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        self._session = session
        self._kernel_ids = kernel_ids
        self._folder_of = folder_of
        self._took_s = dict(took_s)
        self._waiting: dict[str, None] = {}  # in order
        self._running: dict[str, float] = {}
        self._failed: dict[str, str] = {}  # what was said of those that run
        self._done = 0
        self._last = time.monotonic()
        self._drawn = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._under_xdist = session.config.pluginmanager.has_plugin("dsession")
        self._at_once = len(getattr(option, "tx", None) or [None])
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if self._terminal is None or option.verbose < 0:
            return
        self._out = _own_output(self._terminal)
        mixed = not self._under_xdist and option.capture == "no"  # a test writes into the line
        self._redraws = self._out.isatty() and os.environ.get("TERM") not in (None, "", "dumb") and not mixed
        self._thread.start()

    def expect(self, nodeids: Iterable[str]) -> None:
        """These tests will run."""
        with self._lock:
            self._waiting.update(dict.fromkeys(nodeids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self.expect(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        with self._lock:
            self._terminal_flush()  # what comes next is written past pytest's buffer
            now = time.monotonic()
            if not self._running:
                self._last = now
            self._running[nodeid] = now
            self._waiting.pop(nodeid, None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        # All of it, with the line that the recorder prints: the thread must not write into that.
        with self._lock:
            if report.when == "teardown":
                began = self._running.pop(report.nodeid, None)
                self._failed.pop(report.nodeid, None)
                self._done += 1
                self._last = time.monotonic()
                if began is not None:
                    self._took_s[report.nodeid] = self._last - began
            self._clear()
            try:
                return (yield)
            finally:
                self._terminal_flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_enter_pdb(self) -> None:
        self.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.close()

    def close(self) -> None:
        """Say nothing more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
            self._clear()

    def _watch(self) -> None:
        while not self._over.wait(min(_REDRAWN_S, _EVERY_S / 10)):
            # A log that nobody reads any more, or a full disk: the tests go on.
            with self._lock, suppress(OSError, ValueError):
                now = time.monotonic()
                if not self._running:
                    continue
                self._tell_failures(now)
                if self._redraws:
                    if self._drawn or now - min(self._running.values()) >= _QUIET_S:
                        self._draw(now)
                elif now - self._last >= _EVERY_S:
                    self._last = now
                    self._print(log_line(*self._state(now)))

    def _tell_failures(self, now: float) -> None:
        """Say of each test that failed what went wrong, while it is run again to show more."""
        for nodeid, began in self._running.items():
            folder = self._folder_of(nodeid)
            what = "" if folder is None else verdict_of(folder)
            if what and what != self._failed.get(nodeid):
                self._failed[nodeid] = what
                self._clear()
                name = test_name(nodeid, self._kernel_ids)
                self._print(printable(failed_line(name, now - began, what)))

    def _print(self, line: str) -> None:
        if self._under_xdist:
            self._terminal.ensure_newline()
            self._terminal_flush()
        print(line, file=self._out, flush=True)

    def _state(self, now: float) -> tuple[list[Going], int, int, float | None]:
        going = [
            Going(test_name(one, self._kernel_ids), now - began, self._stage(one))
            for one, began in self._running.items()
        ]
        total = max(self._session.testscollected, self._done + len(going))
        rest = list(self._waiting) or [""] * (total - self._done - len(going))
        times = {one: now - began for one, began in self._running.items()}
        return going, self._done, total, remaining_s(times, rest, self._took_s, self._at_once)

    def _stage(self, nodeid: str) -> str:
        folder = self._folder_of(nodeid)
        return "runs" if folder is None else stage_of(folder)

    def _draw(self, now: float) -> None:
        columns = shutil.get_terminal_size().columns - 1  # a full line would wrap
        print(_CLEAR + status_line(*self._state(now), columns), end="", file=self._out, flush=True)
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            self._drawn = False
            with suppress(OSError, ValueError):
                print(_CLEAR, end="", file=self._out, flush=True)

    def _terminal_flush(self) -> None:
        if self._terminal is not None:
            with suppress(OSError, ValueError):
                self._terminal.flush()


def _own_output(terminal: Any) -> TextIO:
    """Where the reporter writes, by a descriptor that pytest does not take hold of."""
    file: TextIO = terminal._tw._file
    try:
        return os.fdopen(os.dup(file.fileno()), "w", encoding=file.encoding or "utf-8", errors="replace")
    except (OSError, ValueError, AttributeError):  # no file of the system, as in tests of pytest plugins
        return file
