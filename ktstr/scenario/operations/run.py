"""The operation `run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole, Words
from ktstr.scenario.operation import Operation

__all__ = ["Run"]


@dataclass(frozen=True)
class Run(Operation):
    """Runs a program of the guest that is no scheduler, for `timeout_ns` guest nanoseconds at most."""

    name = "run"
    instead = "@ktstr_test(scheduler=...)"
    timeout_ns: Annotated[int, Whole(1)]
    command: Annotated[tuple[str, ...], Words(1)]
