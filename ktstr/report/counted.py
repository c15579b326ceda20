"""What was counted in the VM runs of a session, as files of its run directory: beside each sidecar, and the sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.instrument.cost import FunctionCost, costs_from_json
from ktstr.instrument.coverage import FileCoverage, coverage_from_json
from ktstr.instrument.interface import Driven, driven_from_json
from ktstr.report.sidecar import SCHEMA, write_json

__all__ = ["SOURCES", "Counted", "keep_sources", "kept_sources", "read_counted"]

SOURCES = "sources.coverage.json"
"""The file with the sources that the coverage is of, as they were when the session ended: later they are others."""
_LONGEST = 1_000_000  # characters of a source; none that a person wrote has as many

_Number = Annotated[int, Meta(ge=0, lt=1 << 62)]


class _Function(TypedDict):
    name: str
    line: _Number
    count: _Number


class _File(TypedDict):
    path: str
    functions: list[_Function]
    lines: list[tuple[_Number, _Number]]
    branches: list[tuple[_Number, _Number, _Number, str, _Number, _Number]]


class _Cost(TypedDict):
    path: str
    name: str
    line: _Number
    callback: bool
    calls: list[tuple[_Number, _Number]]
    lines: list[tuple[str, _Number, _Number]]
    called: list[tuple[_Number, str, str, _Number, _Number]]


class _Driven(TypedDict):
    callbacks: dict[str, _Number]
    flags: dict[str, _Number]
    functions: dict[str, _Number]


class _Run(TypedDict):
    files: list[_File]
    costs: list[_Cost]
    interface: NotRequired[_Driven]  # older runs have none


class _Sources(TypedDict):
    sources: dict[str, str]


@dataclass(frozen=True)
class Counted:
    """What was counted in one VM run: coverage, costs, and what of sched_ext was called."""

    coverage: tuple[FileCoverage, ...]
    costs: tuple[FunctionCost, ...]
    driven: Driven


def read_counted(path: Path) -> Counted:
    """What was counted in the VM run whose coverage is in this file; KtstrError, naming it, if it cannot be read."""
    try:
        data: Any = from_json(path.read_bytes(), _Run)
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise KtstrError(f"{path}: is damaged: {error}") from None
    driven = driven_from_json(data["interface"]) if "interface" in data else Driven()
    return Counted(coverage_from_json(data["files"]), costs_from_json(data["costs"]), driven)


def keep_sources(folder: Path, paths: Iterable[str]) -> None:
    """Write the text of these sources into a run's folder. One that cannot be read, or is no text, is left out.

    OSError if the file cannot be written.
    """
    sources = {}
    for path in sorted(set(paths)):
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if len(text) <= _LONGEST:
            sources[path] = text
    write_json(folder / SOURCES, {"schema": SCHEMA, "sources": sources})


def kept_sources(folder: Path) -> Mapping[str, str]:
    """The sources in a run's folder, by path; none if it has none, or if they cannot be read."""
    try:
        return from_json((folder / SOURCES).read_bytes(), _Sources)["sources"]
    except (OSError, ValueError):
        return {}
