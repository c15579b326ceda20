"""The operation `read_globals`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Words
from ktstr.scenario.operation import Operation

__all__ = ["ReadGlobals"]

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*", re.ASCII)


@dataclass(frozen=True)
class _Paths(Words):
    least: int = 1

    def check(self, value: object, where: str) -> None:
        super().check(value, where)
        for path in value:  # type: ignore[attr-defined]
            if not _PATH.fullmatch(path):
                raise KtstrError(
                    f"{where}: {shown(path)}: must be a path in C, such as 'nr_enqueued' or 'stats[3].nr'"
                )


@dataclass(frozen=True, init=False)
class ReadGlobals(Operation):
    """Reads globals of the scheduler, by path in C: `ReadGlobals("nr_enqueued", "limits.cpu[2]", "stats[3].nr")`.

    `report.globals` has the last value of each path, `report.guest.globals_read` every reading. An array map counts,
    too: its name, then an element; of a per-CPU array the value is the sum over all CPUs. The scheduler is the attached
    one, or, after a Detach(), the one that was.
    """

    name = "read_globals"
    paths: Annotated[tuple[str, ...], _Paths()]
    """The paths; each ends at an integer, bool or enum."""

    def __init__(self, *paths: str) -> None:
        object.__setattr__(self, "paths", paths)
        self.check()
