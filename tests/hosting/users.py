"""Sessions of other users of this machine, and a count of their guests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from outside import outside

__all__ = ["USERS", "Guests", "as_user", "python_for_all"]

USERS = (54321, 54322)  # need not be in /etc/passwd


def as_user(user: int, *command: str | Path, cwd: Path, **settings: str) -> subprocess.Popen[str]:
    """Start a command that is not root's, on one core; what it prints is in its `stdout`."""
    core = min(os.sched_getaffinity(0))
    return subprocess.Popen(
        ["taskset", "-c", str(core), *map(str, command)],
        cwd=cwd,
        env={**outside(), "LOGNAME": f"user{user}", **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=user,
        group=user,
        extra_groups=[],
    )


def python_for_all(folder: Path) -> str:
    """A Python that other users may run, too: this one may be in root's home."""
    new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError):
            if as_user(USERS[0], Path(python).resolve(strict=True), "-c", new_enough, cwd=folder).wait() == 0:
                return python
    pytest.skip("no Python is where other users may run it")


class Guests(threading.Thread):
    """Counts the users' QEMUs a hundred times a second: `most` at once, and those `seen` of each user."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.seen: dict[int, set[str]] = {user: set() for user in USERS}
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.01):
            now = 0
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    owner = process.stat().st_uid
                    if owner in self.seen and (process / "comm").read_text().startswith("qemu-system"):
                        self.seen[owner].add(process.name)
                        now += 1
            self.most = max(self.most, now)
