"""The operation `recorder`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Recorder"]


@dataclass(frozen=True)
class Recorder(Operation):
    """Has the kernel's tracer keep the last scheduling events of every CPU from here on."""

    name = "recorder"
    instead = "nothing: ktstr records where it can"
