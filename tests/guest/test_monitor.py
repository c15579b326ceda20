"""The monitor: what is sampled, what a test says of it, and that the same job is sampled alike."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from embedded import SCHEDULERS, program_with

from ktstr import (
    Affinity,
    Bursty,
    CgroupDef,
    Checks,
    Ctx,
    FilteredCalls,
    Inconclusive,
    KtstrError,
    Monitor,
    Scheduler,
    SeriesFailed,
    SpinWait,
    Step,
    VerdictFailed,
    declare_scheduler,
    ktstr_test,
)
from ktstr.bpf.build import build_bpf
from ktstr.vm.job import RunOptions

BPF = Path(__file__).parent / "bpf"
FIXTURE = declare_scheduler(name="sampled", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 4, 1))
SLOW = declare_scheduler(
    name="sampled_slow",
    bpf=SCHEDULERS / "fixture.bpf.c",
    values={"slice_us": 400_000},
    topology=(1, 1, 4, 1),
)
HEAP = declare_scheduler(name="heap", bpf=BPF / "heap.bpf.c", topology=(1, 1, 4, 1))
EVERYTHING = Monitor(
    period_ms=20,
    variables=("nr_queued", ".bss:vtime_now", "slice_us"),
    cgroup_files=("cg/cpu.stat",),
    pressure=("cpu",),
)
CROWD = CgroupDef("cg", workers=8, work=SpinWait())


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=EVERYTHING)
def a_hold_is_sampled_at_its_period(ctx: Ctx) -> None:
    monitor = ctx.run(CROWD).monitor
    times = [one.into_ns for one in monitor["runnable"].samples]
    assert len(times) == 15
    assert all(abs(ns - number * 20_000_000) < 1_000_000 for number, ns in enumerate(times, 1)), times

    monitor["runnable"].converges_to(8, tolerance=1, by_s=0.1)
    monitor["idle_cpus"].never_exceeds(0)
    monitor.matching("cpu*.runnable").each(lambda one: one.never_exceeds(8))
    monitor.matching("cpu*.switches").each(lambda one: one.strictly_increasing())
    monitor["dsq0.depth"].never_exceeds(6).never_below(3)
    monitor["nr_queued"].strictly_increasing().rate_within(100, 100_000)
    monitor[".bss:vtime_now"].strictly_increasing()
    monitor["slice_us"].always(lambda us: us == 5000, "the declared slice")
    monitor["event.SCX_EV_SELECT_CPU_FALLBACK"].never_exceeds(0)
    monitor["pressure.cpu.some.total"].nondecreasing()
    monitor["cg/cpu.stat.usage_usec"].rate_within(3_000_000, 4_500_000)
    monitor["cg/cpu.stat.user_usec"].ratio_within(monitor["cg/cpu.stat.usage_usec"], 0.5, 1)


@ktstr_test(scheduler=FIXTURE, duration_s=0.2, monitor=EVERYTHING)
def the_same_job_is_sampled_alike(ctx: Ctx) -> None:
    streams = {
        Ctx(ctx.test, ctx.kernel, "virtual", 1, ctx.artifacts / str(turn), options=RunOptions(fresh=True))
        .run(CROWD)
        .result.events_sha256
        for turn in range(2)
    }
    assert len(streams) == 1


@ktstr_test(scheduler=FIXTURE, duration_s=0.2)
def without_a_monitor_nothing_is_sampled(ctx: Ctx) -> None:
    report = ctx.run(CROWD)
    assert not report.result.of("sample")
    with pytest.raises(KtstrError, match=r"report.monitor: the run had no monitor"):
        _ = report.monitor


@ktstr_test(monitor=Monitor(period_ms=20), duration_s=0.2, topology=(1, 1, 2, 1))
def the_kernels_own_scheduler_is_sampled_too(ctx: Ctx) -> None:
    monitor = ctx.run(CgroupDef("cg", workers=4, work=SpinWait())).monitor
    monitor["runnable"].never_below(4).never_exceeds(5)
    assert not [name for name in monitor.names if name.startswith("dsq")]


@ktstr_test(scheduler=FIXTURE, monitor=Monitor(period_ms=10))
def phases_are_told_apart(ctx: Ctx) -> None:
    calm = CgroupDef("calm", workers=1, work=SpinWait())
    monitor = ctx.run(calm, steps=[Step("alone", hold=0.1), Step("crowd", CROWD, hold=0.1)]).monitor
    runnable = monitor["runnable"]
    runnable.phase("alone").never_exceeds(2)
    runnable.phase("crowd").never_below(8)
    runnable.phase_means().strictly_increasing()
    with pytest.raises(SeriesFailed, match=r"^runnable exceeded 4: \d+ at 0\.010 s of step crowd\n"):
        runnable.never_exceeds(4)


@ktstr_test(scheduler=FIXTURE, duration_s=0.2, monitor=Monitor(period_ms=100))
def too_few_samples_are_no_verdict(ctx: Ctx) -> None:
    report = ctx.run(CROWD)
    with pytest.raises(Inconclusive, match=r"^runnable: 2 samples, 5 are needed"):
        report.monitor["runnable"].never_exceeds(100)
    with pytest.raises(Inconclusive, match=r"^max_stall_ms: 2 samples, 5 are needed"):
        ctx.run(CROWD, checks=Checks(max_stall_ms=100))


@ktstr_test(scheduler=FIXTURE, duration_s=0.2, monitor=Monitor(period_ms=20, variables=("nr_quued",)))
def a_variable_that_does_not_exist_is_a_mistake(ctx: Ctx) -> None:
    with pytest.raises(
        KtstrError, match=r"Monitor: variables: 'nr_quued': the scheduler has no such variable in .bss"
    ):
        ctx.run(CROWD)


def violation(ctx: Ctx, scheduler: Scheduler, scenario: CgroupDef, checks: Checks) -> str:
    """The first line of the failure."""
    guest = Ctx(
        replace(ctx.test, scheduler=scheduler), ctx.kernel, "auto", ctx.seed, ctx.artifacts / scheduler.name
    )
    with pytest.raises(VerdictFailed) as failed:
        guest.run(scenario, checks=checks)
    text = str(failed.value)
    print(text)
    assert "\n--- monitor ---\n" in text
    return text.partition("\n")[0]


# What is not about sampling does not lead.
ONLY_SAMPLED = {
    "max_spread_pct": False,
    "max_idle_wait_pct": False,
    "max_idle_wait_ms": False,
    "max_idle_wake_ms": False,
    "max_wasted_pct": False,
    "max_gap_ms": False,
    "max_inversion_pct": False,
}


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=Monitor(period_ms=20))
def a_heap_on_one_cpu_is_an_imbalance_and_a_balanced_crowd_is_none(ctx: Ctx) -> None:
    line = violation(ctx, HEAP, CROWD, Checks(max_imbalance_ratio=5, **ONLY_SAMPLED))
    assert re.search(
        r"CPU 0 had (\d+) runnable tasks and CPU 1 had 0: \1.0 times as many for \d+ ms, limit 5$", line
    )
    ctx.run(CgroupDef("cg", workers=4, work=SpinWait()), checks=Checks(max_imbalance_ratio=5))


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=Monitor(period_ms=20))
def a_deep_local_dsq_is_found_and_a_shared_one_is_not(ctx: Ctx) -> None:
    line = violation(ctx, HEAP, CROWD, Checks(max_local_dsq_depth=4, **ONLY_SAMPLED))
    assert re.search(r"\d+ tasks waited in the local DSQ of CPU 0 for \d+ ms, limit 4$", line)
    ctx.run(CROWD, checks=Checks(max_local_dsq_depth=4))


@ktstr_test(scheduler=FIXTURE, duration_s=1, monitor=Monitor(period_ms=20))
def a_long_slice_is_a_stall_and_a_short_one_is_not(ctx: Ctx) -> None:
    checks = Checks(max_stall_ms=200, **ONLY_SAMPLED)
    assert "made no context switch for" in violation(ctx, SLOW, CROWD, checks)
    ctx.run(CROWD, checks=Checks(max_stall_ms=200))


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=Monitor(period_ms=20))
def a_lone_task_is_kept_and_one_of_several_is_not(ctx: Ctx) -> None:
    checks = Checks(max_keep_last_rate=20, **ONLY_SAMPLED)
    lone = CgroupDef("cg", workers=1, work=SpinWait())
    assert "a task went on only because the scheduler dispatched no other" in violation(
        ctx, FIXTURE, lone, checks
    )
    ctx.run(CROWD, checks=Checks(max_keep_last_rate=20))


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=Monitor(period_ms=20))
def a_choice_of_a_forbidden_cpu_is_a_fallback_and_one_of_an_allowed_is_none(ctx: Ctx) -> None:
    checks = Checks(max_fallback_rate=100, **ONLY_SAMPLED)
    woken = CgroupDef("cg", workers=6, work=Bursty(1, 1), affinity=Affinity.exact({1, 2, 3}))
    assert "because the scheduler's own choice could not be used" in violation(ctx, HEAP, woken, checks)
    ctx.run(woken, checks=Checks(max_fallback_rate=100))


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, monitor=Monitor(period_ms=20))
def tasks_with_migration_disabled_are_put_past_the_scheduler_and_others_are_not(ctx: Ctx) -> None:
    checks = Checks(max_enq_skip_rate=20, **ONLY_SAMPLED)
    filtered = CgroupDef("cg", workers=8, work=FilteredCalls())
    assert "tasks were put past the scheduler" in violation(ctx, FIXTURE, filtered, checks)
    ctx.run(CROWD, checks=Checks(max_enq_skip_rate=20))


@ktstr_test(scheduler=FIXTURE, duration_s=0.3, topology=(1, 1, 2, 1))
def statistics_that_a_scheduler_serves_are_series(ctx: Ctx, tmp_path: Path) -> None:
    program = program_with(build_bpf(SCHEDULERS / "fixture.bpf.c", ctx.kernel), "serves_stats", tmp_path)
    scheduler = Scheduler(name="serves_stats", binary_path=program)
    guest = Ctx(replace(ctx.test, scheduler=scheduler), ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    monitor = guest.run(CgroupDef("cg", workers=3), monitor=Monitor(period_ms=20, stats=True)).monitor
    monitor["stats.asked"].strictly_increasing()
    monitor["stats.load"].steady_within(0)
    monitor["stats.cpus.0.busy"].never_below(1)
