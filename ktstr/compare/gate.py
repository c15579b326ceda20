"""The gate: a project's tests and sweep at a base commit and as they are now, with the same seeds, compared.

Both sides are run by this ktstr, one after the other, and are kept among the project's runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.process import die_with_parent, interrupt_waits
from ktstr.base.values import shown
from ktstr.compare.difference import compared
from ktstr.compare.runs import all_runs
from ktstr.compare.samples import cases_of
from ktstr.compare.sides import Only, Side, side_of
from ktstr.compare.table import comparison_lines, comparison_markdown
from ktstr.compare.thresholds import project_thresholds
from ktstr.compare.worktree import environment_for, worktree
from ktstr.kernel.sources.git import commit_of
from ktstr.plugin.suite import suite_command
from ktstr.report.github import append_summary
from ktstr.report.rundir import project_of

__all__ = ["Request", "main", "requested"]

_SEEDS = 10
_MOST_SEEDS = 1000
_PRESET = (
    "tiny-1llc"  # what the verifier processes depends on a topology little, and one is enough to see a change
)


@dataclass(frozen=True)
class Request:
    """What is to be compared."""

    base: str
    """The revision of the base; empty: HEAD if there are changes in no commit, else the commit before it."""
    seeds: int
    """With how many seeds each test runs."""
    sweep: bool
    """Whether the schedulers are swept through the verifier, too."""
    kernels: Sequence[str]
    """The kernels' specs; none: as for `ktstr test`."""
    others: Sequence[str]
    """Further arguments for pytest, in their order."""


def main(arguments: Sequence[str]) -> int:
    """Compare, and print that; the exit status: 1 if something got worse, 2 if that could not be said, else 0."""
    if os.environ.get("KTSTR_DIE_WITH_PARENT") == "1":
        die_with_parent(os.getppid())
    try:
        return _run(requested(arguments), Path.cwd())
    except KtstrError as error:
        print(f"ktstr: {error}", file=sys.stderr)
        return 2


def requested(arguments: Sequence[str]) -> Request:
    """What the arguments ask for; those that are not ours are pytest's. KtstrError for a value that is not accepted."""
    parser = argparse.ArgumentParser(prog="perf", allow_abbrev=False, exit_on_error=False, add_help=False)
    parser.add_argument("--base", default="")
    parser.add_argument("--seeds", default=str(_SEEDS))
    parser.add_argument("--no-sweep", action="store_true")
    parser.add_argument("--kernel", "--ktstr-kernel", action="append", default=[])
    try:
        ours, others = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise KtstrError(f"perf: {error.argument_name}: {error.message}") from None
    if not ours.seeds.isdecimal() or not 1 <= int(ours.seeds) <= _MOST_SEEDS:
        raise KtstrError(f"perf: --seeds {shown(ours.seeds)}: must be a whole number from 1 to {_MOST_SEEDS}")
    return Request(ours.base, int(ours.seeds), not ours.no_sweep, tuple(ours.kernel), tuple(others))


def _run(request: Request, root: Path) -> int:
    now = project_of(root)
    if now.commit is None:
        raise KtstrError(f"perf: {root}: must be in a git repository with a commit")
    revision = request.base or ("HEAD" if now.dirty else "HEAD~1")
    base = None if revision.startswith("-") else commit_of(root, revision)
    if base is None:
        raise KtstrError(f"perf: --base {revision}: must be a revision of this repository")
    if base == now.commit and not now.dirty:
        raise KtstrError(
            f"perf: --base {revision}: is commit {base[:7]}, which is the one that is checked out"
        )
    thresholds = project_thresholds(root)
    _say(f"perf: base {base[:7]} ({revision}), {request.seeds} seeds")
    with worktree(root, base) as folder:
        before = _side(request, root, folder, base)
    _say(f"perf: now {now.label}, {request.seeds} seeds")
    after = _side(request, root, root, now.commit)
    found = compared(cases_of(before.sidecars), cases_of(after.sidecars), thresholds)
    _say("", *comparison_lines(found, before, after))
    append_summary("\n".join([*comparison_markdown(found, before, after), "", ""]))
    return found.status


def _side(request: Request, root: Path, folder: Path, commit: str) -> Side:
    """Run the project that is in `folder`; its runs, among those of `root`."""
    there = {part.path for run in all_runs(root) for part in run.parts}
    environment = environment_for(root, folder)
    kernels = [word for kernel in request.kernels for word in ("--kernel", kernel)]
    # What a failure needs to fail is not asked here. The others come last and win.
    asked = ["--seeds", str(request.seeds), "--shrink-seconds", "0"]
    tests = suite_command("test", [*kernels, *asked, *request.others])
    status = _call(tests, folder, environment)
    if request.sweep:
        paths = [word for word in request.others if not word.startswith("-") and (folder / word).exists()]
        _call(suite_command("verifier", [*kernels, "--preset", _PRESET, *paths]), folder, environment)
    runs = [
        run
        for run in all_runs(root)
        if run.full_commit == commit and not {part.path for part in run.parts} & there
    ]
    if all(run.sweep for run in runs):  # what lacks would not be compared, and the rest might be green
        raise KtstrError(f"perf: commit {commit[:7]}: its tests left no run; they ended with status {status}")
    return side_of(commit[:7], runs, Only())


def _call(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run a command to its end, and return its status. Ctrl-C reaches it, too, and it ends in order."""
    with interrupt_waits(), subprocess.Popen(command, cwd=folder, env=environment) as process:
        return process.wait()


def _say(*lines: str) -> None:
    print("\n".join(lines), flush=True)
