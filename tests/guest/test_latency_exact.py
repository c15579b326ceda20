"""Latency is exact: what is counted in the guest is what the kernel's own trace of the same run says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from embedded import SCHEDULERS

from ktstr import (
    CgroupDef,
    Ctx,
    FutexPingPong,
    PipeIo,
    RunReport,
    Scenario,
    SpinWait,
    Step,
    declare_scheduler,
    ktstr_test,
)
from ktstr.events.distribution import Distribution, bucket_of

sys.path.insert(0, str(Path(__file__).parent / "raw_trace"))
from raw_trace import RawTrace, RawTraceReport, TracedTask, traced

FIXTURE = declare_scheduler(name="latency_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 2, 2, 1))
TRACED = Scenario(
    (
        CgroupDef("pipe", 2, work=PipeIo(64)),
        CgroupDef("futex", 2, work=FutexPingPong()),
        CgroupDef("spin", 4, work=SpinWait()),
        RawTrace(),
    ),
    steps=(Step("traced", hold=0.2), Step("reported", RawTraceReport(), hold=0.02)),
)
# The tracer prints microseconds, and takes some to write its record, before or after the observer is called.
SKEW_NS = 5000
TICK_NS = 5_000_000  # a little more than at HZ=250


@ktstr_test(scheduler=FIXTURE, latency=True)
def percentiles_are_those_of_the_raw_trace_under_a_scheduler(ctx: Ctx) -> None:
    compare(ctx.run(TRACED, check=False))


@ktstr_test(topology=(1, 2, 2, 1), latency=True)
def percentiles_are_those_of_the_raw_trace_under_eevdf(ctx: Ctx) -> None:
    compare(ctx.run(TRACED, check=False))


def compare(report: RunReport) -> None:
    """Each worker's figures of the traced phase, with those of the trace."""
    phase = report.phase("traced")
    assert phase.latency is not None
    found = traced(report.result.events, phase.began_ns, phase.began_ns + phase.held_ns)
    for worker in phase.workers:
        task = phase.latency.worker(worker.index)
        assert task is not None
        seen = found.get(task.pid, TracedTask())
        for counted, durations in (
            (task.woken, seen.woken),
            (task.waited, seen.waited),
            (task.ran, seen.ran),
        ):
            same(counted, sorted(durations))
        # The kernel's figure has the stretch that goes on at the end, up to its last tick, and is read a moment later.
        more_ns = worker.run_ns - task.ran.total_ns
        assert seen.running_ns - TICK_NS < more_ns < seen.running_ns + 2_000_000


def same(counted: Distribution, durations: Sequence[int]) -> None:
    """The number of durations, but for one at either end of the phase; percentiles to the histogram's resolution."""
    print(counted.count, len(durations), counted.p50_ns, counted.p99_ns, counted.longest_ns, durations[-1:])
    assert abs(counted.count - len(durations)) <= 2
    if len(durations) < 10:
        return
    last = len(durations) - 1
    for percent in (50, 90, 99, 99.9):
        place = min(last, ceil(len(durations) * percent / 100) - 1)
        # One more or less at either end of the phase moves it, and the longest of all may be such a one.
        low = durations[max(0, place - 2)]
        high = durations[place + 2] if place + 2 <= last else max(durations[-1], counted.longest_ns)
        ns = counted.percentile_ns(percent)
        assert bucket_of(max(0, low - SKEW_NS)) <= bucket_of(ns) <= bucket_of(high + SKEW_NS), (
            percent,
            low,
            ns,
            high,
        )


@ktstr_test(scheduler=FIXTURE, latency=False)
def a_test_can_do_without(ctx: Ctx) -> None:
    assert ctx.run(CgroupDef("a", 1), hold_s=0.1).latency is None
