"""`python -m ktstr.verifier`: what the nox session `verifier` and `ktstr verifier` run."""

from __future__ import annotations

import sys

from ktstr.base.output import guarded, silent_start
from ktstr.base.waiting import waiting


def run() -> int:
    """Import the sweep and run it."""
    with silent_start(), waiting("looking for schedulers"):
        from ktstr.verifier.command import main
    return guarded(lambda: main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(run())
