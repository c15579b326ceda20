"""What a scheduler's userspace program does around its attach, in the forms in which those of scx do it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ktstr import Ctx, KtstrError, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.verdict import VerdictFailed
from ktstr.run.program import scheduler_program

SOURCE = Path(__file__).parent / "bpf" / "set_up.bpf.c"
# Two LLCs of one CPU.
SPLIT = "1n2l1c1t"

SET_UP: dict[str, Any] = {
    "bpf": SOURCE,
    "topology": SPLIT,
    "values": {
        "domains[*].id": [10, 11],
        "domains[*].cpus": lambda topology: [[1 << llc, 8 + llc] for llc in range(topology.llcs)],
        "set_up_ops.flags": "SCX_OPS_ENQ_LAST|SCX_OPS_ENQ_EXITING|SCX_OPS_NOBODY_HAS_THIS",
        "set_up_ops.tick": 0,
    },
    "setup_programs": {
        "init_sizes": ["sizeof(struct task_ctx)"],
        "add_cpu": lambda topology: [[cpu, topology.llc_of(cpu), 6, 7, -5] for cpu in range(topology.cpus)],
        "start": lambda topology: None,
    },
    "start_programs": {"start": [0]},
    "programs": {"on_switch": True, "unwanted": False},
}
READY = declare_scheduler(name="ready", **SET_UP)
LATE = declare_scheduler(name="late", **{**SET_UP, "start_programs": {"start": [1]}})
FOREIGN = declare_scheduler(name="foreign", vmlinux_h="7.0", **SET_UP)


@ktstr_test(scheduler=READY, duration_s=0.2)
def each_step_is_taken(ctx: Ctx) -> None:
    """The scheduler's init fails if one before it is missing."""
    log = scenarios.steady(ctx).guest.log
    assert "ran add_cpu=1,1,6,7,-5" in log
    assert "also attached on_switch (tp_btf/sched_switch)" in log
    assert "loader: the kernel has no SCX_OPS_NOBODY_HAS_THIS; it counts as 0" in log
    assert log.index("attached set_up") < log.index("ran start=0")


@ktstr_test(scheduler=FOREIGN, duration_s=0.2)
def the_types_of_another_kernel_are_relocated(ctx: Ctx) -> None:
    assert scenarios.steady(ctx).schedulers[0].ops == "set_up"


@ktstr_test(scheduler=LATE, auto_repro=False)
def a_program_that_fails_once_it_is_attached_is_named(ctx: Ctx) -> None:
    """It says that it is not on the CPU that it was told: such programs run on the first."""
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    assert "program start returned -22, not 0" in str(failed.value)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"programs": {"on_swich": True}}, "--program on_swich=1: the object has no such program"),
        (
            {"values": {"domains[*].id": [1, 2, 3, 4, 5]}},
            "--set domains[4].id: the object has no such global",
        ),
        (
            {"setup_programs": {"init_size": [8]}},
            '--run init_size: the object has no program of SEC("syscall") with that name',
        ),
        (
            {"setup_programs": {"init_sizes": ["sizeof(struct task)"]}},
            "--run init_sizes: the object has no struct task",
        ),
        (
            {"start_programs": {"start": [2**31]}},
            "--run start=2147483648: out of range, must be -2147483648 to 2147483647",
        ),
        (
            {"start_programs": {"start": [0, 1, 2, 3, 4, 5]}},
            "--run start: struct cpu_arg has fewer members than there are numbers",
        ),
        ({"values": {"cpus_added": "SCX_ops"}}, "--set cpus_added=SCX_ops: not a whole number"),
    ],
)
@ktstr_test()
def a_step_that_cannot_be_taken(ctx: Ctx, fields: dict[str, Any], why: str) -> None:
    """Found on the host, before a guest is started."""
    with pytest.raises(KtstrError) as refused:
        scheduler_program(replace(READY, **fields), ctx.kernel, ())
    assert str(refused.value).startswith(f"scheduler ready: {why}"), refused.value


@ktstr_test()
def types_that_are_not_there(ctx: Ctx) -> None:
    with pytest.raises(KtstrError, match=r"vmlinux_h=.*nowhere\.h: no such file; must be a header"):
        scheduler_program(replace(READY, vmlinux_h=SOURCE.with_name("nowhere.h")), ctx.kernel, ())
