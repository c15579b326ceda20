"""The commits of the project itself: each is checked out into a worktree, and its test runs there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.results import RESULTS_DIR
from ktstr.bisect.history import Commits, commits_between
from ktstr.bisect.limit import Limit, judged_by
from ktstr.bisect.step import Options, Target, run_pytest
from ktstr.bisect.verdict import Verdict, judged
from ktstr.compare.runs import runs_at
from ktstr.compare.worktree import environment_for, worktree
from ktstr.kernel.spec import Local
from ktstr.report.page import PAGE

__all__ = ["OwnStep", "own_commits", "target_below"]


@dataclass(frozen=True)
class OwnStep:
    """What each step does with a commit of the project at `root`."""

    root: Path
    target: Target
    """The test. A commit that does not have its file gets the one of now."""
    kernel: str
    """The kernel's spec; empty: as for tests."""
    options: Options
    limit: Limit | None
    """What a metric must not exceed; None: the test's verdict counts."""

    def __call__(self, commit: str, folder: Path) -> Verdict:
        """The verdict on the commit; `folder` gets pytest's output, and the results in a folder of their own.

        A commit that cannot be checked out, is not built, or does not have the test cannot be judged.
        """
        results, log = folder / commit[:12], folder / f"{commit[:12]}.log"
        shutil.rmtree(results, ignore_errors=True)
        try:
            with worktree(self.root, commit, "bisect") as place:
                self._give_test(place)
                own = {RESULTS_DIR: str(results.absolute()), PAGE: "off"}
                environment = {**environment_for(self.root, place), **own}
                status, said = run_pytest(self._command(place), place, environment, log)
        except KtstrError as error:
            return Verdict("skipped", " ".join(str(error).split()))
        said = f"{said} (see {log})"
        sidecars = self._sidecars(results)
        if status not in (0, 1, 2, 5):  # such as 4: that commit has no such test
            return Verdict("skipped", said)
        return judged_by(self.limit, sidecars, said) if self.limit else judged(sidecars, said)

    def _command(self, place: Path) -> list[str]:
        name = self.target.on(self.kernel) if self.kernel else f"{self.target.file}::{self.target.function}"
        return [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(place), name),
            *(("--ktstr-kernel", self.kernel) if self.kernel else ()),
            *self.options.arguments,
            # What a failure needs to fail is not asked at each step.
            *("--shrink-seconds", "0"),
        ]

    def _give_test(self, place: Path) -> None:
        own = place / self.target.file
        if own.exists():
            return
        try:
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / self.target.file, own)
        except OSError as error:
            raise KtstrError(f"{error.filename}: {error.strerror}") from None

    def _sidecars(self, results: Path) -> list[Mapping[str, Any]]:
        damaged: list[str] = []
        begin = f"{self.target.file}::{self.target.function}["
        runs = runs_at(results / "history") if results.is_dir() else []
        return [one for run in runs for one in run.sidecars(damaged) if one["nodeid"].startswith(begin)]


def own_commits(root: Path, text: str) -> Commits:
    """The commits that `GOOD..BAD` means, of the repository that the project at `root` is in.

    An empty end is HEAD. KtstrError if it means no two commits of which one descends from the other.
    """
    good, dots, bad = text.partition("..")
    if not dots or bad.startswith(".") or not good + bad:
        raise KtstrError(f"bisect: --commits {text}: must be GOOD..BAD, two revisions such as v1.0..HEAD")
    if any(one.startswith("-") for one in (good, bad)):
        raise KtstrError(f"bisect: --commits {text}: a revision does not begin with a dash")
    here = os.path.relpath(root)
    return commits_between(Local(here, good or "HEAD"), Local(here, bad or "HEAD"))


def target_below(root: Path, target: Target) -> Target:
    """The test by its path from the project's folder, by which it is found in a worktree too.

    KtstrError if it is not below that folder.
    """
    file = os.path.relpath(root / target.file, root)
    if file.startswith(".."):
        raise KtstrError(f"bisect: --test {target}: must be in this folder, of which commits are checked out")
    return replace(target, file=file)
