"""The operation `dump`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Dump"]


@dataclass(frozen=True)
class Dump(Operation):
    """Reads what the scheduler's maps hold."""

    name = "dump"
    instead = "dump=True"
