"""Run directories: `target/ktstr/<kernel>-<commit>[-dirty]`, which lead to runs that appear whole and stay.

A session writes below `.staging/<name>/<kernel>/` and at its end moves each kernel's directory into the history.
Each process of it holds a shared flock on `.staging/<name>.lock`, which the kernel releases when the process
dies: a staging directory that nobody holds was left by a killed session.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ktstr.base.cache import locked
from ktstr.base.results import cannot_write, open_results, results_dir
from ktstr.base.whole_file import remove_unfinished
from ktstr.report.github import in_github
from ktstr.report.history import RUN, keep_run, link_newest, stamp_of, started_of
from ktstr.report.sidecar import SCHEMA, write_json

__all__ = [
    "RUN_SUFFIX",
    "Project",
    "Published",
    "Staging",
    "project_of",
    "recover",
    "run_dir",
]

RUN_SUFFIX = "KTSTR_RUN_SUFFIX"
"""The environment variable whose value, if set, is appended to the names of a session's run directories."""

_SESSION = "session.json"
_NOTHING: Mapping[str, Mapping[str, object]] = {}
_UNSAFE = re.compile(r"[^A-Za-z0-9_.+~-]+")


@dataclass(frozen=True)
class Project:
    """The state of the user's project: its commit (None: no repository), whether it has changes that are in no
    commit, and its branch (None: not known)."""

    commit: str | None
    dirty: bool
    branch: str | None = None

    @property
    def label(self) -> str:
        """How run directories name it: `1a2b3c4`, `1a2b3c4-dirty`, or `nogit`."""
        if self.commit is None:
            return "nogit"
        return self.commit[:7] + ("-dirty" if self.dirty else "")


def project_of(root: Path) -> Project:
    """The project that `root` belongs to. Untracked files count as changes unless ignored."""
    # One process: a library that asks git the same imports and starts for a third of a second, in every run.
    command = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-C",
        str(root),
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=all",
        "-z",
    ]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # it may not write to the index of a project
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except OSError:  # there is no git
        return Project(None, False)
    if done.returncode:
        return Project(None, False)
    # git-status(1): "# branch.oid <commit>" or "(initial)"; then a line for each change.
    lines = done.stdout.decode(errors="replace").split("\0")
    oid = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if oid == "(initial)":
        return Project(None, False)
    # Python's own byte code is not a change of the project, whatever its ignore rules say.
    changes = [line for line in lines if line and not line.startswith("# ")]
    changes = [line for line in changes if not (line.startswith("? ") and "__pycache__/" in line)]
    return Project(oid, bool(changes), _branch(lines))


def _branch(lines: Sequence[str]) -> str | None:
    """The branch that is checked out; on a runner of GitHub, which checks out commits, the one that it builds."""
    head = next(
        (line.removeprefix("# branch.head ") for line in lines if line.startswith("# branch.head ")), None
    )
    if head not in (None, "(detached)"):
        return head
    return (
        (os.environ.get("GITHUB_HEAD_REF") or os.environ.get("GITHUB_REF_NAME") or None)
        if in_github()
        else None
    )


def run_dir(root: Path, version: str, label: str, suffix: str) -> Path:
    """Where a session with this RUN_SUFFIX has its results of a kernel; `label` is the project's."""
    return results_dir(root) / f"{version}-{label}-{suffix}"


@dataclass(frozen=True)
class Published:
    """A run in its place for ever. `folder` is the name it had in the staging directory."""

    folder: str
    path: Path


class Staging:
    """Where the session `name` of the project at `root` writes until it ends.

    The process that owns the session calls `open` before and `publish` or `discard` after; a worker calls
    `hold` and writes to a `folder`.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.results = results_dir(root)
        self.path = self.results / ".staging" / name
        self._started = datetime.now(UTC)
        self._lock = -1
        self._label = ""

    def open(self, project: Project) -> None:
        """Create it. KtstrError if the results directory cannot be written."""
        open_results(self.root)
        suffix = os.environ.get(RUN_SUFFIX)
        self._label = project.label + (f"-{_UNSAFE.sub('-', suffix)}" if suffix else "")
        try:
            self.hold()
            self.path.mkdir(exist_ok=True)  # a worker may have been first
            write_json(self.path / _SESSION, {"label": self._label, "started": self._started.isoformat()})
        except OSError as error:
            self.discard()
            raise cannot_write(self.results, error) from error

    def hold(self) -> None:
        """Mark it as in use for as long as this process lives, so that no other takes it for abandoned."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(_lock_of(self.path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def folder(self, version: str) -> Path:
        """The directory of the kernel `version`. It may not be there yet."""
        return self.path / _UNSAFE.sub("-", version)

    def published_text(self, text: str) -> str:
        """`text` with the paths in it as they will be after `publish`."""
        folder = re.compile(f"{re.escape(str(self.path))}/([^/\\s]+)")
        stamp = stamp_of(self._started)
        return folder.sub(lambda match: f"{self.results}/history/{match[1]}-{self._label}/{stamp}", text)

    def publish(
        self, about: Mapping[str, object], tests: Mapping[str, Mapping[str, object]] = _NOTHING
    ) -> list[Published]:
        """Move every kernel's directory to its place in the history, and let a link of its name lead there.

        `about` is written to each as `run.json`, with the name, the time of start and the folder's own `tests`. Call it
        once `open`ed.
        """
        published = []
        with locked(self.results / ".lock", "another session moving its results into place"):
            for folder in _folders(self.path):
                name = f"{folder.name}-{self._label}"
                own = {"tests": tests[folder.name]} if folder.name in tests else {}
                started = self._started.isoformat()
                write_json(folder / RUN, {"schema": SCHEMA, "name": name, "started": started, **about, **own})
                place = keep_run(self.results, folder, name, stamp_of(self._started))
                link_newest(self.results, name, place)
                published.append(Published(folder.name, place))
        self.discard()
        return published

    def discard(self) -> None:
        """Remove it, and release the lock."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            _lock_of(self.path).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1


def recover(root: Path) -> list[Path]:
    """Move what killed sessions left to the history; returns where it lies now.

    KtstrError if the results directory cannot be written.
    """
    results = results_dir(root)
    moved: list[Path] = []
    try:
        left = _folders(results / ".staging")
        if not left:
            return moved
        with locked(results / ".lock", "another session moving its results into place"):
            for staging in left:
                with _abandoned(_lock_of(staging)) as abandoned:
                    if abandoned:
                        moved += _keep(results, staging)
    except OSError as error:
        raise cannot_write(results, error) from error
    return moved


def _lock_of(staging: Path) -> Path:
    # Beside it, not inside: it is held before the directory is there, so a new session never looks dead.
    return staging.with_name(f"{staging.name}.lock")


@contextmanager
def _abandoned(lock: Path) -> Iterator[bool]:
    """Whether nobody holds the lock file; if so it is held within, and removed after."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
        lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _keep(results: Path, staging: Path) -> list[Path]:
    """Move what an abandoned staging directory holds to the history, and remove it."""
    label = _read(staging / _SESSION).get("label", "unknown")
    stamp = started_of(staging / _SESSION, staging)
    remove_unfinished(staging)
    moved = [
        keep_run(results, folder, f"{folder.name}-{label}", f"{stamp}-interrupted")
        for folder in _folders(staging)
        if any(folder.iterdir())
    ]
    shutil.rmtree(staging, ignore_errors=True)
    return moved


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []


def _read(path: Path) -> dict[str, object]:
    try:
        data = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
