"""The folder of a project's results: `target/ktstr` in the project, or where a setting puts it."""

from __future__ import annotations

import os
from pathlib import Path

from ktstr.base.errors import KtstrError

__all__ = ["RESULTS_DIR", "cannot_write", "open_results", "results_dir"]

RESULTS_DIR = "KTSTR_RESULTS_DIR"
"""The environment variable that names another folder; a relative one begins at the project's root."""


def results_dir(root: Path) -> Path:
    """The folder of the runs of the project at `root`. Raises KtstrError for a home that does not exist."""
    given = os.environ.get(RESULTS_DIR)
    if not given:
        return root / "target" / "ktstr"
    try:
        return root.absolute() / Path(given).expanduser()
    except RuntimeError:
        raise KtstrError(f"{RESULTS_DIR}={given}: no such user, or no home directory") from None


def open_results(root: Path) -> Path:
    """`results_dir`, made if need be. Raises KtstrError if it cannot be written."""
    results = results_dir(root)
    try:
        results.mkdir(parents=True, exist_ok=True)
        # Results are never part of the project: git must not see them, nor call the project dirty.
        ignore = results / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        if not os.access(results, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise cannot_write(results, error) from error
    return results


def cannot_write(results: Path, error: OSError) -> KtstrError:
    """The error for a folder of results that cannot be written."""
    return KtstrError(
        f"results directory {results}: {error.strerror}; --results DIR or {RESULTS_DIR} puts results elsewhere"
    )
