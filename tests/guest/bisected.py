"""A test to be bisected: its scheduler works on 7.0 and fails from 7.1 on. Collected only if it is named."""

from pathlib import Path

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios

CHOOSY = declare_scheduler(
    name="choosy", bpf=Path(__file__).parent / "bpf" / "choosy.bpf.c", topology=(1, 1, 2, 1)
)


@ktstr_test(scheduler=CHOOSY, duration_s=0.5)
def runs_under_choosy(ctx: Ctx) -> None:
    scenarios.steady(ctx)
