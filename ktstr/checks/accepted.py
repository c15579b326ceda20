"""The values that a check's threshold accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Accepted", "Limit", "OnOff", "Sustained", "SustainedLimit", "Threshold"]


@dataclass(frozen=True)
class Sustained:
    """A limit of what is sampled: a violation is more than `limit` in all samples of `for_ms` milliseconds."""

    limit: float
    """The most that is acceptable for longer."""
    for_ms: float = 0
    """For how long more is acceptable, in guest milliseconds; 0: for no sample."""

    def __str__(self) -> str:
        return f"{self.limit:g} for {self.for_ms:g} ms" if self.for_ms else f"{self.limit:g}"


Threshold = bool | float | Sustained
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


@dataclass(frozen=True)
class SustainedLimit:
    """A number from `least` on in `unit`, or `Sustained(number, for_ms=...)`; or False, which turns the check off."""

    unit: str
    least: float = 0

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if isinstance(value, Sustained):
            Limit("guest milliseconds").check(value.for_ms, f"{where}: for_ms")
            Limit(self.unit, self.least).check(value.limit, f"{where}: limit")
            return
        try:
            Limit(self.unit, self.least).check(value, where)
        except KtstrError as error:
            raise KtstrError(f"{error}, or Sustained({self.unit}, for_ms=...)") from None
