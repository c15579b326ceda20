"""The ready payloads, really run: under EEVDF and a sched_ext scheduler each does its work and prints its numbers.

A test is skipped if this machine has no such program; CI installs them (`.ci/run`).
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from ktstr import (
    CgroupDef,
    Ctx,
    Payload,
    RunPayload,
    Step,
    WaitPayload,
    declare_scheduler,
    ktstr_test,
    payloads,
)

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
# Before QEMU 8.1 the virtual clock starves one of two CPUs if a program never pauses (docs/clocks.md).
THREE = (1, 1, 3, 1)
FIXTURE = declare_scheduler(name="programs_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=THREE)

HACKBENCH = payloads.hackbench(loops=20)
CYCLICTEST = payloads.cyclictest(2, loops=50)
# Not "mutex": if its operations are done before it has counted its threads, it says that it could not create any.
STRESS_NG = payloads.stress_ng("cpu", "switch", "pipe", "futex", ops=50)
SYSBENCH = (
    payloads.sysbench("cpu", threads=2, events=50, args=["--cpu-max-prime=300"], name="sysbench-cpu"),
    payloads.sysbench("threads", threads=2, events=20, args=["--thread-yields=20"], name="sysbench-threads"),
    payloads.sysbench(
        "mutex",
        threads=2,
        args=["--mutex-num=4", "--mutex-locks=50", "--mutex-loops=50"],
        name="sysbench-mutex",
    ),
)


def numbers(ctx: Ctx, *several: tuple[Payload, ...]) -> dict[str, float]:
    """What each printed: a step for each tuple, whose payloads run beside each other and beside a worker."""
    for one in (one for some in several for one in some):
        if not shutil.which(one.binary):
            pytest.skip(f"{one.binary} is not installed (Debian, Ubuntu: {one.package})")
    report = ctx.run(
        CgroupDef("beside", 1),
        steps=tuple(
            Step(some[0].name, *map(RunPayload, some), *map(WaitPayload, some), hold=20) for some in several
        ),
    )
    assert all(done.how == "exited" and done.cpu_ns > 0 for done in report.payloads)
    assert all(metric.value is not None for metric in report.metrics)
    assert all(phase.held_ns < phase.asked_ns for phase in report.phases)
    (record,) = ctx.runs
    assert record["metrics"] == [asdict(metric) for metric in report.metrics]
    return {f"{one.payload}.{one.name}": one.value for one in report.metrics if one.value is not None}


def rt_tests(ctx: Ctx) -> None:
    found = numbers(ctx, (HACKBENCH,), (CYCLICTEST,))
    assert 0 < found["hackbench.time"] < 20
    assert 0 < found["cyclictest.min"] <= found["cyclictest.avg"] <= found["cyclictest.max"]


def loads(ctx: Ctx) -> None:
    found = numbers(ctx, (STRESS_NG,), SYSBENCH)
    for stressor in ("cpu", "switch", "pipe", "futex"):
        assert found[f"stress-ng.{stressor}.ops"] >= 50
        assert found[f"stress-ng.{stressor}.rate"] > 0
    assert [found[f"{one.name}.events"] for one in SYSBENCH] == [50, 20, 2]
    for one in SYSBENCH:
        assert found[f"{one.name}.latency_avg"] <= found[f"{one.name}.latency_max"]


@ktstr_test(topology=THREE)
def hackbench_and_cyclictest_under_eevdf(ctx: Ctx) -> None:
    rt_tests(ctx)


@ktstr_test(scheduler=FIXTURE)
def hackbench_and_cyclictest_under_a_sched_ext_scheduler(ctx: Ctx) -> None:
    rt_tests(ctx)


@ktstr_test(topology=THREE)
def stress_ng_and_sysbench_under_eevdf(ctx: Ctx) -> None:
    loads(ctx)


@ktstr_test(scheduler=FIXTURE)
def stress_ng_and_sysbench_under_a_sched_ext_scheduler(ctx: Ctx) -> None:
    loads(ctx)
