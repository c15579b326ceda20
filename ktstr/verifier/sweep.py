"""Running a matrix: as many cells at once as the executor can use, the longest first, each judged as it ends."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.checks.ending import undone
from ktstr.checks.evidence import evidence_of
from ktstr.events.rejection import rejections
from ktstr.report.run_record import run_record
from ktstr.report.sidecar import file_stem
from ktstr.verifier.cell import Cell, CellResult, Finding
from ktstr.verifier.job import Jobs
from ktstr.verifier.judge import findings, programs_of
from ktstr.vm.executor import Executor
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions

__all__ = ["Options", "run_cell", "sweep"]


_CONSOLE_BYTES = 8192  # of its end; all of it is among the cell's files


@dataclass(frozen=True)
class Options:
    """How cells are run and judged.

    `clock` is `real`, `virtual` or `auto`; `max_insns` limits the programs that the declaration does not limit;
    `folder` gets a folder for each cell that did not pass. `executor` runs the guests and `cancel` stops them all.
    `memory_mb` is MiB of each guest's memory; None: enough for what is in it.
    """

    clock: str
    seed: int
    max_insns: int | None
    folder: Path
    executor: Executor
    run_options: RunOptions = DEFAULT_OPTIONS
    memory_mb: int | None = None
    cancel: Cancel = field(default_factory=Cancel, compare=False)


def sweep(cells: Sequence[Cell], options: Options) -> Generator[CellResult]:
    """The cells' results, as they come.

    A guest of many CPUs takes longest, so those begin. When the caller stops early, by an exception (Ctrl-C) or by
    closing this, what runs is cancelled, and no guest is left.
    """
    longest_first = sorted(cells, key=lambda cell: -cell.topology.cpus)
    jobs = Jobs(options.seed, options.memory_mb)
    # Threads: they wait for compilers and for the executor nearly all the time.
    with ThreadPoolExecutor(max(1, min(options.executor.capacity, len(cells)))) as pool:
        futures = [pool.submit(run_cell, cell, options, jobs) for cell in longest_first]
        try:
            for done in as_completed(futures):
                yield done.result()
        except BaseException:
            for future in futures:
                future.cancel()
            options.cancel.cancel()
            raise


def run_cell(cell: Cell, options: Options, jobs: Jobs) -> CellResult:
    """Run and judge one cell. A cell that could not be run is a result, too: an error."""
    started = time.time()
    folder = options.folder / file_stem(cell.name)
    begin = time.monotonic()
    executor = options.executor
    try:
        accel = executor.accelerator(options.clock, cell.topology.cpus)
        job = jobs.of(cell, accel.clock)
        result = executor.run(job, accel, folder, options.run_options, cancel=options.cancel)
    except KtstrError as refused:
        return CellResult(
            cell,
            "error",
            (Finding("run", str(refused)),),
            started=started,
            wall_s=time.monotonic() - begin,
        )
    wall_s = time.monotonic() - begin
    evidence = evidence_of(result, cell.topology)
    report = evidence.report
    programs, map_bytes = programs_of(result)
    error = undone(result)
    found = (Finding("run", error),) if error else findings(cell, evidence, result, options.max_insns)
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
    return CellResult(
        cell,
        "error" if error else "failed" if found else "passed",
        found,
        programs=programs,
        map_bytes=map_bytes,
        rejections=rejections(report.log),
        log=report.log,
        kernel_log=report.kernel_log,
        console=result.console[-_CONSOLE_BYTES:] if found else "",
        started=started,
        wall_s=wall_s,
        guest_s=report.guest_ns / 1e9,
        accelerator=result.accelerator,
        clock=result.clock,
        clock_reason=accel.reason,
        emulator=result.emulator_version,
        start=result.start,
        record=run_record(job, result, report, found)
        | {"programs": [asdict(program) for program in programs], "map_bytes": map_bytes},
    )
