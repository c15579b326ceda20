"""How operations name a declared scheduler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Protocol

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation

__all__ = ["OF_TEST", "Named", "NamesScheduler", "SchedulerName", "require_attached"]

OF_TEST = "-"
"""What the plan calls the test's own scheduler."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(\[[A-Za-z0-9_.+-]+\])?|-")


@dataclass(frozen=True)
class SchedulerName(Argument):
    """The name of a declared scheduler, `mine[fifo]` for one of its variants, or `-` for the test's own."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything that cannot be the name of a scheduler."""
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise KtstrError(
                f"{where}={shown(value)}: must be a declared scheduler, or its name; '-' is the test's own"
            )

    def words(self, value: str) -> tuple[str, ...]:
        """The name itself."""
        return (value,)


class Named(Protocol):
    """What has a name, as a declared scheduler does."""

    @property
    def name(self) -> str:
        """The name."""


@dataclass(frozen=True)
class NamesScheduler(Operation):
    """The base of the operations that start a scheduler: a declared one, or its name."""

    scheduler: Annotated[str | Named, SchedulerName()]
    """The scheduler's name, also if it was given itself."""

    def __post_init__(self) -> None:
        """Take the name of a scheduler that was given itself, and check it."""
        if not isinstance(self.scheduler, str):  # which has a title(), too
            name = getattr(self.scheduler, "title", getattr(self.scheduler, "name", self.scheduler))
            object.__setattr__(self, "scheduler", name)
        self.check()

    @property
    def scheduler_name(self) -> str:
        """The name that the scheduler is declared with; `-` is the test's own."""
        return str(self.scheduler)


def require_attached(state: State, label: str) -> None:
    """KtstrError, beginning with the operation's label, if no scheduler is attached in `state`."""
    if state.scheduler is None:
        raise KtstrError(f"{label}: no scheduler is attached at that moment; use Attach(...) before it")
