"""Which accelerator and clock guests get here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ktstr.vm.job import Clock

__all__ = ["Accel", "probe"]


@dataclass(frozen=True)
class Accel:
    """An accelerator, the clock that goes with it, and why it was chosen, in one line."""

    name: Literal["kvm", "tcg"]
    clock: Clock
    reason: str


def probe(clock: str = "auto") -> Accel:
    """The accelerator for a wanted clock."""
    return Accel("tcg", "virtual", "not probed yet")
