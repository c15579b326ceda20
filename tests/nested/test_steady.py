"""What `nox -s kvm-nested` runs under KVM: one CPU, because a KVM that is itself emulated hangs bringing up two."""

import pytest

from ktstr import Checks, Ctx, declare_scheduler, ktstr_test, scenarios

FIXTURE = declare_scheduler(name="fixture", bpf="../schedulers/fixture.bpf.c", topology=(1, 1, 1, 1))
# Gaps here come from the emulation, whose speed depends on the host's load.
CHECKS = Checks(max_gap_ms=False, max_spread_pct=False)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an emulated KVM, on a busy host, the scheduler was not attached within the usual 30 guest seconds."""
    monkeypatch.setattr("ktstr.scenario.plan.ATTACH_S", 600)


@ktstr_test(llcs=1, cores=1, checks=CHECKS)
def eevdf_one_cpu(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=FIXTURE, checks=CHECKS)
def one_cpu(ctx: Ctx) -> None:
    scenarios.steady(ctx)
