"""What did not pass, each with its whole text and the files that it left."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.sections.summary import whose_fault
from ktstr.pages.words import OUTCOMES, bounded, duration, plain

__all__ = ["SECTION", "Violated", "files_of", "link"]

_LONGEST = 60_000
_ALL_TOGETHER = 500_000  # bytes of HTML
_MOST_FILES = 20
_MOST_SEARCHED = 2000
_MOST_VIOLATIONS = 20
_OPEN = 5


@dataclass(frozen=True)
class Violated:
    """A check that was violated."""

    check: str
    message: str
    where: str
    """The step and the guest time, where they are known."""


@dataclass(frozen=True)
class Failure:
    """Why a test did not pass, and what can be done about it."""

    details: str
    violations: Sequence[Violated]
    dumps: Sequence[str]
    """The files with failure dumps, beside the sidecar."""


def keep(sidecar: Mapping[str, Any]) -> Failure | None:
    """The text of what did not pass."""
    if sidecar["outcome"] in ("passed", "skipped"):
        return None
    runs = sidecar["runs"]
    violations = [one for run in runs for one in run["verdict"]["violations"]]
    details = sidecar["details"] or ""
    return Failure(
        # Of a cell of the sweep it is one line, which is there already.
        bounded(details, _LONGEST) if "\n" in details.strip() else "",
        [
            Violated(plain(one["check"], 60), plain(one["message"], 400), _where(one))
            for one in violations[:_MOST_VIOLATIONS]
        ],
        [plain(run["dump"], 200) for run in runs if run.get("dump")],
    )


def _where(one: Mapping[str, Any]) -> str:
    phase = f"step {plain(one['phase'], 60)}" if one.get("phase") else ""
    at_ns = one.get("at_ns")
    moment = f"at {duration(at_ns)}" if isinstance(at_ns, int) and 0 <= at_ns < 1 << 63 else ""
    return ", ".join(filter(None, (phase, moment)))


def html(page: Page) -> Markup:
    """The texts; empty if all passed."""
    bad = [test for test in page.tests if test.outcome not in ("passed", "skipped")]
    bad.sort(
        key=lambda test: (OUTCOMES.index(test.outcome), test.swept, test.key.file, test.key.test, test.column)
    )
    if not bad:
        return Markup("")
    shown, room = [], _ALL_TOGETHER
    for test in bad:
        failure = test.kept.get(SECTION.name) or Failure(plain(test.message), (), ())
        files = files_of(test, failure.dumps) if page.with_files else []
        size = len(escape(failure.details).encode())
        fits = size <= room
        if fits:
            room -= size
        else:
            files = [one for one in files if one[0] in ("sidecar", "failure.txt")]
        links = [(plain(name, 200), link(page.folder, path)) for name, path in files]
        shown.append((test, page.title_of(test.column), whose_fault(test), failure if fits else None, links))
    return rendered("failures.html", shown=shown, open_ones=min(_OPEN, len(bad)))


def files_of(test: Test, dumps: Sequence[str] = ()) -> list[tuple[str, Path]]:
    """The files that a test left: their names, and where they are. Links to elsewhere are not followed."""
    sidecar = test.folder / f"{test.stem}.json"
    beside = [sidecar, *(test.folder / name for name in dumps if Path(name).name == name)]
    below = []
    logs = test.folder / test.stem
    for place, folders, names in () if logs.is_symlink() else os.walk(logs):
        folders.sort()
        below += [Path(place, name) for name in sorted(names)]
        if len(below) > _MOST_SEARCHED:
            break
    there = [
        path for path in (*beside, *below) if path.is_file() and not path.is_symlink() and path.stat().st_size
    ]
    return [(_name(path, test), path) for path in there[:_MOST_FILES]]


def link(folder: Path, path: Path) -> str:
    """The link from a page in `folder` to a file."""
    return quote(os.path.relpath(path.absolute(), folder.absolute()).encode("utf-8", "surrogateescape"))


def _name(path: Path, test: Test) -> str:
    if path.parent == test.folder:
        return "sidecar" if path.name == f"{test.stem}.json" else "dump"
    return str(path.relative_to(test.folder / test.stem))


SECTION = Section("failures", "What did not pass", html, keep)
"""What did not pass."""
