"""Big scenarios come to a verdict: as many cgroups as a server with a thousand services has."""

from __future__ import annotations

from embedded import SCHEDULERS

from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test

MANY = declare_scheduler(name="many", bpf=SCHEDULERS / "fixture.bpf.c", topology="1n4l16c1t")


@ktstr_test(scheduler=MANY, auto_repro=False)
def a_thousand_cgroups_on_64_cpus(ctx: Ctx) -> None:
    report = ctx.run(*(CgroupDef(f"service-{number}", workers=1) for number in range(1024)), hold_s=0.5)
    assert len({worker.cgroup for worker in report.workers}) == 1024
    assert all(worker.iterations for worker in report.workers)
