"""Checks what `ktstr init` writes for GitHub with zizmor and actionlint: `nox -s lint`.

Both see the action and the workflow where they will be, because the workflow names the action by its path. Neither asks
GitHub anything: the commits that are pinned were compared with their tags when they were written.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["lay_out", "main"]

_ROOT = Path(__file__).parents[2]
_PLACES = {"workflow.yml": ".github/workflows/ktstr.yml", "action.yml": ".github/actions/ktstr/action.yml"}
_LINTERS = (("zizmor", "--offline", "--quiet", "--persona", "pedantic", "."), ("actionlint",))


def lay_out(folder: Path) -> None:
    """Make `folder` look like a repository with both files."""
    (folder / ".git").mkdir()  # the linters look for it to find a repository's top
    for name, place in _PLACES.items():
        (folder / place).parent.mkdir(parents=True)
        shutil.copy(_ROOT / "ci" / name, folder / place)


def main() -> int:
    """Run each linter; returns 1 if one found something, which it has printed."""
    beside = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="ktstr-lint-") as folder:
        lay_out(Path(folder))
        found = [
            subprocess.run([beside / name, *options], cwd=folder, check=False).returncode
            for name, *options in _LINTERS
        ]
    return int(any(found))


if __name__ == "__main__":
    sys.exit(main())
