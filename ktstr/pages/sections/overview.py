"""The grid of kernels and topologies: how many tests passed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.presets import PRESETS
from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.words import plain, worst

__all__ = ["SECTION", "Cell", "cell_of", "in_order", "preset_of"]

_PRESETS = {str(topology): name for name, topology in PRESETS.items()}


@dataclass(frozen=True)
class Cell:
    """Some tests together."""

    outcome: str
    """The worst outcome; empty if there is no test."""
    passed: int
    """How many passed."""
    ran: int
    """How many were not skipped."""


def cell_of(tests: Sequence[Test]) -> Cell:
    """The cell of these tests."""
    ran = [test.outcome for test in tests if test.outcome != "skipped"]
    outcome = worst(ran) if ran else "skipped" if tests else ""
    return Cell(outcome, ran.count("passed"), len(ran))


def preset_of(topology: str) -> str:
    """The name of the preset that is written so; empty if none is."""
    return _PRESETS.get(topology, "")


def in_order(topologies: set[str]) -> list[str]:
    """Topologies by their number of CPUs."""

    def size(text: str) -> tuple[int, str]:
        try:
            return Topology.parse(text).cpus, text
        except KtstrError:
            return 1 << 30, text

    return sorted(topologies, key=size)


def html(page: Page) -> Markup:
    """The grid; empty if all tests are in one place."""
    groups: dict[tuple[str, object], list[Test]] = {}
    for test in page.tests:
        if not test.swept:
            groups.setdefault((test.key.topology, test.column), []).append(test)
    topologies = in_order({topology for topology, _ in groups})
    if len(groups) < 2:
        return Markup("")
    columns = page.columns
    rows = [
        (
            plain(topology, 40),
            preset_of(topology),
            [cell_of(groups.get((topology, column), [])) for column in columns],
        )
        for topology in topologies
    ]
    return rendered("overview.html", heads=[page.title_of(column) for column in columns], rows=rows)


SECTION = Section("grid", "Kernels and topologies", html)
"""The grid."""
