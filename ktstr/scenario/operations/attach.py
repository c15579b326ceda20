"""The operation `attach`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.scenario.model import State
from ktstr.scenario.scheduler_name import OF_TEST, Named, NamesScheduler, SchedulerName

__all__ = ["Attach"]


@dataclass(frozen=True)
class Attach(NamesScheduler):
    """Starts a scheduler while none is attached, and waits until it is.

    `scheduler` is a declared scheduler or its name; without one it is the test's own. If it does not attach, the
    scenario is over.
    """

    name = "attach"
    refusals = MappingProxyType({errno.EBUSY: "late exit"})
    scheduler: Annotated[str | Named, SchedulerName()] = OF_TEST
    """The scheduler's name, also if it was given itself."""

    def changes(self, state: State) -> State:
        """With that scheduler; KtstrError if one is attached."""
        if state.scheduler is not None:
            raise KtstrError(
                f"{self.label}: scheduler={self.scheduler!r}: one is attached at that moment;"
                " use Detach() before it, ReplaceScheduler(...) or AttachOver(...)"
            )
        return replace(state, scheduler=self.scheduler_name)
