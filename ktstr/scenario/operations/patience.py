"""The operation `patience`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Patience"]


@dataclass(frozen=True)
class Patience(Operation):
    """Has the guest's watchdog wait for longer than sched_ext's takes by default, if a scheduler blocks the agent."""

    name = "patience"
    instead = "nothing: ktstr has it where it is needed"
