"""The operation `scheduler`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole, Words
from ktstr.scenario.operation import Operation

__all__ = ["StartScheduler"]


@dataclass(frozen=True)
class StartScheduler(Operation):
    """Starts the scheduler's program and waits up to `timeout_ns` guest nanoseconds until sched_ext is enabled.

    If it is not enabled by then, the agent leaves out the rest of the plan.
    """

    name = "scheduler"
    instead = "@ktstr_test(scheduler=...)"
    timeout_ns: Annotated[int, Whole(1)]
    command: Annotated[tuple[str, ...], Words(1)]
