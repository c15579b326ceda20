"""Checks of latency and shares: for each a scheduler that violates exactly it, and one that passes in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from embedded import SCHEDULERS

from ktstr import (
    Affinity,
    Bursty,
    CgroupDef,
    Checks,
    Ctx,
    Mixed,
    Scenario,
    Scheduler,
    VerdictFailed,
    Workers,
    YieldHeavy,
    declare_scheduler,
    ktstr_test,
)

WAITS = Path(__file__).parent / "bpf" / "waits.bpf.c"


def declare(*bugs: str, cpus: int, llcs: int = 1) -> Scheduler:
    """A scheduler with these bugs, none for the twin."""
    return declare_scheduler(
        name="_".join(("waits", *bugs, str(cpus), str(llcs))).lower(),
        bpf=WAITS,
        bpf_cflags=[f"-D{bug}" for bug in bugs],
        topology=(1, llcs, cpus // llcs, 1),
    )


TWO, FOUR, TWO_LLCS = declare(cpus=2), declare(cpus=4), declare(cpus=4, llcs=2)
KICKS_NOBODY = declare("KICKS_NOBODY", cpus=4)
FORGETS_KTHREADS = declare("FORGETS_KTHREADS", cpus=4)
INVERTS_WEIGHTS = declare("INVERTS_WEIGHTS", cpus=2)
CHARGES_YIELDS = declare("CHARGES_YIELDS", cpus=2)
MISCOUNTS = declare("MISCOUNTS", cpus=4, llcs=2)
IGNORES_WEIGHTS = declare("IGNORES_WEIGHTS", cpus=2)
FIXTURE = declare_scheduler(name="waits_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 2, 1))


def violated(ctx: Ctx, scenario: Scenario, checks: Checks | None = None) -> str:
    """The only violation of a run, in a line."""
    report = ctx.run(scenario, checks=checks, check=False)
    print(*(f"{one.check}: {one.line}" for one in report.violations), sep="\n")
    (one,) = report.violations
    return f"{one.check}: {one.line}"


# A CPU that is idle while a task waits

BURSTS = Scenario((CgroupDef("a", 6, work=Bursty(burst_ms=10, sleep_ms=20)),), hold_s=1)


@ktstr_test(scheduler=KICKS_NOBODY)
def one_that_kicks_no_idle_cpu_leaves_a_task_waiting(ctx: Ctx) -> None:
    report = ctx.run(BURSTS, check=False)
    assert {one.check for one in report.violations} <= {"max_idle_wake_ms", "max_wasted_pct"}
    assert re.match(
        r"CPU \d was idle while worker a/\d \(bursty\), which was woken and may use it, waited",
        report.violations[0].message,
    )


@ktstr_test(scheduler=FOUR)
def one_that_wakes_idle_cpus_passes(ctx: Ctx) -> None:
    ctx.run(BURSTS)


MANY = Scenario(
    (CgroupDef("y", 6, work=YieldHeavy()), CgroupDef("b", 6, work=Bursty(burst_ms=1, sleep_ms=1))),
    hold_s=1,
)


@ktstr_test(scheduler=MISCOUNTS)
def one_that_loses_count_of_its_queue_wastes_cpus(ctx: Ctx) -> None:
    report = ctx.run(MANY, check=False, checks=Checks(max_wasted_pct=10))
    found = {one.check: one.message for one in reversed(report.violations)}
    assert "now one CPU and now another was idle while worker" in found["max_idle_wait_ms"]
    assert "CPUs were idle while tasks that may use them could run" in found["max_wasted_pct"]


@ktstr_test(scheduler=TWO_LLCS)
def one_that_looks_into_its_queue_wastes_none(ctx: Ctx) -> None:
    report = ctx.run(MANY, checks=Checks(max_wasted_pct=2))
    assert report.latency is not None


# A task that is no worker

CROWD = Scenario((CgroupDef("a", 12),), hold_s=2)


@ktstr_test(scheduler=FORGETS_KTHREADS, auto_repro=False)
def one_that_serves_bound_kernel_threads_last_starves_one(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(CROWD)
    first, text = str(failed.value).splitlines()[0], str(failed.value)
    assert first.startswith("BUG SUMMARY: waits_forgets_kthreads_4_1: kernel thread ")
    assert "ms for a CPU: starved, limit 1000 ms" in first
    assert "--- latency ---" in text


@ktstr_test(scheduler=FOUR)
def one_that_serves_kernel_threads_in_their_turn_passes(ctx: Ctx) -> None:
    ctx.run(CROWD)


# Shares across cgroups

LIGHT = Scenario((CgroupDef("n", 3), CgroupDef("i", 2, policy="idle")), hold_s=0.6)
YIELDS = Scenario((CgroupDef("spin", 2), CgroupDef("yield", 2, work=Mixed(burst_ms=1))), hold_s=0.6)


@ktstr_test(scheduler=INVERTS_WEIGHTS)
def one_that_charges_heavier_tasks_more_gives_them_less_than_their_due(ctx: Ctx) -> None:
    line = violated(ctx, LIGHT)
    assert line.startswith("max_share_error: cgroup n (3 spin_wait, policy normal) got ")
    assert "cgroup i (2 spin_wait, policy idle) got " in line


@ktstr_test(scheduler=TWO)
def one_that_charges_them_less_passes_and_light_ones_wait_by_right(ctx: Ctx) -> None:
    ctx.run(LIGHT)


@ktstr_test(scheduler=CHARGES_YIELDS)
def one_that_charges_a_yield_a_whole_slice_gives_yielders_nothing(ctx: Ctx) -> None:
    assert violated(ctx, YIELDS).startswith("max_share_error: cgroup yield (2 mixed, policy normal) got ")


@ktstr_test(scheduler=TWO)
def one_that_charges_what_was_run_passes(ctx: Ctx) -> None:
    ctx.run(YIELDS)


@ktstr_test(scheduler=FIXTURE)
def an_idle_policy_worker_beside_spinners_waits_by_right(ctx: Ctx) -> None:
    """The fixture counts its weight as 1 of 100: it has its first slice, and then none for more than a second."""
    report = ctx.run(CgroupDef("n", 4), CgroupDef("i", 1, policy="idle"))
    assert report.workers[-1].gap_ns > 1_000_000_000


# What is judged only if a test asks for it

NICES = Scenario((CgroupDef("a", groups=(Workers(2), Workers(2, nice=5, group="light"))),), hold_s=0.8)
SLEEPERS = Scenario((CgroupDef("s", 4), CgroupDef("w", 1, work=Bursty(burst_ms=1, sleep_ms=5))), hold_s=0.6)


@ktstr_test(scheduler=IGNORES_WEIGHTS)
def one_that_ignores_weights_is_found_if_they_matter(ctx: Ctx) -> None:
    assert violated(ctx, NICES, Checks(max_nice_error=15)).startswith("max_nice_error: cgroup a (2 spin_wait")


@ktstr_test(scheduler=TWO, checks=Checks(max_nice_error=15))
def one_that_follows_weights_passes(ctx: Ctx) -> None:
    ctx.run(NICES)


@ktstr_test(scheduler=IGNORES_WEIGHTS)
def long_slices_make_a_task_late_that_wakes(ctx: Ctx) -> None:
    assert violated(ctx, SLEEPERS, Checks(max_wake_latency_ms=16)).startswith(
        "max_wake_latency_ms: worker w/4 "
    )
    assert violated(ctx, SLEEPERS, Checks(max_wake_latency_p99_ms=16)).startswith(
        "max_wake_latency_p99_ms: worker w/4 "
    )


@ktstr_test(cores=2, latency=True)
def a_worker_that_sometimes_finds_its_cpu_busy_is_woken_unevenly(ctx: Ctx) -> None:
    sleeper = CgroupDef("w", 1, work=Bursty(burst_ms=0.1, sleep_ms=3), affinity=Affinity.single(0))
    ctx.run(sleeper, hold_s=0.5, checks=Checks(max_wake_latency_cv=1))
    busy = CgroupDef("b", 1, work=Bursty(burst_ms=7, sleep_ms=20), affinity=Affinity.single(0))
    line = violated(ctx, Scenario((sleeper, busy), hold_s=0.5), Checks(max_wake_latency_cv=1))
    assert line.startswith("max_wake_latency_cv: worker w/0 (bursty) was woken unevenly: ")


@ktstr_test(scheduler=TWO, checks=Checks(max_wake_latency_ms=16, max_wake_latency_p99_ms=16))
def short_slices_do_not(ctx: Ctx) -> None:
    ctx.run(SLEEPERS)


TWO_NODES = declare_scheduler(name="waits_nodes", bpf=WAITS, topology=(2, 2, 2, 1))
SPREAD = Scenario((CgroupDef("a", 6),), hold_s=0.5)
MOVES = (Checks(max_migrations_per_s=40), Checks(max_llc_moves_per_s=20), Checks(min_llc_share_pct=80))


@ktstr_test(scheduler=TWO_LLCS)
def one_queue_for_all_cpus_moves_tasks_about(ctx: Ctx) -> None:
    for checks in MOVES:
        ((check, _),) = checks.said
        assert violated(ctx, SPREAD, checks).startswith(f"{check}: worker a/")


@ktstr_test(topology=(1, 2, 2, 1), latency=True)
def queues_of_their_own_keep_them(ctx: Ctx) -> None:
    for checks in MOVES:
        ctx.run(CgroupDef("a", 4), hold_s=2, checks=checks)  # EEVDF balances once, soon after the start


@ktstr_test(scheduler=TWO_NODES)
def one_queue_for_all_nodes_takes_tasks_from_their_memory(ctx: Ctx) -> None:
    line = violated(ctx, SPREAD, Checks(max_node_moves_per_s=20))
    assert line.startswith("max_node_moves_per_s: worker a/")


@ktstr_test(topology=(2, 2, 2, 1), latency=True, checks=Checks(max_node_moves_per_s=20))
def queues_of_their_own_leave_tasks_at_their_memory(ctx: Ctx) -> None:
    ctx.run(CgroupDef("a", 4), hold_s=1)


@ktstr_test(scheduler=INVERTS_WEIGHTS)
def work_that_is_too_little_is_found(ctx: Ctx) -> None:
    assert violated(ctx, SPREAD, Checks(min_work_per_s=1e6)).startswith("min_work_per_s: worker a/")
    ctx.run(SPREAD, checks=Checks(min_work_per_s=1000, max_rate_spread_pct=20))


@ktstr_test(cores=2)
def work_that_is_uneven_is_found(ctx: Ctx) -> None:
    """EEVDF evens its queues out over seconds: of three workers on two CPUs, one has a CPU for itself at first."""
    three = Scenario((CgroupDef("a", 3),), hold_s=0.3)
    line = violated(ctx, three, Checks(max_rate_spread_pct=15))
    assert line.startswith("max_rate_spread_pct: cgroup a: the work of 3 workers varies by ")
    ctx.run(CgroupDef("a", 4), hold_s=0.3, checks=Checks(max_rate_spread_pct=15))
