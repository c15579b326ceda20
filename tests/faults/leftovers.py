"""What a run leaves: processes, mounts, and files that are not whole."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from ktstr.base import seal
from ktstr.base.upkeep import remove_rest

__all__ = ["MARK", "Process", "broken_files", "mounts", "processes", "remaining", "rest_of_kills"]

MARK = "KTSTR_FAULTS_RUN"
"""The environment variable that every process of a run inherits."""

_GONE_S = 20.0  # the kernel ends orphans at once; this is for a host that is busy
_POLL_S = 0.02
# The last is a file that was to replace another: `sizes.json-new-<process>-<thread>`.
_UNFINISHED = re.compile(r"\.(partial|part|removed|tmp)$|-new-\d+-\d+$")


@dataclass(frozen=True)
class Process:
    """A live process: its number, the clock ticks of its start, which tell it from a later one, and its command."""

    pid: int
    started: int
    command: tuple[str, ...]

    def kill(self) -> bool:
        """Send SIGKILL; False if it has ended."""
        with suppress(OSError):
            if _started(self.pid) == self.started:
                os.kill(self.pid, signal.SIGKILL)
                return True
        return False


def processes(mark: str) -> list[Process]:
    """The live processes that bear this mark, but not the one that asks."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):  # it ended, or is another user's
            pid = int(folder.name)
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append(Process(pid, _started(pid), tuple(command)))
    return found


def _started(pid: int) -> int:
    """When a process started (proc(5), stat, field 22). OSError if it is gone or only waits to be reaped."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise ProcessLookupError
    return int(fields[19])


def remaining(mark: str) -> list[Process]:
    """The processes with this mark that do not end by themselves."""
    deadline = time.monotonic() + _GONE_S
    while (left := processes(mark)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return left


def mounts(below: Path) -> list[str]:
    """What is mounted below a folder."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in points if Path(point).is_relative_to(below)]


def broken_files(cache: Path, target: Path) -> list[str]:
    """The entries of a cache that are in place and not whole, and the JSON files that cannot be read."""
    broken = []
    for entry in cache.glob("*/*"):
        sealed = entry.is_dir() and not entry.name.startswith(".") and seal.is_sealed(entry)
        if sealed and (damage := seal.damage(entry, whole=True)):
            broken.append(f"{entry.relative_to(cache)}: {damage}")
    for path in [*cache.glob("*.json"), *cache.glob("*/*.json"), *target.rglob("*.json")]:
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            broken.append(f"{path.name}: {error}")
    return broken


def rest_of_kills(cache: Path, target: Path, temporary: Path) -> list[str]:
    """What killed processes left that the upkeep of the cache and a later run do not remove."""
    _make_old(temporary.iterdir())
    _make_old(path for path in cache.rglob("*") if _UNFINISHED.search(path.name))
    settings = {"KTSTR_CACHE_DIR": str(cache)}
    with mock.patch.dict(os.environ, settings), mock.patch.object(tempfile, "tempdir", str(temporary)):
        remove_rest()
    left = [path for path in temporary.iterdir() if not path.name.startswith("pytest-of-")]
    left += [path for path in cache.rglob("*") if _UNFINISHED.search(path.name)]
    for mark in (".lock", ".use", ".seal"):
        left += [path for path in cache.glob(f"*/.*{mark}") if not _entry_of(path).exists()]
    left += list((target / "ktstr" / ".staging").glob("*"))
    left += [path for path in target.rglob("*") if _UNFINISHED.search(path.name)]
    return sorted(str(path.relative_to(cache.parent)) for path in left)


def _make_old(paths: Iterable[Path]) -> None:
    """Let them look as if they were left minutes ago: the upkeep spares new ones."""
    before = time.time() - 600
    for path in paths:
        os.utime(path, (before, before))


def _entry_of(companion: Path) -> Path:
    return companion.with_name(companion.name[1:].rpartition(".")[0])
