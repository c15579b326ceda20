"""The sidecars of a run's folder, read and checked against their schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.report.history import RUN
from ktstr.report.schema import Sidecar

__all__ = ["decoded", "scheduler_of", "sidecar_files", "sidecars_of"]


def sidecar_files(folder: Path) -> list[Path]:
    """The sidecars in a folder, without `run.json` and what is beside them: dumps and coverage."""
    beside = (".dump.json", ".coverage.json")
    return sorted(
        path for path in folder.glob("*.json") if path.name != RUN and not path.name.endswith(beside)
    )


def sidecars_of(folder: Path, damaged: list[str] | None = None) -> list[Mapping[str, Any]]:
    """The sidecars in a folder, by file name.

    KtstrError, naming the file, for one that is none; with `damaged`, its message is added to that list instead.
    """
    found = []
    for path in sidecar_files(folder):
        try:
            found.append(_read(path))
        except KtstrError as error:
            if damaged is None:
                raise
            damaged.append(str(error))
    return found


def decoded(data: bytes, where: str) -> Mapping[str, Any]:
    """The sidecar; KtstrError, beginning with `where`, if it is none of this schema."""
    try:
        sidecar: Mapping[str, Any] = from_json(data, Sidecar)
    except ValueError as error:
        raise KtstrError(f"{where}: is no sidecar of schema 1: {error}") from None
    return sidecar


def scheduler_of(sidecar: Mapping[str, Any]) -> str:
    """The scheduler of a sidecar with its variant, as in `mine[fifo]`."""
    scheduler = sidecar["scheduler"]
    variant = scheduler.get("variant")
    return f"{scheduler['name']}[{variant}]" if variant else str(scheduler["name"])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}") from None
