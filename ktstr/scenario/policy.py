"""Scheduling policies of workers, by sched(7)'s names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument, Choice, Milliseconds

__all__ = [
    "DEADLINE",
    "NICE",
    "POLICY",
    "PRIORITY",
    "REAL_TIME",
    "SLICE",
    "Deadline",
    "Policy",
    "Slice",
    "check_policy",
    "check_slice",
    "plan_priority",
    "slice_ns",
]

Policy = Literal["normal", "batch", "idle", "fifo", "rr", "deadline", "ext"]
"""The name of a scheduling policy, as sched(7) has it in SCHED_*. `ext` is that of partial sched_ext schedulers
(SCX_OPS_SWITCH_PARTIAL)."""

POLICY = Choice(get_args(Policy))
"""The policy as an argument."""

REAL_TIME: frozenset[Policy] = frozenset(("fifo", "rr", "deadline"))
"""The policies that a sched_ext scheduler never gets to see."""

NICE = (-20, 19)
"""The least and the most nice value."""

PRIORITY = (1, 39)
"""The least and the most priority of fifo and rr: the perturber, which preempts workers, has 40, the agent 50."""

_DEFAULT_PRIORITY = 10
_PRIORITY = frozenset(("fifo", "rr"))
_SLICED = frozenset(("normal", "batch", "ext"))  # kernel/sched/sched.h, fair_policy()
_LEAST_RUNTIME_NS = 1024  # what the kernel accepts: include/uapi/linux/sched/types.h, dl_runtime


@dataclass(frozen=True)
class Deadline:
    """The reservation of a `deadline` worker: `runtime_ms` of CPU time within `deadline_ms` of each `period_ms`.

    `deadline_ms` and `period_ms`, if not given, are the period and the deadline; one of them must be.
    """

    runtime_ms: float
    """CPU time in each period, in guest ms."""
    deadline_ms: float | None = None
    """When, after the begin of a period, it must have had that, in guest ms."""
    period_ms: float | None = None
    """The length of a period, in guest ms."""

    def __post_init__(self) -> None:
        for field in ("runtime_ms", "deadline_ms", "period_ms"):
            if (value := getattr(self, field)) is not None:
                DEADLINE.check(value, f"deadline: {field}")
        runtime, deadline, period = self.nanoseconds
        if runtime < _LEAST_RUNTIME_NS or not runtime <= deadline <= period:
            raise KtstrError(
                f"deadline: runtime_ms={self.runtime_ms:g}: must be 0.001024 or more, and at most deadline_ms, which"
                " must be at most period_ms"
            )

    @property
    def nanoseconds(self) -> tuple[int, int, int]:
        """Runtime, deadline and period, in guest ns."""
        deadline = self.deadline_ms if self.deadline_ms is not None else self.period_ms
        period = self.period_ms if self.period_ms is not None else self.deadline_ms
        if deadline is None or period is None:
            raise KtstrError("deadline: deadline_ms or period_ms: must be given")
        return round(self.runtime_ms * 1e6), round(deadline * 1e6), round(period * 1e6)

    def __str__(self) -> str:
        runtime, deadline, period = (value / 1e6 for value in self.nanoseconds)
        return f"{runtime:g} ms within {deadline:g} of {period:g} ms"


DEADLINE = Milliseconds()
"""A time of a reservation as an argument."""


@dataclass(frozen=True)
class Slice(Argument):
    """The slice that a task asks for, in guest ms: what sched_setattr(2) does not clamp (__setparam_fair())."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0.1 <= value <= 100:  # type: ignore[operator]
            raise KtstrError(
                f"{where}={shown(value)}: must be guest milliseconds, from 0.1 to 100, as the kernel has them"
            )

    def words(self, value: float) -> tuple[str, ...]:
        """It as a text; the plan has `slice_ns` of it."""
        return (f"{value:g}",)


SLICE = Slice()
"""The slice as an argument."""


def check_slice(policy: str, slice_ms: float | None, where: str) -> None:
    """KtstrError, beginning with `where`, for a slice that the policy does not take."""
    if slice_ms is not None and policy not in _SLICED:
        raise KtstrError(
            f"{where}: slice_ms={slice_ms:g}: policy {policy} has none; must be policy normal, batch or ext"
        )


def slice_ns(slice_ms: float | None) -> int | None:
    """A slice as the plan has it, in guest ns, in the place of a reservation's runtime; None if there is none."""
    return None if slice_ms is None else round(slice_ms * 1e6)


def check_policy(policy: str, priority: int | None, deadline: Deadline | None, where: str) -> None:
    """KtstrError, beginning with `where`, for a priority or a reservation that the policy does not take, or lacks."""
    if priority is not None and policy not in _PRIORITY:
        raise KtstrError(f"{where}: priority={priority}: policy {policy} has none; must be policy fifo or rr")
    if deadline is not None and policy != "deadline":
        raise KtstrError(f"{where}: deadline={deadline}: policy {policy} has none; must be policy deadline")
    if deadline is None and policy == "deadline":
        raise KtstrError(
            f"{where}: deadline: must be Deadline(runtime_ms, period_ms=...) for policy deadline"
        )


def plan_priority(policy: str, priority: int | None) -> int:
    """The priority as the plan has it: the default is 10, and 0 that of a policy without."""
    if policy not in _PRIORITY:
        return 0
    return _DEFAULT_PRIORITY if priority is None else priority
