"""`metrics`: the numbers that runs keep."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["metrics"]


@task(
    help={
        "run": "the run whose own metrics are listed, too (default: the newest one); as for `ktstr runs --show`",
        "json": "print them as JSON",
    }
)
def metrics(_context: Context, run: str | None = None, json: bool = False) -> None:
    """List the numbers that runs keep: unit, which direction is better, and which difference counts.

    ktstr metrics
    ktstr metrics --run 1a2b3c4
    """
    import json as as_json
    from pathlib import Path

    from ktstr.compare.choice import chosen
    from ktstr.compare.kinds import kinds_json, kinds_lines, kinds_of
    from ktstr.compare.runs import all_runs
    from ktstr.compare.thresholds import project_thresholds

    root = Path.cwd()
    runs = [chosen(root, run)] if run is not None else all_runs(root)[-1:]
    kinds = kinds_of([one for each in runs for one in each.sidecars(damaged=[])], project_thresholds(root))
    print(as_json.dumps(kinds_json(kinds), indent=2) if json else "\n".join(kinds_lines(kinds)))
