"""`report`: runs as a page to look at."""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Context, task

__all__ = ["report"]


@task(
    iterable=["run"],
    help={
        "run": "a run, as for `ktstr runs --show`, or several; two of one kind are compared",
        "output": "the file to write (default: report.html in the first run's folder)",
    },
)
def report(_context: Context, run: Sequence[str], output: str | None = None) -> None:
    """Write a run, or several, as one page of HTML that needs no network.

    ktstr report latest
    ktstr report latest~1 latest --output changes.html
    """
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.compare.choice import chosen
    from ktstr.pages.report import write_report
    from ktstr.report.text import relative

    root, place = Path.cwd(), Path(output).expanduser() if output else None
    if place is not None and place.is_dir():
        raise KtstrError(f"report: --output {output}: must be a file, and is a folder")
    if len(set(run)) < len(run):
        raise KtstrError(f"report: {' '.join(run)}: must be different runs")
    runs = [chosen(root, word) for word in run]
    print(relative(write_report(root, runs, place)))
