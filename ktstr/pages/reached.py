"""The HTML of coverage: what the tests of each run reached of the schedulers' source, and what a call cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup

from ktstr.base.errors import KtstrError
from ktstr.instrument.cost import FunctionCost, merged_costs
from ktstr.instrument.coverage import FileCoverage, merged
from ktstr.pages.charts import insns_axis, insns_span, percent_bar
from ktstr.pages.listing import listings_of
from ktstr.pages.page import Column, Page, Test
from ktstr.pages.render import rendered
from ktstr.pages.words import plain
from ktstr.report.counted import Counted, kept_sources, read_counted
from ktstr.report.coverage import line_percent, never_reached, ranges

__all__ = ["coverage_html"]

_MOST_UNREACHED, _MOST_FILES, _MOST_RANGES, _MOST_FUNCTIONS, _MOST_DAMAGED = 30, 100, 12, 80, 5
_AT_ONCE = 50


@dataclass(frozen=True)
class Share:
    """How many of some were executed."""

    hit: int
    of: int

    @property
    def percent(self) -> float:
        """In percent; 100 if there are none."""
        return 100 * self.hit / self.of if self.of else 100.0

    @property
    def bar(self) -> Markup:
        """The same as a bar."""
        return percent_bar(self.percent)


def coverage_html(page: Page, name: str) -> Markup:
    """Coverage of each run, the cost of each function by column, and the source; empty if nothing was counted.

    A test has kept the names of its files under `name`.
    """
    damaged: list[str] = []
    counted: dict[Column, tuple[tuple[FileCoverage, ...], tuple[FunctionCost, ...]]] = {}
    for column in page.columns:
        tests = [test for test in page.tests if test.column == column and test.kept.get(name)]
        if tests:
            counted[column] = _together(_read(tests, name, damaged))
    runs = sorted({column.run for column in counted})
    if not runs:
        return Markup("")
    coverages = {
        run: merged(one for column, (one, _) in counted.items() if column.run == run) for run in runs
    }
    newest = max(runs, key=lambda run: page.runs[run].stamp)
    sources: dict[str, str] = {}
    for part in page.runs[newest].parts:
        sources |= kept_sources(part.path)
    costs = {column: one for column, (_, one) in counted.items() if one}
    rows = _cost_rows(costs)
    return rendered(
        "coverage.html",
        runs=[(_name(page, run, runs), *_reached(coverages[run])) for run in runs if coverages[run]],
        heads=[page.title_of(column) for column in costs],
        axis=insns_axis(_dearest(costs)),
        costs=rows[:_MOST_FUNCTIONS],
        costs_left=len(rows) - _MOST_FUNCTIONS,
        listings=listings_of(coverages[newest], sources),
        newest=_name(page, newest, runs),
        damaged=[plain(line) for line in damaged[:_MOST_DAMAGED]],
        damaged_left=len(damaged) - _MOST_DAMAGED,
    )


def _read(tests: Sequence[Test], section: str, damaged: list[str]) -> Iterator[Counted]:
    """What was counted in each run of these tests, one after the other: of 500 tests it is much."""
    for test in tests:
        for name in test.kept[section]:
            try:
                yield read_counted(test.folder / name)
            except KtstrError as error:
                damaged.append(str(error).removeprefix(f"{test.folder}/"))


def _together(parts: Iterator[Counted]) -> tuple[tuple[FileCoverage, ...], tuple[FunctionCost, ...]]:
    """The coverage and the costs of all parts as one, a few at a time in memory."""
    coverage: tuple[FileCoverage, ...] = ()
    costs: tuple[FunctionCost, ...] = ()
    while some := list(islice(parts, _AT_ONCE)):
        coverage = merged((coverage, *(one.coverage for one in some)))
        costs = merged_costs((costs, *(one.costs for one in some)))
    return coverage, costs


def _name(page: Page, run: int, runs: Sequence[int]) -> str:
    """The run in a heading; empty if there is only one."""
    return f"{page.runs[run].commit}, {page.runs[run].began:%m-%d %H:%M:%S}" if len(runs) > 1 else ""


def _reached(
    coverage: Sequence[FileCoverage],
) -> tuple[float, Sequence[str], int, list[tuple[str, Share, Share, Share, str]], int]:
    """The percentage of lines, what was never reached and how much more of it, the files and how many more."""
    unreached = [plain(line, 200) for line in never_reached(coverage)]
    rows = [_row(one) for one in coverage]
    return (
        line_percent(coverage),
        unreached[:_MOST_UNREACHED],
        len(unreached) - _MOST_UNREACHED,
        rows[:_MOST_FILES],
        len(rows) - _MOST_FILES,
    )


def _row(one: FileCoverage) -> tuple[str, Share, Share, Share, str]:
    missed = ranges(one.lines)
    more = ", …" if len(missed) > _MOST_RANGES else ""
    return (
        plain(one.path, 160),
        _share(list(one.lines.values())),
        _share([entry.count for entry in one.functions.values()]),
        _share([count for both in one.branches.values() for count in both]),
        ", ".join(missed[:_MOST_RANGES]) + more or "-",
    )


def _share(counts: Sequence[int]) -> Share:
    return Share(sum(map(bool, counts)), len(counts))


def _dearest(costs: Mapping[Column, Sequence[FunctionCost]]) -> int:
    return max((one.most or 0 for several in costs.values() for one in several), default=0)


def _cost_rows(
    costs: Mapping[Column, Sequence[FunctionCost]],
) -> list[tuple[str, str, bool, list[tuple[Markup, str, str] | None]]]:
    """Name, file, whether it is a callback, and chart, instructions and calls in each column; the dearest first."""
    found = {column: {(one.path, one.name): one for one in several} for column, several in costs.items()}
    total: dict[tuple[str, str], int] = {}
    callbacks = set()
    for several in costs.values():
        for one in several:
            key = one.path, one.name
            total[key] = total.get(key, 0) + one.own
            callbacks |= {key} if one.callback else set()
    most = _dearest(costs)
    rows = []
    for key in sorted(total, key=lambda key: (-total[key], key)):
        cells = [_cell(found[column].get(key), most) for column in costs]
        if any(cells):
            rows.append((plain(key[1], 60), plain(key[0], 120), key in callbacks, cells))
    return rows


def _cell(one: FunctionCost | None, top: int) -> tuple[Markup, str, str] | None:
    if one is None or one.least is None or one.median is None or one.most is None:
        return None
    text = f"{one.least:,} · {one.median:,} · {one.most:,}"
    return insns_span(one.least, one.median, one.most, top), text, f"{one.count:,}"
