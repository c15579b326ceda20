"""Slices that workers ask for: what the kernel has of them, and a scheduler that takes them the wrong way round."""

from __future__ import annotations

from pathlib import Path

from ktstr import (
    Bursty,
    CgroupDef,
    Ctx,
    ReadWorkers,
    RunReport,
    Scenario,
    SetPolicy,
    Step,
    Workers,
    declare_scheduler,
    ktstr_test,
)

SLICES = Path(__file__).parent / "bpf" / "slices.bpf.c"
PAIR = (1, 1, 2, 1)
HEEDS = declare_scheduler(name="heeds_slices", bpf=SLICES, topology=PAIR)
INVERTS = declare_scheduler(name="inverts_slices", bpf=SLICES, bpf_cflags=["-DINVERTS"], topology=PAIR)

MS = 1_000_000
WAKES = Bursty(burst_ms=6, sleep_ms=6)
MIXED = Scenario(
    (
        CgroupDef(
            "a",
            groups=(
                Workers(4, WAKES, slice_ms=0.5, group="short"),
                Workers(4, WAKES, slice_ms=40, group="long"),
            ),
        ),
    ),
    hold_s=1,
)


def slices(report: RunReport) -> list[list[int]]:
    """The slices that the kernel had each worker's task, in ns, each time that it was asked."""
    some = report.result.of("task")
    return [[one["runtime_ns"] for one in some[at : at + 2]] for at in range(0, len(some), 2)]


def late(report: RunReport) -> tuple[float, float]:
    """How late, in ms, the wakeups of those with short slices and of the others were on average."""
    assert report.latency is not None
    tasks = [one for one in report.latency.tasks if one.worker is not None]
    print(*(f"{one.worker}: {one.woken.count} {one.woken.mean_ns / MS:.3f}" for one in tasks), sep="\n")
    short, long = tasks[:4], tasks[4:]
    return sum(one.woken.mean_ns for one in short) / 4 / MS, sum(one.woken.mean_ns for one in long) / 4 / MS


@ktstr_test(cores=2)
def a_task_has_the_slice_that_its_worker_asks_for(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", groups=(Workers(1, slice_ms=0.1), Workers(1, slice_ms=100))),
        steps=(
            Step("given", ReadWorkers("a"), hold=0.05),
            Step("changed", SetPolicy("a", "batch", slice_ms=7), ReadWorkers("a"), hold=0.05),
            Step("gone", SetPolicy("a", "normal"), ReadWorkers("a"), hold=0.05),
        ),
    )
    given, changed, gone = slices(report)
    assert given == [100_000, 100 * MS]
    assert changed == [7 * MS, 7 * MS]
    assert gone[0] == gone[1] < 7 * MS  # the kernel's own


@ktstr_test(cores=2, latency=True)
def eevdf_lets_those_run_sooner_that_ask_for_short_slices(ctx: Ctx) -> None:
    short, long = late(ctx.run(MIXED))
    assert short < long


@ktstr_test(scheduler=HEEDS)
def one_that_adds_the_slice_to_a_tasks_time_passes(ctx: Ctx) -> None:
    short, long = late(ctx.run(MIXED))
    assert short < long


@ktstr_test(scheduler=INVERTS, auto_repro=False)
def one_that_subtracts_it_makes_those_wait_that_ask_for_short_slices(ctx: Ctx) -> None:
    report = ctx.run(MIXED, check=False)
    late(report)
    print(*(f"{one.check}: {one.line}" for one in report.violations), sep="\n")
    (one,) = report.violations
    assert one.line.startswith("cgroup a: slice inversion: 4 bursty with a slice of 0.5 ms ran ")
