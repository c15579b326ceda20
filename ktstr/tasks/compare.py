"""`metrics`: the numbers that runs keep. `compare`: what differs between two runs."""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Context, Exit, task

__all__ = ["compare", "metrics"]


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


@task(
    positional=["before", "after"],
    iterable=["kernel", "test", "scheduler"],
    help={
        "before": "a run (as for `ktstr runs --show`), `previous`, or a git revision of which runs are kept",
        "after": "the same of the other side; with --by, two kernels, schedulers or topologies of one run",
        "by": "kernel, scheduler or topology: compare two of them within one run",
        "run": "with --by: that run (default: latest)",
        "kernel": "only these kernels: 7.0.13, 7.0; may be given several times",
        "test": "only tests with this in their name, or like this pattern; may be given several times",
        "scheduler": "only these schedulers; may be given several times",
        "all": "show what is the same as well",
        "json": "print it as JSON, with every sample",
        "markdown": "print it as Markdown, for a comment",
    },
)
def compare(
    _context: Context,
    before: str,
    after: str,
    by: str | None = None,
    run: str | None = None,
    kernel: Sequence[str] | None = None,
    test: Sequence[str] | None = None,
    scheduler: Sequence[str] | None = None,
    all: bool = False,
    json: bool = False,
    markdown: bool = False,
) -> None:
    """Show what got worse between two runs, commits, kernels or schedulers; status 1 if something did.

    ktstr compare previous latest
    ktstr compare main HEAD --test web
    ktstr compare 7.0 7.3 --by kernel
    ktstr compare eevdf mine --by scheduler --run 1a2b3c4
    """
    import json as as_json
    import os
    import sys
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.compare.choice import chosen
    from ktstr.compare.code import compared_code
    from ktstr.compare.code_text import code_json, code_lines
    from ktstr.compare.difference import compared
    from ktstr.compare.samples import cases_of, checked_axis
    from ktstr.compare.sides import Only, sides_of_axis, sides_of_runs
    from ktstr.compare.table import coloured, comparison_json, comparison_lines, comparison_markdown
    from ktstr.compare.thresholds import project_thresholds

    root = Path.cwd()
    axis = checked_axis(by)
    only = Only(tuple(kernel or ()), tuple(test or ()), tuple(scheduler or ()))
    if run is not None and not axis:
        raise KtstrError(f"compare: --run {run}: only with --by")
    if axis:
        old, new = sides_of_axis(chosen(root, run or "latest"), axis, before, after, only)
    else:
        old, new = sides_of_runs(root, before, after, only)
    found = compared(cases_of(old.sidecars, axis), cases_of(new.sidecars, axis), project_thresholds(root))
    code = None if axis else compared_code(old, new)
    told = code_lines(code) if code else []
    if json:
        data = comparison_json(found, old, new, axis)
        print(as_json.dumps({**data, "code": code_json(code) if code else None}, indent=2))
    elif markdown:
        lines = [
            *comparison_markdown(found, old, new),
            *(["", *(f"- {line}" for line in told)] if told else []),
        ]
        print("\n".join(lines))
    else:
        lines = [*comparison_lines(found, old, new, every=all), *told]
        print("\n".join(coloured(lines) if sys.stdout.isatty() and "NO_COLOR" not in os.environ else lines))
    if found.status:
        raise Exit(code=found.status)
