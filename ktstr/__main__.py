"""The `ktstr` command, and `python -m ktstr`."""

from __future__ import annotations

import sys

from ktstr.base.output import guarded, silent_start

__all__ = ["main"]


def main() -> None:
    """Import the command and run it."""
    with silent_start():
        from ktstr.plugin.suite import VERBS, asks_for_help, become

        words = sys.argv[1:]
        if words and words[0] in VERBS and not asks_for_help(words):
            # Nothing of it is for Invoke, whose import takes longer than all that is needed here.
            become(words[0], words[2:] if words[1:2] == ["--"] else words[1:])
        from ktstr.tasks.command import main as run
    sys.exit(guarded(run))


if __name__ == "__main__":
    main()
