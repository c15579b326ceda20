"""`python -m ktstr.pages ROOT FOLDER ...`: the page of a run that has just ended, for `ktstr.report.page`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.output import guarded
from ktstr.base.process import die_with_parent
from ktstr.compare.runs import Run, read_part
from ktstr.pages.report import write_report

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Write the page of the run in these folders, and print where it is; the exit status."""
    if os.environ.get("KTSTR_DIE_WITH_PARENT") == "1":
        die_with_parent(os.getppid())
    root, *folders = map(Path, arguments)
    try:
        parts = sorted(map(read_part, folders), key=lambda part: part.name)
        print(write_report(root, [Run(tuple(parts))]))
    except KtstrError as error:
        print(f"ktstr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(sys.argv[1:])))
