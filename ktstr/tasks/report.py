"""`report`: runs as a page to look at."""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Context, task

__all__ = ["report"]


@task(
    positional=[],  # Invoke has one word for each: see ktstr.tasks.words.SEVERAL
    iterable=["run"],
    help={
        "run": "a run, as for `ktstr runs --show`, or several; two of one kind are compared",
        "output": "the file to write (default: report.html in the run's folder; of several, in that of all results)",
        "site": "write a site into this folder instead, of all runs if none is named: a page for each run and test",
    },
)
def report(_context: Context, run: Sequence[str], output: str | None = None, site: str | None = None) -> None:
    """Write a run, or several, as one page of HTML that needs no network.

    ktstr report latest
    ktstr report latest~1 latest --output changes.html
    ktstr report --site public
    """
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.compare.choice import chosen
    from ktstr.compare.runs import all_runs
    from ktstr.pages.report import write_report
    from ktstr.pages.site import write_site
    from ktstr.report.text import relative

    root, place = Path.cwd(), Path(output).expanduser() if output else None
    if place is not None and place.is_dir():
        raise KtstrError(f"report: --output {output}: must be a file, and is a folder")
    if not run and site is None:
        raise KtstrError("report: needs RUN; `ktstr report --help` says what that is")
    if output is not None and site is not None:
        raise KtstrError(f"report: --output {output}: does not go with --site")
    if site is not None and Path(site).expanduser().is_file():
        raise KtstrError(f"report: --site {site}: must be a folder, and is a file")
    if len(set(run)) < len(run):
        raise KtstrError(f"report: {' '.join(run)}: must be different runs")
    runs = [chosen(root, word) for word in run]
    if site is None:
        print(relative(write_report(root, runs, place)))
        return
    every = runs or all_runs(root)
    if not every:
        raise KtstrError("report: no run is kept here; `ktstr test` makes one")
    print(relative(write_site(root, every, Path(site).expanduser())))
