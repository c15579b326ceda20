"""What else happens on a host while guests run: other load, and with it killed emulators and vanished templates."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from ktstr.base import cache
from ktstr.base.process import child_dies_with_us
from ktstr.base.upkeep import evict_entry
from ktstr.vm.qemu.template import KIND

__all__ = ["Disturbance"]

_SPIN = "while True: pass"
_PAGES = "b = bytearray(1 << 30)\nwhile True:\n for i in range(0, len(b), 4096): b[i] = 1"
_MOST_SPINNERS = 2 * len(os.sched_getaffinity(0))
_NICENESS = range(5, 20)
"""Each spinner draws its own, below that of the guests, so that what is left to one changes and never ends."""
_ROUGH = 0.03
"""How often a change of the load comes with a killed emulator, and how often with a removed template."""


class Disturbance:
    """Changes the load of the host every few seconds, and with `rough` also kills guests and removes templates.

    It touches only emulators that this process started, and templates that `seen` was told of. `seed` decides what
    happens in which order; when it happens is the host's.
    """

    def __init__(self, seed: int, *, rough: bool) -> None:
        self.changes = self.stopped = self.killed = self.removed = 0
        self._random = Random(seed)
        self._rough = rough
        self._spinners: list[subprocess.Popen[bytes]] = []
        self._templates: set[str] = set()
        self._over = threading.Event()

    def seen(self, template: str) -> None:
        """A guest was cloned from the template with this key."""
        self._templates.add(template)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Disturb during the block."""
        thread = threading.Thread(target=self._disturb)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._set_load(0)

    def __str__(self) -> str:
        told = f"the load changed {self.changes} times, {self.stopped} emulators were stopped for a moment"
        if self._rough:
            told += f", {self.killed} were killed, {self.removed} templates were removed"
        return told

    def _disturb(self) -> None:
        while not self._over.wait(self._random.uniform(1, 6)):
            self._set_load(self._random.randint(0, _MOST_SPINNERS))
            self.changes += 1
            self._stop_one()
            if self._rough and self._random.random() < _ROUGH:
                self._kill_one()
            if self._rough and self._random.random() < _ROUGH:
                self._remove_one()

    def _set_load(self, count: int) -> None:
        for spinner in self._spinners:
            spinner.kill()
            spinner.wait()
        program = _PAGES if count == 1 else _SPIN
        self._spinners = [
            subprocess.Popen(
                ["nice", "-n", str(self._random.choice(_NICENESS)), sys.executable, "-c", program],
                preexec_fn=child_dies_with_us(),
            )
            for _ in range(count)
        ]

    def _stop_one(self) -> None:
        for pid in self._emulator():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                self._over.wait(self._random.uniform(0, 0.5))
                os.kill(pid, signal.SIGCONT)
                self.stopped += 1

    def _kill_one(self) -> None:
        for pid in self._emulator():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1

    def _remove_one(self) -> None:
        if self._templates:
            key = self._random.choice(sorted(self._templates))
            self.removed += any(evict_entry(one) for one in cache.entries(KIND) if one.key == key)

    def _emulator(self) -> list[int]:
        """One emulator below this process, or none."""
        found = sorted(pid for pid in _descendants(os.getpid()) if _name(pid).startswith("qemu"))
        return [self._random.choice(found)] if found else []


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text()
    return ""
