"""The kernel tree's own scx_simple, a scheduler with a userspace program: what most schedulers look like."""

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios

# The newest source's programs need BPF that kernels before 7.0 do not have.
SCX_SIMPLE = declare_scheduler(name="scx_simple", binary="scx_simple", topology=(1, 2, 2, 1), kernels=["7"])


@ktstr_test(scheduler=SCX_SIMPLE)
def simple_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=SCX_SIMPLE, extra_sched_args=["-f"])
def simple_fifo_mixed(ctx: Ctx) -> None:
    """`-f` makes it first in, first out."""
    scenarios.sched_mixed(ctx)
