"""What a declaration brings along: files, variants, settings; and a program that outlives its scheduler."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from embedded import SCHEDULERS, misbehaving, program_with

from ktstr import (
    Attach,
    CgroupDef,
    Checks,
    Ctx,
    Inline,
    KtstrError,
    Scheduler,
    Step,
    Sysctl,
    Variant,
    WriteFile,
    declare_scheduler,
    ktstr_test,
    scenarios,
)
from ktstr.bpf.build import build_bpf
from ktstr.checks.verdict import VerdictFailed
from ktstr.declare.files import checked_files

BPF = Path(__file__).parent / "bpf"
TINY = "1n1l2c1t"

VARIED = declare_scheduler(
    name="varied",
    bpf=BPF / "preset.bpf.c",
    topology=TINY,
    setup_programs={"set_up": [40, 2]},
    values={"weights": [3, 5, 7], "limits.turn_ns": 2_000_000, "limits.tag": "fast"},
    variants={"set": Variant(values={"limits.of_queue[1]": -4}), "unset": Variant()},
)

SCHED = "/sys/kernel/debug/sched"
SLICES = declare_scheduler(
    name="slices",
    topology="1n1l1c1t",
    enable=[Sysctl("kernel.panic_on_warn", "0")],
    disable=[WriteFile(f"{SCHED}/base_slice_ns", "3000000")],
    variants={
        "short": Variant(enable=[WriteFile(f"{SCHED}/base_slice_ns", "4000000")]),
        "long": Variant(enable=[WriteFile(f"{SCHED}/base_slice_ns", "100000000")]),
    },
)
UNKNOWN = declare_scheduler(
    name="unknown-feature", topology=TINY, enable=[WriteFile(f"{SCHED}/features", "NO_SUCH")]
)


def configured(ctx: Ctx, folder: Path, *arguments: str, **declared: Any) -> Ctx:
    """A guest of the fixture with programs/configured.c, which prints the files that its arguments name."""
    program = program_with(build_bpf(SCHEDULERS / "fixture.bpf.c", ctx.kernel), "configured", folder)
    files = checked_files(declared, str(Path(__file__)))
    scheduler = Scheduler("configured", binary_path=program, sched_args=arguments, files=files)
    test = replace(ctx.test, scheduler=scheduler, sched_args=arguments)
    return Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts)


def said(ctx: Ctx) -> list[str]:
    """What the program printed of its files in a run."""
    log = ctx.run(CgroupDef("cg", 2), hold_s=0.2).guest.log
    return [line for line in log if line.startswith(("/ktstr/files/", "/etc/"))]


@ktstr_test(topology="1n2l2c1t")
def a_programs_files_are_where_its_arguments_say(ctx: Ctx, tmp_path: Path) -> None:
    """One of the declaration, one written for the guest's topology, and one at a place that the program knows."""
    (tmp_path / "layers.json").write_text('[{"name": "batch"}]\n')
    guest = configured(
        ctx,
        tmp_path,
        *("{layers.json}", "{llcs}", "/etc/mine.conf"),
        **{
            "layers.json": tmp_path / "layers.json",
            "llcs": Inline(lambda topology: f"{topology.llcs} LLCs\n"),
            "/etc/mine.conf": Inline("slice = 5\n"),
        },
    )
    assert said(guest) == [
        '/ktstr/files/configured/layers.json: [{"name": "batch"}]',
        "/ktstr/files/configured/llcs: 2 LLCs",
        "/etc/mine.conf: slice = 5",
    ]


@ktstr_test(topology=TINY)
def a_tests_file_takes_the_place_of_its_schedulers(ctx: Ctx, tmp_path: Path) -> None:
    guest = configured(ctx, tmp_path, "{config}", config=Inline("the scheduler's\n"))
    guest.test = replace(guest.test, files={"config": Inline("the test's\n")})
    assert said(guest) == ["/ktstr/files/configured/config: the test's"]


@ktstr_test(topology=TINY)
def a_file_that_is_missing_is_an_error_before_a_guest_is_started(ctx: Ctx, tmp_path: Path) -> None:
    guest = configured(ctx, tmp_path, "{config}", config="absent.json")
    with pytest.raises(KtstrError) as refused:
        said(guest)
    absent = Path(__file__).with_name("absent.json")
    assert str(refused.value) == (
        f"scheduler configured: files['config']: {absent}: No such file or directory"
    )


@ktstr_test(scheduler=VARIED, duration_s=0.2, auto_repro=False)
def each_variant_has_its_own_values(ctx: Ctx) -> None:
    """The scheduler's init fails unless they are set."""
    if ctx.test.scheduler.variant == "set":
        scenarios.steady(ctx)
        return
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(ctx)
    first = str(failed.value).splitlines()[0]
    assert first.startswith(
        "BUG SUMMARY: varied[unset] was ejected by the kernel while it was being enabled"
    ), first


@ktstr_test(scheduler=VARIED, variants=["set"], duration_s=0.2)
def a_test_takes_one_variant(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(topology=TINY)
def a_step_attaches_a_variant(ctx: Ctx) -> None:
    report = ctx.run(CgroupDef("cg", 2), steps=[Step("set", Attach("varied[set]"), hold=0.2)])
    assert [(one.name, one.ops) for one in report.schedulers] == [("varied[set]", "preset")]


@ktstr_test(scheduler=SLICES, duration_s=1)
def the_kernels_own_scheduler_obeys_what_enables_it(ctx: Ctx) -> None:
    """Two tasks on a CPU wait for each other as long as a slice is."""
    waited_ms = [worker.gap_ns / 1e6 for worker in ctx.run(CgroupDef("cg", 2)).workers]
    if ctx.test.scheduler.variant == "short":
        assert max(waited_ms) < 25, waited_ms
    else:
        assert min(waited_ms) > 30, waited_ms


@ktstr_test(scheduler=UNKNOWN)
def what_the_kernel_does_not_take_is_an_error(ctx: Ctx) -> None:
    with pytest.raises(KtstrError) as refused:
        scenarios.steady(ctx)
    features = f"{SCHED}/features"
    assert str(refused.value) == (
        f"what_the_kernel_does_not_take_is_an_error: write_file {features} NO_SUCH: the kernel refused it:"
        f" Invalid argument ({features})"
    )


@ktstr_test(topology=TINY, auto_repro=False)
def an_ejection_in_init_is_noticed_although_the_program_lives_on(ctx: Ctx, tmp_path: Path) -> None:
    """The kernel reports success to such a program, which then sleeps; the time to attach is not waited for."""
    program = program_with(build_bpf(BPF / "preset.bpf.c", ctx.kernel), "sleeps_on", tmp_path)
    scheduler = Scheduler("sleeps_on", binary_path=program, attach_timeout_s=60)
    guest = Ctx(replace(ctx.test, scheduler=scheduler), ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    report = guest.run(CgroupDef("cg", 2), check=False)
    (violation,) = report.violations
    assert violation.message.startswith(
        "the scheduler was ejected by the kernel while it was being enabled: scx_bpf_error: "
    ), violation.message
    (one,) = report.schedulers
    assert one.states[0].running
    assert one.states[0].at_ns - one.started_ns < 10_000_000_000


@ktstr_test(topology=TINY)
def a_program_that_does_not_end_when_it_is_asked_to_is_found(ctx: Ctx, tmp_path: Path) -> None:
    """This one ignores SIGINT, so it ends by the SIGTERM that follows 3 guest seconds later."""
    test = replace(
        ctx.test, scheduler=(deaf := misbehaving(ctx.kernel, tmp_path, "deaf")), sched_args=deaf.sched_args
    )
    guest = Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    report = guest.run(CgroupDef("cg", 2), hold_s=0.2, checks=Checks(max_teardown_ms=1000), check=False)
    (violation,) = report.violations
    assert violation.check == "max_teardown_ms"
    assert violation.message.startswith("the scheduler took 30"), violation.message
    assert violation.message.endswith(" ms to end after it was asked to, limit 1000 ms"), violation.message
    passed = guest.run(CgroupDef("cg", 2), hold_s=0.2, checks=Checks(max_teardown_ms=5000))
    assert passed.passed
