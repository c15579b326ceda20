"""The kernel's default scheduler: what a test means where no scheduler is declared."""

from ktstr import Bursty, CgroupDef, Cpuset, Ctx, ktstr_test, scenarios


@ktstr_test(llcs=2, cores=2)
def eevdf_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(llcs=2, cores=2)
def eevdf_oversubscribed(ctx: Ctx) -> None:
    """Twice as many spinners as CPUs: each waits half its time, and all the same half."""
    report = ctx.run(CgroupDef("cg_0", workers=8))
    assert all(35 < worker.off_cpu_pct < 65 for worker in report.workers)


@ktstr_test(llcs=2, cores=2)
def eevdf_cpusets(ctx: Ctx) -> None:
    """Spinners and sleepers side by side, each confined to a half."""
    report = ctx.run(
        CgroupDef("spin", cpuset=Cpuset.disjoint(0, 2)),
        CgroupDef("burst", cpuset=Cpuset.disjoint(1, 2), work=Bursty(burst_ms=10, sleep_ms=20)),
    )
    bursty = [worker for worker in report.workers if worker.cgroup == "burst"]
    assert all(0.2 < worker.run_ns / worker.wall_ns < 0.4 for worker in bursty)
