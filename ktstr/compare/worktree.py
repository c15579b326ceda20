"""The project as it was at another commit: a git worktree, which is removed after its use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ktstr.base.cache import locked
from ktstr.base.errors import KtstrError
from ktstr.base.results import open_results
from ktstr.kernel.sources.git import ask_git, run_git

__all__ = ["worktree"]


@contextmanager
def worktree(root: Path, commit: str) -> Iterator[Path]:
    """The project at `root` as of `commit`, in a folder below its results for the time of the block.

    If the project is in a folder of its repository, so is this one. KtstrError if git does not check it out, or if that
    commit does not have the project.
    """
    results = open_results(root)
    place = results / ".perf" / commit[:7]
    with locked(results / ".perf.lock", "another comparison with a base commit"):
        _remove(root, place.parent)  # what a killed one left
        try:
            run_git(root, "worktree", "add", "--quiet", "--detach", str(place), commit)
            folder = place / (ask_git(root, "rev-parse", "--show-prefix") or "")
            if not folder.is_dir():
                raise KtstrError(f"perf: commit {commit[:7]} has no folder {folder.relative_to(place)}")
            yield folder
        finally:
            _remove(root, place.parent)


def _remove(root: Path, places: Path) -> None:
    """Remove all worktrees in a folder, and git's record of them."""
    shutil.rmtree(places, ignore_errors=True)
    ask_git(root, "worktree", "prune")
