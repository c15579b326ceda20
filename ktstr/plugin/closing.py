"""The last lines of a session that chose among its tests: the gauntlet's grid, and what was left out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

from ktstr.plugin.recorder import Recorder
from ktstr.plugin.session import Options
from ktstr.report.case import NOT_PASSED
from ktstr.report.grid import grid_lines

__all__ = ["write_closing"]

_NO_TERMINAL = 10**6  # a file has no width


def write_closing(terminal: Any, recorder: Recorder | None, options: Options, lines: Sequence[str]) -> None:
    """Write the grid, if the session ran the gauntlet, and `lines`. pytest knows whether colours are wanted."""
    if terminal.config.option.verbose < -1:
        return
    cases = recorder.cases if recorder is not None and options.gauntlet else ()
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _NO_TERMINAL
    grid = grid_lines(cases, columns)
    for number, line in enumerate(grid):
        bad = any(case.outcome in NOT_PASSED for case in cases)
        colour = {"red" if bad else "green": True} if number == 0 else {}
        terminal.write_line(line, **colour)
    for line in lines:
        terminal.write_line(line)
