"""Cells of the verifier sweep, each run again and again: whether it costs the same, and what it costs the host."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from ktstr import Scheduler
from ktstr.declare.presets import PRESETS
from ktstr.kernel.model import Kernel
from ktstr.verifier.cell import Cell
from ktstr.verifier.job import Jobs
from ktstr.verifier.judge import programs_of
from ktstr.vm.job import RunOptions
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.result import VmResult
from ktstr.vm.run import run

__all__ = ["cells"]

_BPF = Path(__file__).parents[1] / "schedulers" / "fixture.bpf.c"
_CELLS = (
    (Scheduler(name="fixture", bpf=_BPF), "smt-2llc"),
    (Scheduler(name="scx_simple", binary="scx_simple"), "tiny-1llc"),
    (Scheduler(name="scx_flatcg", binary="scx_flatcg"), "tiny-1llc"),
)


def cells(kernel: Kernel, folder: Path, times: range) -> Iterator[VmResult]:
    """Run each cell `times` times, print its figures, and return the results."""
    print(
        "cells: costs of programs and event streams that differ; the host's CPU seconds, the first run left out"
    )
    jobs = Jobs(seed=1)
    for scheduler, preset in _CELLS:
        cell = Cell(scheduler, kernel.version, kernel, preset, PRESETS[preset])
        job = jobs.of(cell, "virtual")
        costs, streams, seconds = set(), set(), []
        for _ in times:
            before = _cpu_s()
            result = run(job, Accel("tcg", "virtual", "a benchmark"), folder / "cell", RunOptions(fresh=True))
            seconds.append(_cpu_s() - before)
            costs.add(programs_of(result))
            streams.add(result.events_sha256)
            yield result
        warm = seconds[1:]
        print(
            f"  {scheduler.name:10} {preset:9} {len(times):3} runs: {len(costs)} costs, {len(streams)} streams;"
            f" {min(warm):.2f} to {max(warm):.2f} s, median {statistics.median(warm):.2f}",
            flush=True,
        )


def _cpu_s() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
