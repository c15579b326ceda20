"""The table of tests: a row for each test on each topology, a column for each kernel, with its earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ktstr.compare.samples import Key
from ktstr.pages.charts import sparkline
from ktstr.pages.earlier import MOST
from ktstr.pages.page import Column, Page, Past, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.sections.overview import Cell, cell_of
from ktstr.pages.words import OUTCOMES, natural, plain, worst

__all__ = ["SECTION", "history_of", "in_file_order"]


@dataclass(frozen=True)
class Place:
    """A test on a kernel, with all its seeds."""

    cell: Cell
    """How it ended."""
    wall_s: float
    """The host seconds that it took, over all seeds."""
    anchor: str
    """The id of the text of one that did not pass; empty if all did."""
    spark: Markup
    """Its earlier runs."""


@dataclass(frozen=True)
class TestRow:
    """A row of the table."""

    name: str
    file: str
    topology: str
    scheduler: str
    outcome: str
    """The worst of its places."""
    wall_s: float
    """The longest of its places."""
    places: Sequence[Place | None]
    """One for each column."""


def history_of(tests: Sequence[Test], page: Page) -> list[Past]:
    """How these, the seeds of one test, ended in earlier runs and in this one; empty if there is no earlier run."""
    runs: dict[int, list[Past]] = {}
    for test in tests:
        for past in page.earlier.get(test.nodeid, ()):
            runs.setdefault(past.run, []).append(past)
    if not runs:
        return []
    now = [Past(-1, test.outcome, test.wall_s) for test in tests]
    return [_together(some) for some in [*(runs[number] for number in sorted(runs)[-MOST:]), now]]


def _together(several: Sequence[Past]) -> Past:
    ran = [one.outcome for one in several if one.outcome != "skipped"]
    return Past(several[0].run, worst(ran) if ran else "skipped", sum(one.wall_s for one in several))


def html(page: Page) -> Markup:
    """The table; empty if only the verifier ran."""
    groups: dict[Key, dict[Column, list[Test]]] = {}
    for test in page.tests:
        if not test.swept:
            groups.setdefault(test.key, {}).setdefault(test.column, []).append(test)
    if not groups:
        return Markup("")
    columns = page.columns
    rows = [_row(key, groups[key], columns, page) for key in sorted(groups, key=in_file_order)]
    outcomes = [name for name in OUTCOMES if any(row.outcome == name for row in rows)]
    return rendered(
        "tests.html",
        heads=[page.title_of(column) for column in columns],
        rows=rows,
        outcomes=outcomes,
        history=any(place and place.spark for row in rows for place in row.places),
    )


def in_file_order(key: Key) -> tuple[object, ...]:
    """Tests as people look for them: by file and name."""
    return key.file, natural(key.test), natural(key.topology), key.scheduler, key


def _row(key: Key, groups: dict[Column, list[Test]], columns: Sequence[Column], page: Page) -> TestRow:
    places = [_place(groups[column], page) if column in groups else None for column in columns]
    there = [place for place in places if place]
    return TestRow(
        name=plain(key.test, 160),
        file=plain(key.file, 160),
        topology=plain(key.topology, 40),
        scheduler=plain(key.scheduler, 60),
        outcome=worst([place.cell.outcome for place in there]),
        wall_s=max(place.wall_s for place in there),
        places=places,
    )


def _place(tests: Sequence[Test], page: Page) -> Place:
    bad = [test for test in tests if test.outcome not in ("passed", "skipped")]
    bad.sort(key=lambda test: OUTCOMES.index(test.outcome))
    return Place(
        cell=cell_of(tests),
        wall_s=sum(test.wall_s for test in tests),
        anchor=bad[0].anchor if bad else "",
        spark=sparkline(history_of(tests, page)),
    )


SECTION = Section("tests", "Tests", html)
"""The table of tests."""
