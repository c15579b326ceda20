"""Coverage: what the tests of each run reached of the schedulers' source, line by line, and what a call cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ktstr.pages.page import Page, Section

__all__ = ["SECTION"]


def keep(sidecar: Mapping[str, Any]) -> Sequence[str] | None:
    """The files beside the sidecar with what its runs executed; None if nothing was counted."""
    names = [run["coverage"] for run in sidecar["runs"] if run.get("coverage")]
    return [name for name in names if Path(name).name == name] or None


def html(page: Page) -> Markup:
    """The section; empty if nothing was counted."""
    if not any(test.kept.get(SECTION.name) for test in page.tests):
        return Markup("")
    # A page is made after each session, and most have counted nothing.
    from ktstr.pages.reached import coverage_html

    return coverage_html(page, SECTION.name)


SECTION = Section("coverage", "Coverage and cost", html, keep)
"""Coverage and cost."""
