"""Tests of a project, with a work type, an operation and a check that ktstr does not have."""

import max_fork_ms  # noqa: F401 - declares the check
from fork_storm import ForkStorm
from stride import Stride

from ktstr import CgroupDef, Checks, Ctx, Scenario, ktstr_test

STORM = Scenario((CgroupDef("memory", 2, work=Stride(touches=100)), ForkStorm(20)), hold_s=0.2)


# A fifth of a second is too short to compare the workers' shares.
@ktstr_test(checks=Checks(max_fork_ms=1000, max_spread_pct=False))
def forks_are_fast(ctx: Ctx) -> None:
    report = ctx.run(STORM)
    assert [worker.kind for worker in report.workers] == ["stride", "stride"]
    assert all(worker.iterations > 100 for worker in report.workers)
    (storm,) = report.result.of("fork_storm")
    assert storm["count"] == 20
    assert storm["longest_ns"] > 0


@ktstr_test(checks=Checks(max_fork_ms=1000))
def without_a_storm_there_is_nothing_to_judge(ctx: Ctx) -> None:
    report = ctx.run(CgroupDef("cg", 1), hold_s=0.1)
    assert not report.result.of("fork_storm")


@ktstr_test()
def forks_are_slower_than_nothing(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 1), ForkStorm(5), hold_s=0.1, checks=Checks(max_fork_ms=0))
