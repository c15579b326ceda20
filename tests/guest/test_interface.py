"""The interface covered: what the kernel called of a scheduler, with which flags, and what it did itself."""

from __future__ import annotations

from embedded import SCHEDULERS

from ktstr import Bursty, CgroupDef, Ctx, declare_scheduler, ktstr_test
from ktstr.instrument.plugin import COUNTS
from ktstr.vm.job import RunOptions

FIXTURE = declare_scheduler(name="interface_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 2, 1))
DISPATCH_ENQUEUE = ("scx_dispatch_enqueue", "dispatch_enqueue")


@ktstr_test(scheduler=FIXTURE)
def what_was_driven_is_known(ctx: Ctx) -> None:
    own = Ctx(
        *(ctx.test, ctx.kernel, "virtual", ctx.seed, ctx.artifacts / "counted"),
        options=RunOptions(fresh=True),
        instruments=(COUNTS,),
    )
    report = own.run(CgroupDef("a", 4, work=Bursty(burst_ms=1, sleep_ms=2)), hold_s=0.1, check=False)
    driven = report.driven
    assert driven is not None
    calls = {one.name.removeprefix("fixture_"): one.count for one in report.costs if one.callback}
    assert driven.callbacks == calls
    assert (driven.callbacks["init"], driven.callbacks["exit"]) == (1, 1)

    # Who sleeps is woken, and everyone is queued; nobody's task is taken back from a CPU.
    assert 0 < driven.flags["enqueue SCX_ENQ_WAKEUP"] <= driven.callbacks["enqueue"]
    assert driven.flags["select_cpu SCX_WAKE_TTWU"] > 0
    assert driven.flags["enqueue SCX_ENQ_REENQ"] == 0

    # 7.0 calls it dispatch_enqueue.
    (inserted,) = (driven.functions[name] for name in DISPATCH_ENQUEUE if name in driven.functions)
    assert inserted >= driven.callbacks["enqueue"]
    assert driven.functions["select_task_rq_scx"] >= driven.callbacks["select_cpu"]
    enabled = driven.functions.get(
        "__scx_enable_task", driven.functions["scx_enable_task"]
    )  # 7.0 has the one
    assert enabled == driven.callbacks["enable"]
    assert driven.functions["scx_hardlockup"] == 0
