"""Running a matrix: cells on all of the host's cores, the longest first, each judged as it ends."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.process import die_with_parent
from ktstr.events.report import read_report
from ktstr.report.run_record import run_record
from ktstr.report.sidecar import file_stem
from ktstr.toolchain.project import share_session
from ktstr.verifier.cell import Cell, CellResult, Finding
from ktstr.verifier.job import Jobs
from ktstr.verifier.judge import findings, programs_of
from ktstr.verifier.rejection import rejections
from ktstr.vm.budget import cores_of_host
from ktstr.vm.job import DEFAULT_WAY, Way
from ktstr.vm.qemu.accel import probe
from ktstr.vm.result import Ending

__all__ = ["Options", "run_cell", "sweep"]


_CONSOLE_BYTES = 8192  # of its end; all of it is among the cell's files


@dataclass(frozen=True)
class Options:
    """How cells are run and judged. `clock` is as for `probe`; `folder` gets one for each cell that did not pass."""

    clock: str
    seed: int
    max_insns: int | None
    folder: Path
    way: Way = DEFAULT_WAY


def sweep(cells: Sequence[Cell], options: Options) -> Iterator[CellResult]:
    """The cells' results, as they come.

    As many processes as the host has cores run them; each cell holds the cores that its guest needs. A guest of many
    CPUs takes longest, so those begin. The processes end with this one. KtstrError where one of them was killed.
    """
    longest_first = sorted(cells, key=lambda cell: -cell.topology.cpus)
    if len(cells) == 1:
        yield run_cell(cells[0], options, Jobs(options.seed))
        return
    share_session()
    processes = min(cores_of_host(), len(cells))
    pool = ProcessPoolExecutor(
        processes,
        # Not fork: this process may have threads, and what it holds is not the cells'.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(os.getpid(), options),
    )
    try:
        # What starts now inherits it, so that Ctrl-C finds no process that is not ready for it.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            futures = [pool.submit(_run, cell) for cell in longest_first]
        finally:
            signal.signal(signal.SIGINT, handler)
        for done in as_completed(futures):
            yield done.result()
    except BrokenProcessPool:
        raise KtstrError("a process of the sweep was killed (out of memory?); run it again") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_worker: tuple[Options, Jobs] | None = None


def _start(parent: int, options: Options) -> None:
    global _worker
    die_with_parent(parent)
    _worker = options, Jobs(options.seed)


def _run(cell: Cell) -> CellResult:
    assert _worker is not None  # _start ran first
    options, jobs = _worker
    # Ctrl-C is for a cell that runs; a process that waits for one ends with the pool.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run_cell(cell, options, jobs)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_cell(cell: Cell, options: Options, jobs: Jobs) -> CellResult:
    """Run and judge one cell. What could not be run is a result, too: an error."""
    from ktstr.vm.run import run

    started = time.time()
    folder = options.folder / file_stem(cell.name)
    begin = time.monotonic()
    try:
        accel = probe(options.clock, cell.topology.cpus)
        job = jobs.of(cell, accel.clock)
        result = run(job, accel, folder, options.way)
    except KtstrError as error:
        return CellResult(
            cell,
            "error",
            (Finding("run", str(error)),),
            started=started,
            wall_s=time.monotonic() - begin,
        )
    wall_s = time.monotonic() - begin
    report = read_report(result.events)
    programs, map_bytes = programs_of(result)
    undone = result.ending in (Ending.AGENT_FAILED, Ending.EMULATOR_DIED)
    found = (Finding("run", result.why),) if undone else findings(cell, result, options.max_insns)
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
    return CellResult(
        cell,
        "error" if undone else "failed" if found else "passed",
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
        qemu=result.qemu_version,
        start=result.start,
        record=run_record(job, result, report, found)
        | {"programs": [asdict(program) for program in programs], "map_bytes": map_bytes},
    )
