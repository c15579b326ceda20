"""Processes that hold cores of the host, some as another user, for the tests of the budget."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Holders", "until"]

# As user `uid`: holds `cores`, says so by a line with its name, and waits until its input ends.
_HOLDER = """
import os, sys
from ktstr.vm import budget
name, total, cores, uid, patience = sys.argv[1], *map(int, sys.argv[2:])
budget.allowed_cores = lambda: range(total)
budget._NOTICE_AFTER_S, budget._PATIENCE_S = 0, patience
if uid != os.getuid():
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
os.umask(0o077)
with budget.hold_cores(cores):
    print(name, flush=True)
    sys.stdin.read()
"""


class Holders:
    """Processes that hold cores of a host that has `total`; what they print is in `folder`."""

    def __init__(self, total: int, folder: Path) -> None:
        self.total, self.folder = total, folder
        self.said = folder / "said"
        self.said.touch()
        self.all: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, cores: int, cache: Path | None = None, uid: int | None = None, patience_s: int = 3600
    ) -> None:
        """Start one: of this user unless `uid` says another, with the cache that KTSTR_CACHE_DIR names unless
        `cache` does."""
        numbers = (self.total, cores, os.getuid() if uid is None else uid, patience_s)
        caches = {} if cache is None else {"KTSTR_CACHE_DIR": str(cache)}
        with self.said.open("ab") as said, self._errors(name).open("wb") as errors:
            self.all[name] = subprocess.Popen(
                [sys.executable, "-c", _HOLDER, name, *map(str, numbers)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=errors,
                env={**os.environ, **caches},
            )

    def order(self, count: int) -> list[str]:
        """Those that got their cores, in order, once they are `count`."""
        until(lambda: len(self.said.read_text().split()) >= count)
        return self.said.read_text().split()

    def complaint(self, name: str) -> str:
        """What a process has written to its standard error so far."""
        return self._errors(name).read_text()

    def waiting(self, name: str) -> bool:
        """Whether it waits in flock(2), according to /proc/locks: `1: -> FLOCK ADVISORY WRITE <pid> ...`."""
        waits = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
        return str(self.all[name].pid) in [line[5] for line in waits]

    def finish(self, name: str) -> None:
        """Make it release its cores and end."""
        process = self.all[name]
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0

    def end(self) -> None:
        """Kill those that are left."""
        for process in self.all.values():
            process.kill()
            process.wait()

    def _errors(self, name: str) -> Path:
        return self.folder / f"{name}.err"


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this has to become true"
        time.sleep(0.01)
