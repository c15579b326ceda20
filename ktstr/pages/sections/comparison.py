"""What differs between two runs: the same table as `ktstr compare` prints."""

from __future__ import annotations

from markupsafe import Markup

from ktstr.pages.page import Page, Section
from ktstr.pages.render import rendered
from ktstr.pages.words import plain

__all__ = ["SECTION"]

_MOST_ROWS = 200
_SIGNS = {"worse": "▼", "better": "▲", "changed": "◆", "unclear": "~", "inconclusive": "?"}


def html(page: Page) -> Markup:
    """The comparison; empty if the page is not of two runs of one kind."""
    both = page.compared
    if both is None:
        return Markup("")
    # Most pages are of one run.
    from ktstr.compare.table import comparison_notes, comparison_rows, comparison_summary

    shown = [one for one in both.found.differences if one.result != "same"]
    # There may be hundreds of which too few samples say nothing, and a page is not to begin with them.
    shown.sort(key=lambda one: one.result == "inconclusive")
    fixed, rows = comparison_rows(shown[:_MOST_ROWS]) if shown else ("", [])
    return rendered(
        "comparison.html",
        before=both.before.title,
        after=both.after.title,
        summary=comparison_summary(both.found),
        fixed=plain(fixed),
        head=rows[0] if rows else (),
        rows=[[plain(cell, 160) for cell in row] for row in rows[1:]],
        signs=_SIGNS,
        left=len(shown) - _MOST_ROWS,
        notes=[plain(line) for line in comparison_notes(both.found, both.before, both.after)],
    )


SECTION = Section("comparison", "What changed", html)
"""The comparison."""
