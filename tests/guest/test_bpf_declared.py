"""What is said of a BPF scheduler beside its source: which files, which of two, how long it may take, that it fails."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ktstr import Ctx, KtstrError, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.verdict import VerdictFailed
from ktstr.run.program import scheduler_program

BPF = Path(__file__).parent / "bpf"
TINY = "1n1l2c1t"
FILES = [BPF / "aside.bpf.c", BPF / "turns.bpf.c"]

ASIDE = declare_scheduler(name="aside", bpf=FILES, ops="aside_ops", topology=TINY)
SPARE = declare_scheduler(name="spare", bpf=FILES, ops="spare_ops", topology=TINY)
HURRIED = declare_scheduler(name="hurried", bpf=FILES, ops="aside_ops", topology=TINY, attach_timeout_s=0.001)
PRESET: dict[str, Any] = {
    "weights": [3, 5, 7],
    "limits.turn_ns": 2_000_000,
    "limits.tag": "fast",
    "limits.of_queue[1]": -4,
    "nr_llcs": lambda topology: topology.llcs,
    "preset_ops.timeout_ms": 5000,
    "preset_ops.name": "renamed",
}
VALUES = declare_scheduler(
    name="values",
    bpf=BPF / "preset.bpf.c",
    topology=TINY,
    values=PRESET,
    setup_programs={"set_up": [40, 2]},
)
NOT_SET_UP = declare_scheduler(name="not_set_up", bpf=BPF / "preset.bpf.c", topology=TINY, values=PRESET)
REFUSED = declare_scheduler(
    name="refused", bpf=BPF / "preset.bpf.c", topology=TINY, values=PRESET, setup_programs={"set_up": [1, 1]}
)
AS_IN_TREE = declare_scheduler(name="as_in_tree", bpf=BPF / "as_in_tree.bpf.c", topology=TINY)
UNCHECKED = declare_scheduler(
    name="unchecked", bpf=BPF / "faults.bpf.c", bpf_cflags=["-DUNCHECKED"], topology=TINY
)


@ktstr_test(scheduler=ASIDE, duration_s=0.2)
def two_files_and_a_tracepoint(ctx: Ctx) -> None:
    """The scheduler fails if its tracepoint is not attached."""
    report = scenarios.steady(ctx)
    log = "\n".join(report.guest.log)
    assert "also attached on_switch (tp_btf/sched_switch)" in log
    assert report.schedulers[0].ops == "aside"


@ktstr_test(scheduler=SPARE, duration_s=0.2)
def the_other_of_two(ctx: Ctx) -> None:
    assert scenarios.steady(ctx).schedulers[0].ops == "spare"


@ktstr_test(scheduler=AS_IN_TREE, duration_s=0.2)
def a_source_as_in_the_kernel_tree(ctx: Ctx) -> None:
    assert scenarios.steady(ctx).schedulers[0].ops == "as_in_tree"


@ktstr_test(scheduler=replace(AS_IN_TREE, rodata={"last_enqueue": 5}), duration_s=0.2, auto_repro=False)
def an_end_before_the_first_hold(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    first = str(failed.value).splitlines()[0]
    told = r"BUG SUMMARY: as_in_tree was ejected by the kernel(?: on CPU \d+)?: scx_bpf_error: \S+: enqueued 5 times"
    assert re.fullmatch(told, first), first


@ktstr_test(scheduler=HURRIED, auto_repro=False)
def too_little_time_to_attach(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    first = str(failed.value).splitlines()[0]
    assert first.startswith("BUG SUMMARY: hurried did not attach within 0.0"), first
    assert first.endswith("; attach_timeout_s= of its declaration gives it more"), first


@ktstr_test(scheduler=UNCHECKED, expect_load_error=r"R1 invalid mem access 'trusted_ptr_or_null_'")
def a_refusal_that_is_expected(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=ASIDE, expect_load_error="invalid mem access", duration_s=0.2, auto_repro=False)
def a_refusal_that_does_not_come(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed, match="expected load error did not come: the scheduler attached"):
        scenarios.steady(ctx)
    ctx._as_expected = True  # the test is of the message


@ktstr_test(scheduler=VALUES, duration_s=0.2)
def values_and_a_program_before_it_is_attached(ctx: Ctx) -> None:
    """The scheduler's init fails if one of them is not there."""
    report = scenarios.steady(ctx)
    assert "ran set_up=40,2" in report.guest.log
    assert report.schedulers[0].ops == "renamed"


@ktstr_test(scheduler=NOT_SET_UP, auto_repro=False, llcs=2)
def what_is_not_set_is_missed(ctx: Ctx) -> None:
    """The value that depends on the topology is that of the test's."""
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    assert "while it was being enabled: scx_bpf_error: sum 0 llcs 2" in str(failed.value).splitlines()[0]


@ktstr_test(scheduler=REFUSED, auto_repro=False)
def a_setup_that_fails_is_named(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    first = str(failed.value).splitlines()[0]
    assert first == "BUG SUMMARY: refused could not be set up: program set_up returned -22, not 0", first


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("weight", 1, "--set weight: the object has no such global or element: weight"),
        ("limits.turn", 1, "--set limits.turn: the object has no such global or element: turn"),
        ("weights[4]", 1, "--set weights[4]: the object has no such global or element: 4]"),
        ("weights", [1, 2, 3, 4, 5], "--set weights: has 4 elements, and more are given"),
        ("weights[0]", -1, "--set weights[0]=-1: out of range, must be 0 to 4294967295"),
        ("limits.tag", "too long", "--set limits.tag: the text must be shorter than 8 bytes"),
        (
            "limits",
            1,
            "--set limits: not an integer, bool or enum of at most 64 bits, an array of them, or a text",
        ),
        ("preset_ops.frob", 1, "--set preset_ops.frob: the object has no such global or element: frob"),
    ],
)
@ktstr_test()
def a_value_that_does_not_fit(ctx: Ctx, path: str, value: Any, why: str) -> None:
    """Found on the host, before a guest is started."""
    wrong = replace(VALUES, values={path: value})
    with pytest.raises(KtstrError) as refused:
        scheduler_program(wrong, ctx.kernel, ())
    assert str(refused.value) == f"scheduler values: {why}"
