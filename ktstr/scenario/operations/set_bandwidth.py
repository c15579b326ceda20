"""The operation `set_bandwidth`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["SetBandwidth"]

_US = 1000
_NS = 1_000_000


@dataclass(frozen=True)
class _Limit(Argument):
    """Guest milliseconds, from 1 (the kernel's least) to `most`, or with `none` None."""

    most: int
    none: bool = False

    def check(self, value: object, where: str) -> None:
        if value is None and self.none:
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 1 <= value <= self.most:  # type: ignore[operator]
            none = ", or None for no limit" if self.none else ""
            raise KtstrError(
                f"{where}={shown(value)}: must be guest milliseconds, from 1 to {self.most}{none}"
            )

    def words(self, value: float | None) -> tuple[str, ...]:
        return ("max" if value is None else str(round(value * _US)),)


@dataclass(frozen=True)
class SetBandwidth(Operation):
    """Sets a cgroup's `cpu.max`: its tasks may use `quota_ms` of CPU time in each `period_ms`; None: no limit."""

    name = "set_bandwidth"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    quota_ms: Annotated[float | None, _Limit(1_000_000, none=True)]
    """The CPU time in each period, in guest milliseconds; None: no limit."""
    period_ms: Annotated[float, _Limit(1000)] = 100
    """The period, in guest milliseconds."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The path, the quota and the period as `cpu.max` takes them, in microseconds."""
        quota, period = _Limit(1_000_000).words(self.quota_ms), _Limit(1000).words(self.period_ms)
        return (self.cgroup, *quota, *period)

    def changes(self, state: State) -> State:
        """The cgroup has that limit; KtstrError if there is no such cgroup."""
        known = require_controller(state, self.cgroup, "cpu", self.label)
        limit = None if self.quota_ms is None else (round(self.quota_ms * _NS), round(self.period_ms * _NS))
        return state.with_cgroup(self.cgroup, replace(known, quota=limit))
