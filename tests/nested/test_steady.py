"""What `nox -s kvm-nested` runs under KVM: one CPU, because a KVM that is itself emulated hangs bringing up two."""

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios

FIXTURE = declare_scheduler(name="fixture", bpf="../schedulers/fixture.bpf.c", topology=(1, 1, 1, 1))


@ktstr_test(scheduler=FIXTURE)
def one_cpu(ctx: Ctx) -> None:
    scenarios.steady(ctx)
