"""Scenarios of several steps in a guest."""

from __future__ import annotations

from ktstr import At, CgroupDef, Ctx, Hold, Step, ktstr_test
from ktstr.scenario.operations.sysctl import Sysctl


@ktstr_test(cores=2, duration_s=1)
def steps_are_done_one_after_the_other(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 1),
        steps=(
            Step("alone", hold=0.2),
            Step("both", CgroupDef("b", 1), At(0.1, Sysctl("kernel.panic", "1")), hold=Hold.fraction(0.3)),
        ),
    )
    assert len(report.result.of("hold")) == 2
