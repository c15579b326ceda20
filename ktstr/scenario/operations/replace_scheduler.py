"""The operation `replace_scheduler`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from types import MappingProxyType

from ktstr.scenario.model import State
from ktstr.scenario.scheduler_name import NamesScheduler, require_attached

__all__ = ["ReplaceScheduler"]


@dataclass(frozen=True)
class ReplaceScheduler(NamesScheduler):
    """Stops the attached scheduler and starts another declared one in its place; `-` is the test's own.

    The kernel takes one at a time. In between, its default schedules the workers.
    """

    name = "replace_scheduler"
    refusals = MappingProxyType({errno.ETIMEDOUT: "exit", errno.EBUSY: "exit"})

    def changes(self, state: State) -> State:
        """With the other scheduler; KtstrError if none is attached."""
        require_attached(state, self.label)
        return replace(state, scheduler=self.scheduler_name)
