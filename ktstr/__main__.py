"""The `ktstr` command, and `python -m ktstr`.

Until Python has imported what the command needs, Ctrl-C ends the process at once and without a word, as it ends a
program in C. After that it is an exception, and each command leaves in order.
"""

from __future__ import annotations

import signal

__all__ = ["main"]


def main() -> None:
    """Import the command and run it."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # not ignored, as it is for a shell's background jobs
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ktstr.tasks.command import main as run

    signal.signal(signal.SIGINT, handler)
    run()


if __name__ == "__main__":
    main()
