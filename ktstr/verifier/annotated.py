"""What a GitHub Actions job shows for a sweep on the lines of its sources."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ktstr.report.console import WORDS
from ktstr.report.github import MOST_ANNOTATIONS, error
from ktstr.verifier.cell import CellResult

__all__ = ["cell_annotations"]


def cell_annotations(results: Iterable[CellResult], root: Path) -> list[str]:
    """The workflow commands that annotate the cells that did not pass: one for all that fail alike at one place.

    The place is the line that the verifier refused, where the scheduler is declared with its BPF source; else the
    declaration.
    """
    alike: dict[tuple[Path, int, str, str], list[CellResult]] = {}
    for result in results:
        if result.outcome != "passed":
            key = (*_place(result), result.cell.scheduler.title, result.message)
            alike.setdefault(key, []).append(result)
    found = []
    for (path, line, _, message), cells in alike.items():
        more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
        title = f"{WORDS[cells[0].outcome]} {cells[0].cell.name}{more}"
        found.append(error(path, line, root, title, message))
    return found[:MOST_ANNOTATIONS]


def _place(result: CellResult) -> tuple[Path, int]:
    scheduler = result.cell.scheduler
    for rejection in result.rejections:
        # The compiler was given the path, the log has only the last part of it.
        name, _, line = rejection.source.rpartition(" @ ")[2].rpartition(":")
        if scheduler.bpf is not None and name and (source := scheduler.bpf.with_name(name)).is_file():
            return source, int(line)
    return Path(scheduler.declared_in or scheduler.bpf or ""), scheduler.declared_at
