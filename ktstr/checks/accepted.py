"""The values that a check's threshold accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Accepted", "ByFunction", "Limit", "OnOff", "Sustained", "SustainedLimit", "Threshold"]


@dataclass(frozen=True)
class Sustained:
    """A limit of what is sampled: a violation is more than `limit` in all samples of `for_ms` milliseconds."""

    limit: float
    """The most that is acceptable for longer."""
    for_ms: float = 0
    """For how long more is acceptable, in guest milliseconds; 0: for no sample."""

    def __str__(self) -> str:
        return f"{self.limit:g} for {self.for_ms:g} ms" if self.for_ms else f"{self.limit:g}"


Threshold = bool | float | Sustained | Mapping[str, int] | tuple[tuple[str, int], ...]
"""A limit, one for each name, or whether the check is on; False turns any check off."""


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


@dataclass(frozen=True)
class ByFunction:
    """A whole number in `unit` for each of some functions, by name; or False, which turns the check off.

    `Checks` keeps it as pairs, which are accepted as well.
    """

    unit: str

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        try:
            limits = dict(value) if isinstance(value, Mapping | tuple) else None
        except (TypeError, ValueError):
            limits = None
        if value is False:
            return
        if not limits:
            raise KtstrError(
                f"{where}={shown(value)}: must be {self.unit} by the function's name, such as"
                ' {"mine_enqueue": 900}, or False for off'
            )
        for name, limit in limits.items():
            if not isinstance(name, str) or type(limit) is not int or limit < 1:
                raise KtstrError(
                    f"{where}: {shown(name)}: {shown(limit)}: must be {self.unit}, a whole number from 1 on"
                )
