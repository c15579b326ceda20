"""The work type `spin_wait`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.work_type import WorkType

__all__ = ["SpinWait"]


@dataclass(frozen=True)
class SpinWait(WorkType):
    """Computes without end and never gives up its CPU; `pause` ends every few hundred instructions in a PAUSE.

    Without the PAUSE it looks to the machine like a program that computes, and shows the emulator's CPU turn.
    """

    name = "spin_wait"
    pause: bool = True
