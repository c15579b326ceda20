"""The time that shrinking a failed run may take: a real clock, which decides how short a list gets and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ktstr.report.told import tell

__all__ = ["SHRINK_S", "ShrinkTime", "TimeIsUp"]

SHRINK_S = 60.0
"""How many seconds shrinking a failed run takes at most, unless something else is asked for."""


class TimeIsUp(Exception):
    """The next run would end after the time for shrinking."""


class ShrinkTime:
    """The time of one failed run, which all searches for what it needs share.

    It begins when this is made. `seconds` 0: there is none; neither is there if `why_not` says why it is not shrunk.
    What a search has come to is written to `file`, for whoever watches: the process that runs a test has no terminal.
    """

    def __init__(
        self, seconds: float, file: Path, now: Callable[[], float] = time.monotonic, *, why_not: str = ""
    ) -> None:
        self.seconds = 0.0 if why_not else seconds
        self.runs = 0
        self._why_not = why_not or "no time was given for it (--shrink-seconds)"
        self._file = file
        self._now = now
        self._end = now() + seconds
        self._longest_s = 0.0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Around each run; raises TimeIsUp instead of beginning one that would not end in time, if it takes as long as
        the longest one so far."""
        began = self._now()
        if self.seconds <= 0 or began >= self._end or began + self._longest_s > self._end:
            raise TimeIsUp
        yield
        self.runs += 1
        self._longest_s = max(self._longest_s, self._now() - began)

    @property
    def unfinished(self) -> str:
        """Why a search ended early, for a line about it."""
        if self.seconds <= 0:
            return f"not shrunk: {self._why_not}"
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        return f"not shrunk to the end: its {self.seconds:g} s were up after {runs} (--shrink-seconds)"

    def say(self, left: int, of: int) -> None:
        """Note that `left` of `of` are left so far."""
        if self.seconds > 0:
            tell(self._file, f"{left} of {of} left, run {self.runs + 1}")
