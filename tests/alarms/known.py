"""Violations that are the schedulers' own, each with the reason: all others in the matrix are false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from cell import Cell

__all__ = ["KNOWN", "Known", "expected"]


@dataclass(frozen=True)
class Known:
    """A check that these cells violate, every one of them. Each field is a name, or a pattern with `*`."""

    scheduler: str
    check: str
    why: str
    """What the scheduler does that violates it, in a sentence."""
    scenarios: tuple[str, ...] = ("*",)
    topologies: tuple[str, ...] = ("*",)
    kernels: tuple[str, ...] = ("*",)

    def has(self, cell: Cell) -> bool:
        """Whether `cell` is one of these."""
        return (
            fnmatchcase(cell.scheduler, self.scheduler)
            and any(fnmatchcase(cell.scenario, one) for one in self.scenarios)
            and any(fnmatchcase(cell.topology, one) for one in self.topologies)
            and any(fnmatchcase(cell.kernel, one) for one in self.kernels)
        )


KNOWN: tuple[Known, ...] = ()
"""All that are known."""


def expected(cell: Cell) -> dict[str, str]:
    """The checks that `cell` violates as far as is known, each with the reason."""
    return {one.check: one.why for one in KNOWN if one.has(cell)}
