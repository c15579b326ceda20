"""A session's dealings with the remote cache: what was found, and whether the store is still asked.

A session is a pytest with its workers, a sweep, or any other command. Its processes share a folder of the cache: a file
of lines, one for each thing that was asked for, and a file for each direction that is off, which holds the reason.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

__all__ = ["KIND", "SESSION", "Counts", "Session", "begin", "counts", "last_session", "session_name"]

KIND = "remote"
"""The name of the cache's folder of sessions."""
SESSION = "KTSTR_REMOTE_CACHE_SESSION"
"""The environment variable by which the processes of a session know their folder."""
_LOG = "asked"
_MOST_FAILURES = 2
_MOST_VAIN_S = 60.0
_KEPT = 5  # sessions, and those of a day
_YOUNG_S = 86_400.0


@dataclass(frozen=True)
class Counts:
    """What a session had of the store, in entries and bytes, what it gave to it, and why it went on without it."""

    hits: int = 0
    misses: int = 0
    bytes: int = 0
    written: int = 0
    written_bytes: int = 0
    off: str = ""


class Session:
    """The session called `name`, whose folder is in the cache at `root`.

    It is kept on a disk that may be full or read-only; then each process knows what it did itself.
    """

    def __init__(self, root: Path, name: str, address: str) -> None:
        self._folder = root / KIND / name
        self._address = address
        self._off: dict[str, str] = {}
        self._failures = 0
        self._vain_s = 0.0
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _forget_old(root / KIND)

    def is_on(self, direction: str = "read") -> bool:
        """Whether the store is still asked (`read`) or written to (`write`): no process of the session gave it up."""
        return direction not in self._off and not (self._folder / f"{direction}-off").exists()

    def had(self, size: int) -> None:
        """Count something that the store had, of so many bytes."""
        self._note(f"hit {size}")

    def missed(self, seconds: float) -> None:
        """Count something that the store does not have; the answer took `seconds`.

        A store at which a minute was spent for nothing is not asked any more.
        """
        self._note("miss 0")
        self._vain_s += seconds
        if self._vain_s > _MOST_VAIN_S:
            self.give_up(f"it is slow: {self._vain_s:.0f} s were spent on what it does not have")

    def wrote(self, size: int) -> None:
        """Count something that was given to the store."""
        self._note(f"written {size}")

    def failed(self, why: str, *, told: bool = False, direction: str = "read") -> None:
        """Count a failure; the second one is the last. `told` says the first one, too."""
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self.give_up(why, direction)
        elif told:
            self._say(f"{why}; left out")

    def give_up(self, why: str, direction: str = "read") -> None:
        """Ask no more, or write no more, in any process of this session. The first process that does so says why."""
        if not self.is_on(direction):
            return
        self._off[direction] = why
        try:
            with (self._folder / f"{direction}-off").open("x", encoding="utf-8") as file:
                file.write(why)
        except FileExistsError:
            return
        except OSError:
            pass
        self._say(f"{why}; {'not asked' if direction == 'read' else 'not written to'} again in this session")

    def _say(self, text: str) -> None:
        print(f"ktstr: remote cache {self._address}: {text}", file=sys.stderr, flush=True)

    def _note(self, line: str) -> None:
        # Appended in one write, so that processes do not get into each other's lines.
        with suppress(OSError), (self._folder / _LOG).open("a", encoding="ascii") as file:
            file.write(f"{line}\n")


def begin(name: str) -> None:
    """Begin the session called `name`: this process and those that it starts."""
    os.environ[SESSION] = name


def session_name() -> str:
    """The name of this process's session: what `begin` said, else a name of its own."""
    return os.environ.get(SESSION) or f"{_STARTED}-{os.getpid()}"


_STARTED = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def counts(root: Path, name: str) -> Counts:
    """What the processes of the session called `name` counted so far."""
    found: dict[str, int] = {field.name: 0 for field in fields(Counts) if field.name != "off"}
    folder = root / KIND / name
    with suppress(OSError):
        for line in (folder / _LOG).read_text(encoding="ascii", errors="replace").splitlines():
            what, _, size = line.partition(" ")
            names = {
                "hit": ("hits", "bytes"),
                "miss": ("misses", ""),
                "written": ("written", "written_bytes"),
            }
            count, total = names.get(what, ("", ""))
            if count and size.isdecimal():
                found[count] += 1
                if total:
                    found[total] += int(size)
    return Counts(**found, off="; ".join(_reasons(folder)))


def last_session(root: Path) -> Counts | None:
    """The newest session that asked the store for something, or gave up; None if there is none."""
    with suppress(OSError):
        for folder in _newest_first(root / KIND):
            if (found := counts(root, folder.name)) != Counts():
                return found
    return None


def _reasons(folder: Path) -> list[str]:
    found = []
    for direction in ("read", "write"):
        with suppress(OSError):
            found.append((folder / f"{direction}-off").read_text(encoding="utf-8", errors="replace"))
    return found


def _forget_old(folder: Path) -> None:
    """Remove the sessions of days ago; there may be more than a few at the same time."""
    for old in _newest_first(folder)[_KEPT:]:
        if time.time() - old.stat().st_mtime > _YOUNG_S:
            shutil.rmtree(old, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(
        (one for one in folder.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime, reverse=True
    )
