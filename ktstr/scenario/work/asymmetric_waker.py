"""The work type `asymmetric_waker`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["AsymmetricWaker"]


@dataclass(frozen=True)
class AsymmetricWaker(WorkType):
    """One worker computes for `waker_ms` guest milliseconds, wakes the other, and computes on: it never sleeps.

    The other does `woken_iters` steps and sleeps until it is woken again. It is woken by a futex, or with `sync`
    through a pipe: such a wakeup says that the waker is about to sleep, and here that is not true.
    """

    name = "asymmetric_waker"
    multiple = 2
    alike = False
    waker_ms: Annotated[float, Milliseconds()] = 1.0
    woken_iters: Annotated[int, Whole(1, 1_000_000)] = 16
    sync: bool = False
