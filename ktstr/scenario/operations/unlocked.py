"""The operation `unlocked`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Unlocked"]


@dataclass(frozen=True)
class Unlocked(Operation):
    """Does not lock the kernel down for the programs that are started later: then the plan can write to debugfs."""

    name = "unlocked"
    instead = "nothing: a plan that writes to debugfs has it"
