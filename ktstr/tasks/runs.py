"""`runs`: the runs that this project has kept."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["runs"]


@task(
    help={
        "json": "print them as JSON",
        "show": "show one run in full, with the host it ran on: latest, latest~1, a time, a name, a commit, a path",
        "import": "take the runs in this folder, such as CI's artifacts, into the history",
    }
)
def runs(_context: Context, json: bool = False, show: str | None = None, import_: str | None = None) -> None:
    """List the runs of this project, the newest last, or import others.

    ktstr runs
    ktstr runs --show latest
    ktstr runs --import ~/Downloads/ktstr-results
    """
    import json as as_json
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.compare.choice import chosen
    from ktstr.compare.intake import import_runs
    from ktstr.compare.listing import run_json, run_lines, runs_lines
    from ktstr.compare.runs import all_runs
    from ktstr.report.text import relative

    root = Path.cwd()
    if import_ is not None:
        if json or show is not None:
            raise KtstrError("runs: --import goes with no other option")
        for taken in import_runs(root, Path(import_).expanduser()):
            print(f"{'imported' if taken.new else 'was here already'}: {relative(taken.place)}")
    elif show is not None:
        run = chosen(root, show)
        print(as_json.dumps(run_json(run), indent=2) if json else "\n".join(run_lines(run)))
    elif json:
        print(as_json.dumps([run_json(run) for run in all_runs(root)], indent=2))
    elif found := all_runs(root):
        print("\n".join(runs_lines(found)))
    else:
        print("No run is kept here; `ktstr test` makes one.")
