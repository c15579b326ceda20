"""The kernel tree's own scx_simple, a scheduler with a userspace program: what most schedulers look like."""

import pytest

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios
from ktstr.bpf.build import vmlinux_header

# The newest source's programs need BPF that kernels before 7.0 do not have.
SCX_SIMPLE = declare_scheduler(name="scx_simple", binary="scx_simple", topology=(1, 2, 2, 1), kernels=["7"])


def skip_where_no_queue_can_be_made(ctx: Ctx) -> None:
    if "KTSTR_HAS_scx_bpf_create_dsq" not in vmlinux_header(ctx.kernel).read_text():
        pytest.skip(
            f"scx_simple makes a queue, and no program can on kernel {ctx.kernel.version}: its BTF has no"
            " scx_bpf_create_dsq_impl"
        )


@ktstr_test(scheduler=SCX_SIMPLE)
def simple_steady(ctx: Ctx) -> None:
    skip_where_no_queue_can_be_made(ctx)
    scenarios.steady(ctx)


@ktstr_test(scheduler=SCX_SIMPLE, extra_sched_args=["-f"])
def simple_fifo_mixed(ctx: Ctx) -> None:
    """`-f` makes it first in, first out."""
    skip_where_no_queue_can_be_made(ctx)
    scenarios.sched_mixed(ctx)
