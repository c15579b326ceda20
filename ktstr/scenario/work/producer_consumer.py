"""The work type `producer_consumer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["ProducerConsumer"]


@dataclass(frozen=True)
class ProducerConsumer(WorkType):
    """One worker does `burst_iters` steps for each item, and puts it into a queue that has room for `depth`.

    `consumers` others take items, and do `consumed_iters` steps with each. The producer sleeps while the queue is full,
    a consumer while it is empty.
    """

    name = "producer_consumer"
    alike = False
    consumers: Annotated[int, Whole(1, 1023)] = 3
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 4
    consumed_iters: Annotated[int, Whole(1, 1_000_000)] = 32
    depth: Annotated[int, Whole(1, 1_000_000)] = 8

    @property
    def together(self) -> int:
        """The producer, and those that take."""
        return self.consumers + 1
