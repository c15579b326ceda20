"""Progress of what takes long: a bar in a terminal, and a line each ten seconds elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

__all__ = ["Progress"]

_LINE_S = 10.0


class Progress(tqdm):  # type: ignore[type-arg]  # generic only for type checkers
    """tqdm's bar on standard error, which takes the same arguments; it is shown after a second, and removed at its end.

    If that is no terminal, such as the log of a CI job, nothing is drawn over: a line is written each ten seconds.
    """

    # tqdm's own lock is for processes too. Its semaphore would outlive a process that Ctrl-C ends, with a warning.
    _lock = threading.RLock()

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        # A closed standard error is None, or has no terminal; a dumb one cannot draw over what it shows.
        self._terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        how: dict[str, Any] = {"delay": 1.0, "leave": False}
        if not self._terminal:
            how |= {"delay": _LINE_S, "mininterval": _LINE_S, "miniters": 1, "ascii": True, "ncols": 80}
        super().__init__(*arguments, **how | settings)

    def refresh(self, nolock: bool = False, lock_args: Any = None) -> None:
        """Show the state at once; where that is a line, only if the last one is ten seconds old."""
        if self.disable:
            return
        if not self._terminal:
            # Not there yet: tqdm itself shows the state when a bar without a delay begins.
            if time.time() - getattr(self, "last_print_t", 0.0) < _LINE_S:
                return
            self.last_print_t = time.time()
        super().refresh(nolock, lock_args)

    def moveto(self, n: int) -> None:
        """Go to the line of the bar, one of several; lines come one below the other."""
        if self._terminal:
            super().moveto(n)

    def close(self) -> None:
        """Remove the bar; lines stay."""
        if not self.disable and not self._terminal:
            self.last_print_t = self.start_t - 1  # as if it had shown nothing that has to be removed
        super().close()

    @staticmethod
    def status_printer(file: Any) -> Callable[[str], None]:
        """How a state is shown: over the last one in a terminal, else below it."""
        if file.isatty() and os.environ.get("TERM") != "dumb":
            shown: Callable[[str], None] = tqdm.status_printer(file)
            return shown

        def line(text: str) -> None:
            if text.strip():  # an empty one would remove a bar
                print(text.strip(), file=file, flush=True)

        return line
