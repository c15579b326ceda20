"""The kernel's default scheduler: what a test runs under if no scheduler is declared."""

from ktstr import Bursty, CgroupDef, Checks, Cpuset, Ctx, ktstr_test, scenarios


@ktstr_test(llcs=2, cores=2)
def eevdf_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(llcs=2, cores=2, checks=Checks(max_spread_pct=False))
def eevdf_oversubscribed(ctx: Ctx) -> None:
    """Twice as many spinners as CPUs wait half their time on average, or a CPU was idle.

    How evenly is left open: until the load balancer has moved one, three may share a CPU.
    """
    report = ctx.run(CgroupDef("cg_0", workers=8))
    waited = [worker.off_cpu_pct for worker in report.workers]
    assert 49 < sum(waited) / len(waited) < 53


@ktstr_test(llcs=2, cores=2)
def eevdf_cpusets(ctx: Ctx) -> None:
    """Spinners and sleepers side by side, each confined to a half."""
    report = ctx.run(
        CgroupDef("spin", cpuset=Cpuset.disjoint(0, 2)),
        CgroupDef("burst", cpuset=Cpuset.disjoint(1, 2), work=Bursty(burst_ms=10, sleep_ms=20)),
    )
    bursty = [worker for worker in report.workers if worker.cgroup == "burst"]
    assert all(0.2 < worker.run_ns / worker.wall_ns < 0.4 for worker in bursty)
