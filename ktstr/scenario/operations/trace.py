"""The operation `trace`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Trace"]


@dataclass(frozen=True)
class Trace(Operation):
    """Records the context switches of the next hold."""

    name = "trace"
    instead = "trace=True"
