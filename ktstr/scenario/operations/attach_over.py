"""The operation `attach_over`."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from ktstr.scenario.model import State
from ktstr.scenario.scheduler_name import NamesScheduler, require_attached

__all__ = ["AttachOver"]


@dataclass(frozen=True)
class AttachOver(NamesScheduler):
    """Starts a scheduler while another one is attached, and waits until its program ends.

    The kernel takes one at a time, so it refuses the second with EBUSY, which the report has; the first must go on.
    """

    name = "attach_over"
    tolerated = frozenset({errno.EBUSY})

    def changes(self, state: State) -> State:
        """The same; KtstrError if no scheduler is attached."""
        require_attached(state, self.label)
        return state
