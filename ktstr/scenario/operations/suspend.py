"""The operation `suspend`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds
from ktstr.scenario.operation import Operation

__all__ = ["Suspend"]


@dataclass(frozen=True)
class Suspend(Operation):
    """Suspends as far as a guest can, for guest milliseconds: all tasks are frozen, then they go on.

    sched_ext bypasses the scheduler as in every suspend (the kernel's `/dev/snapshot`, with which user space
    hibernates). The devices stay. A kernel without it (CONFIG_HIBERNATION_SNAPSHOT_DEV) is an error.
    """

    name = "suspend"
    for_ms: Annotated[float, Milliseconds()] = 100
    """For how many guest milliseconds."""

    @property
    def needs_open_kernel(self) -> bool:
        """It does: `/dev/snapshot` is closed in one that is locked down."""
        return True
