"""What a command does before it has something to show, for who waits for it in a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["waiting"]


@contextmanager
def waiting(text: str, log: TextIO | None = None) -> Generator[None]:
    """Show `text ...` on standard error while the block runs, and remove it at its end.

    If that is no terminal, `text` is a line of `log`, or nothing. To be entered before what takes long is imported, and
    after the command line was looked over: a mistake is one line. The block must not print anything but errors, which
    come over it.
    """
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        if log is not None:
            print(text, file=log, flush=True)
        yield
        return
    print(f"{text} ...", end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("\x1b[K", end="", file=sys.stderr, flush=True)  # erases to the end of the line (ECMA-48, EL)
