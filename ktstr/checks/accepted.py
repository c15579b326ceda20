"""The values that a check's threshold accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Accepted", "Limit", "OnOff", "Threshold"]

Threshold = bool | float
"""A limit, or whether the check is on; False turns any check off."""


class Accepted(Protocol):
    """What a threshold may be."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError, beginning with `where`, for a value that is not acceptable."""


@dataclass(frozen=True)
class OnOff:
    """True or False."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything but a bool."""
        if not isinstance(value, bool):
            raise KtstrError(f"{where}={shown(value)}: must be True or False")


@dataclass(frozen=True)
class Limit:
    """A number from `least` on in `unit`, which messages name; or False, which turns the check off.

    `of_wait` is for a limit in milliseconds of how long a task waits for a CPU: one that is finer than the virtual
    clock's CPU turn is refused, because such a wait says nothing of the scheduler.
    """

    unit: str
    least: float = 0
    of_wait: bool = False

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else; True is no limit."""
        number = isinstance(value, int | float) and value is not True and value >= self.least
        if not number and value is not False:
            raise KtstrError(
                f"{where}={shown(value)}: must be {self.unit}, {self.least:g} or more, or False for off"
            )
