"""The fixture scheduler, as a scheduler author would test theirs."""

from ktstr import BpfMapWrite, Ctx, declare_scheduler, ktstr_test, scenarios

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 2, 4, 1))
CRASH = BpfMapWrite(".bss", "crash", 1)


@ktstr_test(scheduler=FIXTURE)
def basic_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=FIXTURE, cores=2, threads=2)
def smt_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=FIXTURE)
def llc_confined(ctx: Ctx) -> None:
    scenarios.steady_llc(ctx)


@ktstr_test(scheduler=FIXTURE)
def mixed_policies(ctx: Ctx) -> None:
    scenarios.sched_mixed(ctx)


@ktstr_test(
    scheduler=FIXTURE,
    bpf_map_write=CRASH,
    expect_err=True,
    expect_scx_bpf_error_contains="fixture: host-triggered crash",
)
def crash_path_emits_expected_error(ctx: Ctx) -> None:
    scenarios.sched_mixed(ctx)
