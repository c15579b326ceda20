"""What a failed run says while it is run again: two small files in its folder.

The process that runs a test has no terminal; the one that has reads them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ktstr.base.whole_file import write_whole

__all__ = ["EXPLORING", "SHRINKING", "VERDICT", "tell"]

VERDICT = "verdict.txt"
"""What went wrong, in one line: there before the first further run."""
EXPLORING = "exploring.txt"
"""How far an exploration is, in a line; in the folder of a test's runs."""
SHRINKING = "shrinking.txt"
"""How far the search is for what the failure needs, in a few words."""


def tell(path: Path, text: str) -> None:
    """Write `text` to `path`. A disk that refuses is no reason to lose a verdict."""
    with suppress(OSError):
        write_whole(path, text)
