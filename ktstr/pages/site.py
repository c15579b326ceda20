"""A site over many runs: an index, a page for each run, and one for each test with its history, by relative links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from ktstr.compare.runs import Run
from ktstr.compare.samples import Key
from ktstr.pages.charts import history_chart
from ktstr.pages.gather import gather
from ktstr.pages.page import Page, Past, Test
from ktstr.pages.render import rendered, whole
from ktstr.pages.report import page_html, write_page
from ktstr.pages.sections import SECTIONS
from ktstr.pages.sections.overview import Cell, cell_of
from ktstr.pages.sections.summary import counted
from ktstr.pages.sections.tests import in_file_order
from ktstr.pages.words import plain

__all__ = ["write_site"]

_UP = "../index.html"


@dataclass(frozen=True)
class Entry:
    """A run in the index."""

    run: Run
    address: str
    """Its page, from the site's folder."""
    counts: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Once:
    """A test in a run on a kernel, with all its seeds."""

    entry: Entry
    kernel: str
    cell: Cell
    wall_s: float
    message: str
    anchor: str


def write_site(root: Path, runs: Sequence[Run], folder: Path) -> Path:
    """Write the site of these runs of the project at `root` into `folder`, and return its index.

    What is in the folder already stays, unless it is one of the site's pages. KtstrError if it cannot be written.
    """
    entries: list[Entry] = []
    history: dict[Key, list[Once]] = {}
    for run in sorted(runs, key=lambda run: run.stamp):
        place = folder / "runs" / f"{_name(run)}.html"
        page = replace(gather(root, [run], place.parent, SECTIONS), with_files=False)
        entry = Entry(run, f"runs/{place.name}", counted(page.tests))
        entries.append(entry)
        write_page(place, page_html(page, _UP))
        for key, once in _onces(page, entry):
            history.setdefault(key, []).append(once)
    for key, onces in history.items():
        write_page(folder / "tests" / f"{_stem(key)}.html", _test_page(key, onces))
    index = folder / "index.html"
    write_page(index, _index(entries, history))
    return index


def _name(run: Run) -> str:
    return f"{run.stamp}-imported" if run.imported else run.stamp


def _stem(key: Key) -> str:
    return sha256(repr(key).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _onces(page: Page, entry: Entry) -> Iterator[tuple[Key, Once]]:
    groups: dict[tuple[Key, str], list[Test]] = {}
    for test in page.tests:
        if not test.swept:
            groups.setdefault((test.key, test.column.kernel), []).append(test)
    for (key, kernel), tests in groups.items():
        bad = next((test for test in tests if test.outcome not in ("passed", "skipped")), None)
        yield (
            key,
            Once(
                entry,
                kernel,
                cell_of(tests),
                sum(test.wall_s for test in tests),
                plain(bad.message) if bad else "",
                bad.anchor if bad else "",
            ),
        )


def _test_page(key: Key, onces: Sequence[Once]) -> str:
    kernels: dict[str, list[Past]] = {}
    for number, once in enumerate(onces):
        kernels.setdefault(once.kernel, []).append(Past(number, once.cell.outcome, once.wall_s))
    charts = [(kernel, history_chart(pasts)) for kernel, pasts in sorted(kernels.items())]
    lead = Markup('<p class="lead">{}</p>').format(
        " · ".join(filter(None, (plain(key.file), plain(key.topology, 40), plain(key.scheduler, 60))))
    )
    history = rendered("site_test.html", charts=charts, onces=onces[::-1])
    return whole(plain(key.test, 160), [("history", "History", history)], lead=lead, up=_UP)


def _index(entries: Sequence[Entry], history: Mapping[Key, Sequence[Once]]) -> str:
    branches: dict[str, list[Entry]] = {}
    for entry in reversed(entries):
        branches.setdefault(entry.run.branch, []).append(entry)
    parts = [
        (
            f"branch-{number}",
            f"Branch {plain(name, 80)}" if name else "Branch not known",
            rendered("site_runs.html", entries=some),
        )
        for number, (name, some) in enumerate(branches.items())
    ]
    if history:
        rows = [
            (key, f"tests/{_stem(key)}.html", history[key][-1], len(history[key]))
            for key in sorted(history, key=in_file_order)
        ]
        parts.append(("tests", "Tests", rendered("site_tests.html", rows=rows)))
    lead = Markup('<p class="lead">{} runs, {} tests</p>').format(len(entries), len(history))
    return whole("ktstr: runs", parts, lead=lead)
