"""A project's own build, which makes the scheduler: it runs once a session, and its failure shows its own output."""

from __future__ import annotations

import functools
import json
import os
import shlex
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.toolchain.guarded import run_guarded
from ktstr.toolchain.make import first_error

__all__ = ["BuildFailed", "build_folder", "run_once"]

# Files that mark the top folder of a project, or a folder with a build description.
_MARKS = ("Makefile", "GNUmakefile", "Cargo.toml", "meson.build", "CMakeLists.txt", "pyproject.toml", ".git")
_SHOWN_LINES = 60
_done: dict[tuple[Path, tuple[str, ...]], str] = {}
_lock = threading.Lock()  # the sweep prepares its programs in threads


class BuildFailed(KtstrError):
    """The project's build failed. Its message may have several lines: the reason, then what the build printed."""

    _one_line = False


def build_folder(declared_in: str) -> Path:
    """The folder in which to build: the nearest one, from the declaring file's upwards, that has a project's files."""
    start = Path(declared_in).absolute().parent if declared_in else Path.cwd()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return start


def run_once(command: Sequence[str], folder: Path) -> None:
    """Run a build, unless this session has run it already.

    A session is one process, or a pytest with its xdist workers: one of these builds, and the others wait. Raises
    BuildFailed if it failed: the first caller gets the end of its output, later ones one line.
    """
    key = (folder, tuple(command))
    with _lock:
        if key in _done:
            failure = _done[key]
        else:
            record = cache.cache_dir() / "project-builds" / f"{cache.digest(str(folder), *command)}.json"
            with cache.locked(record.with_suffix(".lock"), f"{shlex.join(command)} in {folder}"):
                if (known := _outcome_of(record)) is not None:
                    failure = known
                else:
                    failure, output = _build(command, folder)
                    record.write_text(json.dumps({"session": _session(), "failure": failure}))
                    if failure:
                        _done[key] = failure
                        raise BuildFailed("\n".join([failure, *_end_of(output)]))
            _done[key] = failure
    if failure:
        raise BuildFailed(failure)


@functools.cache
def _session() -> str:
    # xdist gives all workers of a run the same id. Otherwise, each process is its own session.
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


def _outcome_of(record: Path) -> str | None:
    """Why this session's build failed, empty if it succeeded; None if it has not run yet."""
    try:
        data = json.loads(record.read_text())
        return str(data["failure"]) if data["session"] == _session() else None
    except (OSError, ValueError, KeyError, TypeError):  # a kill may leave half a record
        return None


def _build(command: Sequence[str], folder: Path) -> tuple[str, str]:
    """Why the build failed (empty if it succeeded), and its whole output."""
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    name = shlex.join(command)
    environment = dict(os.environ)
    environment.pop("MAKEFLAGS", None)  # from a make that called us; its file descriptors are not ours
    try:
        with Progress(desc=name, unit=" lines") as bar:
            status, output = run_guarded(command, environment, lambda _: bar.update(), folder)
    except OSError as error:
        return f"build {name!r} in {folder}: {error.strerror}", ""
    if status == 0:
        return "", output
    log = cache.cache_dir() / "logs" / f"project-build-{cache.digest(str(folder), *command)}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"{name}\n{output}")
    ended = f"ended with status {status}" if status > 0 else f"was killed by signal {-status}"
    return f"build {name!r} in {folder} {ended}: {first_error(output)} (full log: {log})", output


def _end_of(output: str) -> list[str]:
    lines = output.rstrip().splitlines()
    left_out = len(lines) - _SHOWN_LINES
    return [f"... {left_out} earlier lines", *lines[-_SHOWN_LINES:]] if left_out > 0 else lines
