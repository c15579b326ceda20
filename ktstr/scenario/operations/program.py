"""The operation `program`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole, Words
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import SchedulerName

__all__ = ["DeclareProgram"]


@dataclass(frozen=True)
class DeclareProgram(Operation):
    """Says by which command the declared scheduler of that name is started, and how long it may take to attach."""

    name = "program"
    instead = "declare_scheduler(...)"
    scheduler: Annotated[str, SchedulerName()]
    timeout_ns: Annotated[int, Whole(1)]
    command: Annotated[tuple[str, ...], Words(1)]
