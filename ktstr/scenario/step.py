"""A step of a scenario: what is done at its start, and then its hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.values import seconds, shown, string, whole
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At

__all__ = ["Hold", "Step"]

_LONGEST_NAME = 64
_MOST_TURNS = 1000


@dataclass(frozen=True)
class Hold:
    """How long a step holds, as a share of the test's duration: `Hold.fraction(0.5)`."""

    share: float
    """The share: 1 is all of the duration."""

    @classmethod
    def fraction(cls, share: float) -> Hold:
        """A share of the test's duration, more than 0 and at most 1."""
        return cls(share)

    def __post_init__(self) -> None:
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not number or not 0 < self.share <= 1:
            raise KtstrError(
                f"Hold.fraction({shown(self.share)}): must be a share of the test's duration,"
                " more than 0 and at most 1"
            )

    def __str__(self) -> str:
        return f"{self.share:g} of the duration"


@dataclass(frozen=True, init=False)
class Step:
    """`parts` (cgroups and operations) in their order, and then a hold, in which the workers run.

    `hold` is guest seconds, or `Hold.fraction(...)` of the test's duration (None: all of it). A part `At(0.2, ...)` is
    done at that guest time of the hold. `repeat` does the whole step so many times; `until_s` does it until so many
    guest seconds of holds have passed, and cuts the last hold short. Each time is a phase of the report. The first
    steps of a scenario may be there before the test's scheduler is attached: `attached=False`.
    """

    name: str
    """What the report calls it."""
    parts: tuple[CgroupDef | Operation, ...]
    """The cgroups and operations, in their order."""
    hold: float | Hold | None
    """Its length."""
    repeat: int
    """How many times the step is done."""
    until_s: float | None
    """The guest seconds for which it is repeated; None: `repeat` says it."""
    attached: bool
    """Whether the test's scheduler has been started by then; False: the kernel's default schedules."""

    def __init__(
        self,
        name: str,
        *parts: CgroupDef | Operation,
        hold: float | Hold | None = None,
        repeat: int = 1,
        until_s: float | None = None,
        attached: bool = True,
    ) -> None:
        where = f"step {shown(name)}"
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise KtstrError(f"{where}: name: must be 1 to {_LONGEST_NAME} printable characters")
        string(name, f"{where}: name")
        where = f"step {name}"
        check_parts(parts, where)
        if hold is not None and not isinstance(hold, Hold):
            hold = seconds(hold, f"{where}: hold")
        whole(repeat, f"{where}: repeat", 1, _MOST_TURNS)
        if until_s is not None:
            seconds(until_s, f"{where}: until_s")
            if repeat != 1:
                raise KtstrError(f"{where}: repeat={repeat}: must not be given together with until_s")
        if not isinstance(attached, bool):
            raise KtstrError(f"{where}: attached={shown(attached)}: must be True or False")
        for field, value in (
            ("name", name),
            ("parts", tuple(parts)),
            ("hold", hold),
            ("repeat", repeat),
            ("until_s", until_s),
            ("attached", attached),
        ):
            object.__setattr__(self, field, value)

    def holds(self, duration_s: float) -> tuple[float, ...]:
        """The length of each hold in guest seconds, for a test of `duration_s`. KtstrError if there are too many."""
        if self.hold is None:
            hold_s = duration_s
        else:
            hold_s = self.hold.share * duration_s if isinstance(self.hold, Hold) else self.hold
        if self.until_s is None:
            return (hold_s,) * self.repeat
        turns = math.ceil(round(self.until_s / hold_s, 9))
        if turns > _MOST_TURNS:
            raise KtstrError(
                f"step {self.name}: until_s={self.until_s:g}: is {turns} holds of {hold_s:g} s: {_MOST_TURNS} at most"
            )
        return (hold_s,) * (turns - 1) + (self.until_s - hold_s * (turns - 1),)

    def __str__(self) -> str:
        if self.hold is None:
            hold = "hold"
        else:
            hold = f"hold {self.hold}" if isinstance(self.hold, Hold) else f"hold {self.hold:g} s"
        if self.until_s is not None:
            hold += f", again until {self.until_s:g} s"
        elif self.repeat > 1:
            hold += f", {self.repeat} times"
        early = "" if self.attached else " (before the scheduler is attached)"
        return "\n".join([f"step {self.name}{early}", *(f"  {part}" for part in self.parts), f"  {hold}"])


def check_parts(parts: tuple[CgroupDef | Operation, ...], where: str, *, held: bool = True) -> None:
    """KtstrError for what is no part of a step; without `held`, of a scenario before its first step."""
    for part in parts:
        if not isinstance(part, CgroupDef | Operation):
            raise KtstrError(f"{where}: {shown(part)}: must be CgroupDef(...) or an operation")
        if isinstance(part, At) and not held:
            raise KtstrError(f"{where}: {part}: must be in a Step(...), whose hold has that time")
        if isinstance(part, Operation) and part.instead:
            raise KtstrError(f"{where}: {part.name}: ktstr puts it into the plan; use {part.instead}")
