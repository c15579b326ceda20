"""The `ktstr` command, and `python -m ktstr`."""

from __future__ import annotations

import sys

from ktstr.base.output import guarded, silent_start

__all__ = ["main"]


def main() -> None:
    """Import the command and run it."""
    with silent_start():
        from ktstr.tasks.command import main as run
    sys.exit(guarded(run))


if __name__ == "__main__":
    main()
