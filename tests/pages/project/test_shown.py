"""A suite with all that a report shows: passes, latency, and a failure of each kind."""

import pytest

from ktstr import BpfMapWrite, Bursty, CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test

SMALL = (1, 1, 2, 1)
MINE = declare_scheduler(name="mine", bpf="fixture.bpf.c", topology=SMALL)
REJECTED = declare_scheduler(name="rejected", bpf="rejected.bpf.c", topology=SMALL)
MISSING = declare_scheduler(name="missing", binary="scx_no_such_program", topology=SMALL)


def load(ctx: Ctx) -> None:
    ctx.run(CgroupDef("batch", 4), CgroupDef("web", 2, work=Bursty(burst_ms=1, sleep_ms=5)), hold_s=0.3)


@ktstr_test(scheduler=MINE, latency=True, checks=Checks(max_spread_pct=False))
def web_and_batch(ctx: Ctx) -> None:
    load(ctx)


@ktstr_test(topology=SMALL, latency=True, checks=Checks(max_spread_pct=False))
def web_and_batch_under_eevdf(ctx: Ctx) -> None:
    load(ctx)


@ktstr_test(scheduler=MINE, cores=2, threads=2)
def with_smt(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 4), hold_s=0.1)


@ktstr_test(scheduler=MINE, bpf_map_write=BpfMapWrite(".bss", "crash", 1))
def crashes(ctx: Ctx) -> None:
    """The scheduler is ejected, and nobody expects it: a dump and the flight recorder's events."""
    ctx.run(CgroupDef("cg", 3), hold_s=0.3)


@ktstr_test(topology=SMALL, checks=Checks(max_gap_ms=5), auto_repro=False)
def waits_too_long(ctx: Ctx) -> None:
    ctx.run(CgroupDef("cg", 8), hold_s=0.1)


@ktstr_test(topology=SMALL)
def asserts_too_much(ctx: Ctx) -> None:
    report = ctx.run(CgroupDef("cg", 2), hold_s=0.1)
    assert not report.workers, "</script><script>alert('a guest wrote this')</script>\x1b[31m\x07"


@ktstr_test(scheduler=MISSING)
def cannot_be_run(ctx: Ctx) -> None:
    load(ctx)


@ktstr_test(topology=SMALL)
def is_skipped(ctx: Ctx) -> None:
    pytest.skip("nothing to do here")
