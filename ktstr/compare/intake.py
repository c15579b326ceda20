"""Runs of other machines, such as CI's artifacts, taken into this project's history once they were looked over.

What is in such a folder was written by others: only plain files come along, of bounded number and size, below their
run's folder, and each sidecar has the schema.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ktstr.base.cache import locked
from ktstr.base.errors import KtstrError
from ktstr.base.results import cannot_write, open_results
from ktstr.base.values import shown
from ktstr.compare.runs import Part, read_part
from ktstr.compare.sidecars import sidecars_of
from ktstr.report.history import RUN, keep_run, runs_of, stamp_of
from ktstr.report.sidecar import write_json

__all__ = ["LIMITS", "Limits", "Taken", "import_runs"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+~-]{0,127}")


@dataclass(frozen=True)
class Limits:
    """What one import may bring at most."""

    files: int = 200_000
    """Files."""
    file_bytes: int = 256 << 20
    """Bytes of a file."""
    bytes: int = 4 << 30
    """Bytes of all files."""


LIMITS = Limits()
"""Those of `ktstr runs --import`; a run of 500 tests has some 1,500 files and 60 MB."""


@dataclass(frozen=True)
class Taken:
    """A folder of a run that was imported."""

    source: Path
    """Where it came from."""
    place: Path
    """Where it is in the history."""
    new: bool
    """False if it was there already."""


def import_runs(root: Path, folder: Path, limits: Limits = LIMITS) -> list[Taken]:
    """Copy all runs in `folder` to the history of the project at `root`. Nothing is copied if one is refused.

    KtstrError, naming the file, for one that is refused, if there is no run, and if the history cannot be written.
    """
    if not folder.is_dir():
        raise KtstrError(f"--import {folder}: must be a folder with runs in it")
    files = _files_by_run(folder, limits)
    parts = [_checked(run) for run in files]
    if not parts:
        raise KtstrError(f"--import {folder}: no run is in there; a run has a {RUN}")
    results = open_results(root)
    try:
        with locked(results / ".lock", "another session moving its results into place"):
            return _take(root, results, [(part, files[part.path]) for part in parts])
    except OSError as error:
        raise cannot_write(results, error) from error


def _files_by_run(folder: Path, limits: Limits) -> Mapping[Path, Sequence[Path]]:
    """The files of each run below, once their number and sizes are known to be within the limits."""
    found: dict[Path, list[Path]] = {}
    run: Path | None = None
    count = total = 0
    for where, folders, names in os.walk(folder, onerror=_refuse):  # it follows no link
        folders.sort()
        here = Path(where)
        if run is None or not here.is_relative_to(run):
            run = here if RUN in names else None
        if run is None:
            continue  # links beside the history lead into it
        for path in sorted(here / name for name in (*folders, *names)):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            if not stat.S_ISREG(status.st_mode):
                raise KtstrError(f"--import {path}: must be a plain file, neither a link nor a device")
            count, total = count + 1, total + status.st_size
            if status.st_size > limits.file_bytes:
                raise KtstrError(
                    f"--import {path}: {status.st_size} bytes: must be {limits.file_bytes} at most"
                )
            if count > limits.files or total > limits.bytes:
                raise KtstrError(
                    f"--import {folder}: must have at most {limits.files} files and {limits.bytes} bytes in all"
                )
            found.setdefault(run, []).append(path)
    return found


def _refuse(error: OSError) -> None:
    raise KtstrError(f"--import {error.filename}: {error.strerror}") from None


def _checked(folder: Path) -> Part:
    part = read_part(folder)
    where = f"--import {folder / RUN}"
    if not _NAME.fullmatch(part.name):
        raise KtstrError(
            f"{where}: name: {shown(part.name)}: must be letters, digits and _ . + ~ -, 128 at most"
        )
    try:
        begun = datetime.fromisoformat(str(part.about["started"]))
        if begun.tzinfo is None:
            raise ValueError
        stamp_of(begun)
    except (ValueError, OverflowError):
        raise KtstrError(
            f"{where}: started: {shown(part.about['started'])}: must be a time with its zone, ISO 8601"
        ) from None
    sidecars_of(folder)
    return part


def _take(root: Path, results: Path, parts: Sequence[tuple[Part, Sequence[Path]]]) -> list[Taken]:
    there = {(part.name, part.started): part.path for part in _kept(root)}
    taken = []
    for part, files in parts:
        key = (part.name, part.started)
        new = key not in there
        if new:
            there[key] = _copy(results, part, files)
        taken.append(Taken(part.path, there[key], new))
    return taken


def _kept(root: Path) -> Iterator[Part]:
    for path in runs_of(root):
        try:
            yield read_part(path)
        except KtstrError:  # it stays where it is, and has no name that could be asked for
            continue


def _copy(results: Path, part: Part, files: Sequence[Path]) -> Path:
    scratch = Path(tempfile.mkdtemp(prefix=".import-", dir=results))
    try:
        folder = scratch / "run"
        for file in files:
            _copy_file(file, folder / file.relative_to(part.path))
        about = {**part.about, "imported": datetime.now(UTC).isoformat(timespec="seconds")}
        write_json(folder / RUN, about)
        return keep_run(results, folder, part.name, part.started)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy_file(source: Path, target: Path) -> None:
    """The file's bytes alone: neither its mode, nor what a link that took its place in the meantime leads to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as old, target.open("xb") as new:
        shutil.copyfileobj(old, new)
