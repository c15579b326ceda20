"""The suite that faults are injected into: a pass with a scheduler, one without, and a failure, all of them short."""

from ktstr import CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 1, 2, 1))


@ktstr_test(scheduler=FIXTURE)
def scheduled(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 2), hold_s=0.1)


@ktstr_test(topology=(1, 1, 1, 1))
def plain(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 2), hold_s=0.1)


@ktstr_test(topology=(1, 1, 1, 1), checks=Checks(max_gap_ms=1), auto_repro=False)
def late(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 4), hold_s=0.1)
