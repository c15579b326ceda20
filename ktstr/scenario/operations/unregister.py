"""The operation `unregister`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Unregister"]


@dataclass(frozen=True)
class Unregister(Operation):
    """Ends the workers, stops the scheduler and waits until sched_ext is disabled."""

    name = "unregister"
    instead = "nothing: the agent stops the scheduler at the end"
