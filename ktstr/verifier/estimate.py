"""How long a sweep takes: each cell as long as it last took here, else as long as its topology makes likely."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ktstr.declare.host_time import boot_ms
from ktstr.plugin.live import duration
from ktstr.verifier.cell import Cell, CellResult

__all__ = ["Estimate", "cells_s"]

_CELL_S = 2.0  # of host time in a clone, emulated: docs/verifier.md
_SAID_EVERY_S = 10.0


def cells_s(cells: Sequence[Cell], known_ms: Mapping[str, int]) -> dict[str, float]:
    """Host seconds of each cell, by name; `known_ms` is what cells took before, in milliseconds.

    A guest that no cell has run in is booted for the first one of its kernel and topology.
    """
    booted = {(cell.kernel.key, cell.topology) for cell in cells if cell.name in known_ms}
    found: dict[str, float] = {}
    for cell in cells:
        guest = (cell.kernel.key, cell.topology)
        boot_s = 0.0 if guest in booted else boot_ms(cell.topology) / 1000
        found[cell.name] = known_ms[cell.name] / 1000 if cell.name in known_ms else _CELL_S + boot_s
        booted.add(guest)
    return found


class Estimate:
    """What is left of a sweep that runs `at_once` cells at once; `took_s` is what each will probably take."""

    def __init__(
        self, took_s: Mapping[str, float], at_once: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._took_s = dict(took_s)
        self._total = len(took_s)
        self._at_once = max(1, at_once)
        self._now = now
        self._said_at = now()

    @property
    def _left(self) -> str:
        return f"about {duration(sum(self._took_s.values()) / self._at_once)}"

    def begin(self, *, fresh: bool) -> str:
        """`72 cells: about 3 min, less for those whose results are remembered`."""
        cells = "1 cell" if self._total == 1 else f"{self._total} cells"
        return f"{cells}: {self._left}{'' if fresh else ', less for those whose results are remembered'}"

    def done(self, result: CellResult) -> str:
        """`... 12 of 72 done, about 2 min left`, every ten seconds; empty in between, and at the end."""
        self._took_s.pop(result.cell.name, None)
        now = self._now()
        if not self._took_s or now - self._said_at < _SAID_EVERY_S:
            return ""
        self._said_at = now
        return f"... {self._total - len(self._took_s)} of {self._total} done, {self._left} left"
