"""The report of one run or several: one file of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from ktstr.base.errors import KtstrError
from ktstr.base.results import results_dir
from ktstr.base.whole_file import write_whole
from ktstr.compare.runs import Run
from ktstr.pages.gather import gather
from ktstr.pages.page import Page
from ktstr.pages.render import rendered, whole
from ktstr.pages.sections import SECTIONS
from ktstr.pages.words import plain

__all__ = ["NAME", "page_html", "write_page", "write_report"]

NAME = "report.html"
"""The file of a report."""


def write_report(root: Path, runs: Sequence[Run], place: Path | None = None) -> Path:
    """Write the report of these runs of the project at `root`, and return where it is.

    That is `place`, else the first folder of the run, or the folder of the project's results if the runs are several.
    KtstrError if it cannot be written, and for thresholds of the project that are not accepted.
    """
    path = place or (runs[0].parts[0].path if len(runs) == 1 else results_dir(root)) / NAME
    page = gather(root, runs, path.parent, SECTIONS)
    write_page(path, page_html(page))
    return path


def page_html(page: Page, up: str = "") -> str:
    """The page as HTML; `up` is the link to the index of a site, if it is part of one."""
    parts = [(one.name, one.title, html) for one in SECTIONS if (html := one.html(page))]
    run = page.runs[0]
    if len(page.runs) > 1:
        title = f"ktstr: {len(page.runs)} runs, " + " and ".join(
            dict.fromkeys(one.commit for one in page.runs)
        )
    else:
        title = f"ktstr: {plain(', '.join(run.kernels), 80) or 'no kernel'} at {run.commit}"
    lead = rendered("lead.html", runs=page.runs)
    return whole(plain(title, 200), parts, lead=Markup(lead), up=up)


def write_page(path: Path, text: str) -> None:
    """Write a page so that it appears whole or not at all. KtstrError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise KtstrError(f"report: {path}: {error.strerror}") from None
