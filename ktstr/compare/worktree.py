"""The project as it was at another commit: a git worktree, which is removed after its use, and how it is tested."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ktstr.base.cache import locked
from ktstr.base.errors import KtstrError
from ktstr.base.results import RESULTS_DIR, open_results, results_dir
from ktstr.kernel.sources.git import ask_git, run_git

__all__ = ["environment_for", "worktree"]


@contextmanager
def worktree(root: Path, commit: str, verb: str = "perf") -> Iterator[Path]:
    """The project at `root` as of `commit`, in a folder below its results for the time of the block.

    One at a time for each `verb`, which is the command that asks. If the project is in a folder of its repository, so
    is this one. KtstrError if git does not check it out, or if that commit does not have the project.
    """
    results = open_results(root)
    place = results / f".{verb}" / commit[:7]
    with locked(results / f".{verb}.lock", f"another {verb} with a commit of this project"):
        _remove(root, place.parent)  # what a killed one left
        try:
            run_git(root, "worktree", "add", "--quiet", "--detach", str(place), commit)
            folder = place / (ask_git(root, "rev-parse", "--show-prefix") or "")
            if not folder.is_dir():
                raise KtstrError(f"{verb}: commit {commit[:7]} has no folder {folder.relative_to(place)}")
            yield folder
        finally:
            _remove(root, place.parent)


def environment_for(root: Path, folder: Path) -> Mapping[str, str]:
    """Of the processes that test `folder`: its results are those of `root`, and the tree stays as git made it."""
    added = {RESULTS_DIR: str(results_dir(root).absolute()), "KTSTR_SUITE": "1", "KTSTR_DIE_WITH_PARENT": "1"}
    if folder != root:
        added["PYTHONDONTWRITEBYTECODE"] = "1"
        cache = f"-p no:cacheprovider {os.environ.get('PYTEST_ADDOPTS', '')}".strip()
        added["PYTEST_ADDOPTS"] = cache
    if (folder / "ktstr" / "__init__.py").is_file():
        # The project is ktstr itself. Every commit is to be tested by the same one: the folder that Python is started
        # in must not come first.
        own = str(Path(__file__).parents[2])
        added["PYTHONSAFEPATH"] = "1"
        added["PYTHONPATH"] = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, **added}


def _remove(root: Path, places: Path) -> None:
    """Remove all worktrees in a folder, and git's record of them."""
    shutil.rmtree(places, ignore_errors=True)
    ask_git(root, "worktree", "prune")
