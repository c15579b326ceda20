"""The operation `detach`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from types import MappingProxyType

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["Detach"]


@dataclass(frozen=True)
class Detach(Operation):
    """Stops the attached scheduler, and waits until the kernel's default schedules again. The workers go on."""

    name = "detach"
    refusals = MappingProxyType({errno.ETIMEDOUT: "exit"})

    def changes(self, state: State) -> State:
        """Without the scheduler; KtstrError if none is attached."""
        require_attached(state, self.label)
        return replace(state, scheduler=None)
