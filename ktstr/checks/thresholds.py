"""Thresholds: what a test, its scheduler and the library each say, and how they merge."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["DEFAULT_CHECKS", "Checks"]

Off = Literal[False]


@dataclass(frozen=True)
class Checks:
    """Limits a run is judged by. None inherits, False turns a check off, a value sets it.

    `not_stuck`: every worker did some work. `isolation`: no worker ran outside its cpuset.
    `attached`: the scheduler still schedules at the end, with the enable sequence it started with, and every
    worker is in the ext class. `max_spread_pct`: largest difference, within a cgroup, between two workers'
    shares of time spent wanting a CPU and not having it, in percentage points. `max_gap_ms`: the longest time,
    in guest milliseconds, that a worker which wanted to run did not. `kernel_clean`: the kernel reported no bug of its
    own: no warning, oops, lockup or stall.
    """

    not_stuck: bool | None = None
    isolation: bool | None = None
    attached: bool | None = None
    max_spread_pct: float | Off | None = None
    max_gap_ms: float | Off | None = None
    kernel_clean: bool | None = None

    def __post_init__(self) -> None:
        for name in ("not_stuck", "isolation", "attached", "kernel_clean"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, bool):
                raise KtstrError(f"checks: {name}={shown(value)}: must be True or False")
        for name, unit in (("max_spread_pct", "percentage points"), ("max_gap_ms", "guest milliseconds")):
            value = getattr(self, name)
            number = isinstance(value, int | float) and value is not True and value >= 0
            if value is not None and not number:  # of the two bools, False is the one accepted
                raise KtstrError(
                    f"checks: {name}={shown(value)}: must be {unit}, 0 or more, or False for off"
                )

    @property
    def about_scheduling(self) -> tuple[str, ...]:
        """The checks that ask for a scheduler that works, as far as they are set."""
        names = (field.name for field in fields(self) if field.name != "kernel_clean")
        return tuple(name for name in names if getattr(self, name) not in (None, False))

    def over(self, base: Checks) -> Checks:
        """These checks where they say something, else those of `base`."""
        return Checks(
            **{
                field.name: getattr(base, field.name)
                if getattr(self, field.name) is None
                else getattr(self, field.name)
                for field in fields(self)
            }
        )


# A gap has to fit into a scenario's default length of 2 s to be found at all; a second is still far more than a
# scheduler that works ever makes a runnable task wait.
DEFAULT_CHECKS = Checks(
    not_stuck=True, isolation=True, attached=True, max_spread_pct=15.0, max_gap_ms=1000.0, kernel_clean=True
)
