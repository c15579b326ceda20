"""The verifier sweep: which scheduler loads where, and a heat map of the instructions that the verifier processed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from markupsafe import Markup

from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.sections.overview import Cell, cell_of, in_order, preset_of
from ktstr.pages.words import plain

__all__ = ["SECTION", "Heat", "heats"]

_MOST_PROGRAMS = 400
_SHADES = 8


@dataclass(frozen=True)
class Heat:
    """A cell of the heat map."""

    text: str
    """The number, or the range over topologies; empty if the program was not loaded there."""
    shade: int
    """From 0 to 8, by the logarithm of the number."""


def keep(sidecar: Mapping[str, Any]) -> Mapping[str, int] | None:
    """The instructions that the verifier processed, by program."""
    if "::" in sidecar["nodeid"]:
        return None
    programs = [program for run in sidecar["runs"] for program in run.get("programs", ())]
    return {plain(one["name"], 60): max(0, int(one["verified_insns"])) for one in programs}


def html(page: Page) -> Markup:
    """Grid and heat maps; empty without a sweep."""
    cells = [test for test in page.tests if test.swept]
    if not cells:
        return Markup("")
    columns = sorted({test.column for test in cells})
    schedulers = sorted({test.scheduler for test in cells})
    topologies = in_order({test.key.topology for test in cells})
    heads = [page.title_of(column) for column in columns]
    grid = [
        (
            plain(scheduler, 60),
            [[_where(cells, scheduler, topology, column) for column in columns] for topology in topologies],
        )
        for scheduler in schedulers
    ]
    maps = [
        (plain(scheduler, 60), rows)
        for scheduler in schedulers
        if (
            rows := heats(
                [
                    [one for one in cells if one.scheduler == scheduler and one.column == column]
                    for column in columns
                ]
            )
        )
    ]
    names = [(plain(topology, 40), preset_of(topology)) for topology in topologies]
    return rendered("verifier.html", heads=heads, topologies=names, grid=grid, maps=maps)


def heats(columns: Sequence[Sequence[Test]]) -> list[tuple[str, list[Heat]]]:
    """A row for each program, with a cell for each column of a scheduler's cells, the dearest program first."""
    counts = [_by_program(tests) for tests in columns]
    most = {name: max(max(some.get(name, (0,))) for some in counts) for some in counts for name in some}
    top = max(most.values(), default=0)
    names = sorted(most, key=lambda name: (-most[name], name))
    return [(name, [_heat(some.get(name, ()), top) for some in counts]) for name in names[:_MOST_PROGRAMS]]


def _by_program(tests: Sequence[Test]) -> Mapping[str, Sequence[int]]:
    found: dict[str, list[int]] = {}
    for test in tests:
        for name, count in test.kept.get(SECTION.name, {}).items():
            found.setdefault(name, []).append(count)
    return found


def _heat(counts: Sequence[int], top: int) -> Heat:
    if not counts:
        return Heat("", 0)
    low, high = min(counts), max(counts)
    text = f"{high:,}" if low == high else f"{low:,}..{high:,}"
    return Heat(text, round(_SHADES * log(1 + high) / log(1 + top)) if top else 0)


def _where(cells: Sequence[Test], scheduler: str, topology: str, column: object) -> Cell:
    own = (scheduler, topology, column)
    return cell_of([one for one in cells if (one.scheduler, one.key.topology, one.column) == own])


SECTION = Section("verifier", "Verifier", html, keep)
"""The verifier sweep."""
