"""What is said of a BPF scheduler beside its source: which files, which of two, how long it may take, that it fails."""

from pathlib import Path

import pytest

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.verdict import VerdictFailed

BPF = Path(__file__).parent / "bpf"
TINY = "1n1l2c1t"
FILES = [BPF / "aside.bpf.c", BPF / "turns.bpf.c"]

ASIDE = declare_scheduler(name="aside", bpf=FILES, ops="aside_ops", topology=TINY)
SPARE = declare_scheduler(name="spare", bpf=FILES, ops="spare_ops", topology=TINY)
HURRIED = declare_scheduler(name="hurried", bpf=FILES, ops="aside_ops", topology=TINY, attach_timeout_s=0.001)
UNCHECKED = declare_scheduler(
    name="unchecked", bpf=BPF / "faults.bpf.c", bpf_cflags=["-DUNCHECKED"], topology=TINY
)


@ktstr_test(scheduler=ASIDE, duration_s=0.2)
def two_files_and_a_tracepoint(ctx: Ctx) -> None:
    """The scheduler fails if its tracepoint is not attached; a program that nobody runs is named."""
    report = scenarios.steady(ctx)
    log = "\n".join(report.guest.log)
    assert "also attached on_switch (tp_btf/sched_switch)" in log
    assert "program by_hand is loaded and not run" in log
    assert report.schedulers[0].ops == "aside"


@ktstr_test(scheduler=SPARE, duration_s=0.2)
def the_other_of_two(ctx: Ctx) -> None:
    assert scenarios.steady(ctx).schedulers[0].ops == "spare"


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
