"""`python -m ktstr.compare`: what the nox session `perf` runs."""

from __future__ import annotations

import sys

from ktstr.base.output import guarded, silent_start


def run() -> int:
    """Import the gate and run it."""
    with silent_start():
        from ktstr.compare.gate import main
    return guarded(lambda: main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(run())
