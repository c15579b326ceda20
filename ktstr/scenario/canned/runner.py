"""What a canned scenario needs of a test, and how it says that a machine is too small for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ktstr.base.errors import Unsuitable
from ktstr.base.topology import Topology
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import usable_cpus
from ktstr.scenario.operation import Operation
from ktstr.scenario.step import Hold, Step

__all__ = ["Report_co", "Runner", "require", "shares", "spread", "total", "usable_count"]

Report_co = TypeVar("Report_co", covariant=True)
"""What a run returns: a test's `ctx` gives a RunReport."""


class Runner(Protocol[Report_co]):
    """What a canned scenario needs of a test's `ctx`: its topology and duration, and a way to run a scenario."""

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""

    @property
    def duration_s(self) -> float:
        """The test's duration: the length of a scenario in guest seconds, unless `hold_s` says another."""

    def run(
        self, *parts: CgroupDef | Operation, hold_s: float | None = None, steps: Sequence[Step] = ()
    ) -> Report_co:
        """Run `parts` and then `steps`, with `hold_s` as duration (None: the test's), and judge the run."""


def require(ctx: Runner[Report_co], scenario: str, **least: int) -> None:
    """Unsuitable unless the topology has that many CPUs, LLCs, NUMA nodes or threads per core."""
    for what, count in least.items():
        has: int = getattr(ctx.topology, what)
        if has < count:
            raise Unsuitable(
                f"{scenario}: topology {ctx.topology} has {what}={has}; this scenario needs {count}"
            )


def usable_count(ctx: Runner[Report_co]) -> int:
    """How many CPUs the scenarios divide up."""
    return len(usable_cpus(ctx.topology))


def total(ctx: Runner[Report_co], hold_s: float | None) -> float:
    """The length of all holds together, for a scenario that needs it to say when in a hold something happens."""
    return ctx.duration_s if hold_s is None else hold_s


def spread(count: int, at_most: int) -> int:
    """`count`, but from 1 to `at_most`."""
    return max(1, min(count, at_most))


def shares(count: int) -> Hold:
    """The hold of one of `count` equal steps."""
    return Hold.fraction(1 / count)
