"""The suite that faults are injected into: a pass with a scheduler and a failure without one, on one template."""

from ktstr import CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test

SMALL = (1, 1, 2, 1)
FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=SMALL)


@ktstr_test(scheduler=FIXTURE)
def scheduled(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 2), hold_s=0.1)


@ktstr_test(topology=SMALL, checks=Checks(max_gap_ms=5), auto_repro=False)
def late(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 8), hold_s=0.1)
