"""What counting latency costs: CPU seconds of the host, and work that workers do not get to do."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ktstr import Bursty, CgroupDef, Ctx, Scheduler, SpinWait, Topology, WorkType, YieldHeavy, ktstr_test
from ktstr.checks.verdict import RunReport
from ktstr.declare.test import record_of
from ktstr.kernel.model import Kernel
from ktstr.vm.job import RunOptions
from ktstr.vm.result import VmResult

__all__ = ["latency"]

_TOPOLOGY = Topology(1, 1, 4, 1)
_WORK: tuple[tuple[str, WorkType], ...] = (
    ("SpinWait", SpinWait()),
    ("Bursty 1/1", Bursty(burst_ms=1, sleep_ms=1)),
    ("YieldHeavy", YieldHeavy()),
)


def latency(kernel: Kernel, folder: Path, times: range, scheduler: Scheduler) -> Iterator[VmResult]:
    """Run each work type with and without, in turns, print what it costs, and return the results."""
    print(
        f"latency: 8 workers on {_TOPOLOGY}, 2 guest s; the host's CPU seconds, and chunks of work, with and without"
    )
    for name, work in _WORK:
        seconds: dict[bool, list[float]] = {True: [], False: []}
        done = {}
        switches = 0
        for turn in times:
            for counted in (True, False):
                before = _cpu_s()
                report = _run(kernel, folder, scheduler, work, counted=counted)
                if turn:  # the first of each is not warm
                    seconds[counted].append(_cpu_s() - before)
                done[counted] = sum(worker.iterations for worker in report.workers)
                if report.latency:
                    switches = sum(task.voluntary + task.involuntary for task in report.latency.tasks)
                yield report.result
        on, off = (statistics.median(seconds[counted]) for counted in (True, False))
        print(
            f"  {name:10} {switches:6} switches: {on:.2f} s and {off:.2f} s, ratio {on / off:.3f};"
            f" {100 * (1 - done[True] / done[False]):.1f} % less work",
            flush=True,
        )


def _run(kernel: Kernel, folder: Path, scheduler: Scheduler, work: WorkType, *, counted: bool) -> RunReport:
    @ktstr_test(scheduler=scheduler, latency=counted)
    def bench(ctx: Ctx) -> None: ...

    record = record_of(bench)
    assert record is not None
    ctx = Ctx(
        replace(record, topology=_TOPOLOGY),
        kernel,
        "virtual",
        1,
        folder / "latency",
        options=RunOptions(fresh=True),
    )
    return ctx.run(CgroupDef("w", 8, work=work), hold_s=2.0, check=False)


def _cpu_s() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
