"""A stand-in for a test's `ctx` under which no violation ends a scenario, and the scenarios that are run so."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr import CgroupDef, Ctx, Operation, RunReport, Step, Topology, scenarios

__all__ = ["CANNED", "Unjudged"]

CANNED = tuple(name for name in scenarios.__all__ if name != "Runner")
"""The names of all canned scenarios."""


class Unjudged:
    """Runs a scenario as `ctx` does, and lets no violation raise. With `dump` each run has a dump."""

    def __init__(self, ctx: Ctx, *, dump: bool = False) -> None:
        self._ctx = ctx
        self._dump = dump

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""
        return self._ctx.topology

    @property
    def duration_s(self) -> float:
        """The test's duration."""
        return self._ctx.duration_s

    def run(
        self, *parts: CgroupDef | Operation, hold_s: float | None = None, steps: Sequence[Step] = ()
    ) -> RunReport:
        """Run it under the test's checks."""
        return self._ctx.run(*parts, hold_s=hold_s, steps=steps, dump=self._dump, check=False)
