"""The command line of the sweep: `nox -s verifier -- ...`, which is `python -m ktstr.verifier ...`."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from ktstr.base.errors import KtstrError
from ktstr.base.process import die_with_parent
from ktstr.base.remote.settings import remote_settings
from ktstr.base.results import RESULTS_DIR, results_dir
from ktstr.base.topology import Topology
from ktstr.declare.discovery import declared_schedulers, default_paths
from ktstr.declare.scheduler import Scheduler
from ktstr.declare.settings import environment_settings, merged, project_settings
from ktstr.farm.choice import executor_of
from ktstr.kernel.model import Kernel
from ktstr.plugin.kernels import KernelAxis
from ktstr.report.github import append_summary, in_github
from ktstr.report.page import make_page
from ktstr.report.remote import session_text
from ktstr.report.text import printable, relative
from ktstr.report.timings import CELLS, read_timings
from ktstr.verifier.annotated import cell_annotations
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.compare import baseline_cells, changes, check_baseline, costs_of, recorded_costs
from ktstr.verifier.estimate import Estimate, cells_s
from ktstr.verifier.matrix import Matrix, chosen_schedulers, chosen_topologies, matrix
from ktstr.verifier.object_cell import object_scheduler
from ktstr.verifier.options import parsed
from ktstr.verifier.record import Record
from ktstr.verifier.report import Sweep, as_json, as_markdown, as_text, live_line
from ktstr.verifier.sweep import Options, sweep
from ktstr.vm.executor import Executor
from ktstr.vm.host import Accel
from ktstr.vm.job import RunOptions

__all__ = ["Request", "main", "run_request"]

_INTERRUPTED = "interrupted"
_NO_TERMINAL = 10**6  # a file has no width


@dataclass(frozen=True)
class Request:
    """What to sweep, and how. `object` is a BPF object to sweep instead of declared schedulers.

    `attach_timeout_s` (guest seconds) is for all schedulers instead of their own, `memory_mb` (MiB) for all guests.
    """

    kernels: Sequence[str] = ()
    schedulers: Sequence[str] = ()
    presets: Sequence[str] = ()
    topologies: Sequence[str] = ()
    paths: Sequence[Path] = ()
    object: Path | None = None
    attach_timeout_s: float | None = None
    memory_mb: int | None = None
    clock: str = "auto"
    seed: int = 1
    cold: bool = False
    fresh: bool = False
    format: str = "text"
    raw: bool = False
    max_insns: int | None = None
    compare: str = ""
    max_growth_pct: float = 10.0


def main(arguments: Sequence[str], prog: str = "nox -s verifier --", executor: Executor | None = None) -> int:
    """Run a sweep for the command line `prog *arguments`; `executor` runs the guests (None: the one that is set).

    The exit status: 0 all passed, 1 something failed, 2 something could not be done.
    """
    if os.environ.get("KTSTR_DIE_WITH_PARENT") == "1":
        die_with_parent(os.getppid())
    try:
        options = parsed(arguments, prog)
        if (results := options.pop("results")) is not None:
            os.environ[RESULTS_DIR] = results  # for what the sweep starts, too
        settled = _settled(options)
        named = settled.pop("executor")
        return run_request(Request(**settled), executor or executor_of(named))
    except KtstrError as error:
        print(f"ktstr: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _settled(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with the project's and the environment's settings for those that were not given."""
    settings = merged(environment_settings(), project_settings(Path.cwd()))
    given = {name: value for name, value in options.items() if value is not None}
    named = options["presets"] or options["topologies"]
    defaults: dict[str, Any] = {
        "kernels": settings.kernels,
        "presets": () if named else settings.presets,
        "clock": settings.clock,
        "seed": settings.seed,
        "executor": settings.executor,
    }
    return defaults | given


def run_request(request: Request, executor: Executor) -> int:
    """Sweep, print the report, publish the results; returns the exit status as `main` does."""
    remote_settings()  # reports a mistake in them at once
    before = recorded_costs(Path.cwd(), request.compare) if request.compare else None
    beside = request.compare and before is None
    if beside:
        check_baseline(request.compare)
    chosen = _matrix(request, executor)
    baseline = baseline_cells(chosen.cells, request.compare) if beside else []
    # If a program reads the report, people still see the lines.
    live = sys.stdout if request.format == "text" else sys.stderr
    record = Record(Path.cwd(), request.seed)
    options = Options(
        request.clock,
        request.seed,
        request.max_insns,
        record.folder,
        executor,
        RunOptions(cold=request.cold, fresh=request.fresh),
        request.memory_mb,
    )
    begin = time.monotonic()
    try:
        results, stopped = _run(chosen.cells, options, record, live)
        if baseline and not stopped:
            print(f"the same cells with {request.compare}:", file=live)
            before = costs_of(_run(baseline, options, None, live)[0])
        published = record.publish(complete=not stopped)
    except OSError as error:
        # A file that cannot take more has no name in its error.
        where = error.filename or f"results directory {results_dir(Path.cwd())}"
        raise KtstrError(f"{where}: {error.strerror}") from None
    finally:
        record.discard()
    done = Sweep(
        results=tuple(results),
        skipped=chosen.skipped,
        wall_s=time.monotonic() - begin,
        changes=None if before is None else tuple(changes(before, costs_of(results))),
        compared=request.compare,
        max_growth_pct=request.max_growth_pct,
        raw=request.raw,
    )
    if results:
        _print(done, request.format)
    if in_github():
        for annotation in cell_annotations(results, Path.cwd()):
            print(annotation, file=live)
    if shared := session_text():
        print(f"remote cache: {shared}", file=live)
    page = make_page(Path.cwd(), [one.path for one in published])
    if page.problem:
        print(f"no report: {page.problem}", file=live)
    for one in published:
        print(f"results in {relative(one.path)}", file=live)
    if stopped:
        print(f"ktstr: {stopped}", file=sys.stderr)
        return 130 if stopped == _INTERRUPTED else 2
    if any(result.outcome == "error" for result in results):
        return 2
    return 1 if done.grown or any(result.outcome == "failed" for result in results) else 0


def _run(
    cells: Sequence[Cell], options: Options, record: Record | None, live: TextIO
) -> tuple[list[CellResult], str]:
    """The results in the order of `cells`, each printed as it comes, and why the sweep stopped, if it did."""
    results: dict[str, CellResult] = {}
    stopped = ""
    known_ms = read_timings(Path.cwd(), CELLS)
    estimate = Estimate(cells_s(cells, known_ms), options.executor.capacity)
    print(estimate.begin(fresh=options.run_options.fresh), file=live, flush=True)
    try:
        with closing(sweep(cells, options)) as coming:
            for result in coming:
                # The record is for the sidecar alone: a sweep's memory must not grow with every run's log.
                results[result.cell.name] = replace(result, record=None)
                print(printable(live_line(result, len(results), len(cells))), file=live, flush=True)
                if left := estimate.done(result):
                    print(left, file=live, flush=True)
                if record is not None:
                    record.write(result)
    except KeyboardInterrupt:
        stopped = _INTERRUPTED
    except KtstrError as error:
        stopped = str(error)
    return [results[cell.name] for cell in cells if cell.name in results], stopped


def _matrix(request: Request, executor: Executor) -> Matrix:
    kernels = KernelAxis(request.kernels)  # what is no kernel is told before a file is read
    topologies = chosen_topologies(request.presets, request.topologies)
    named = bool(request.presets or request.topologies)
    if request.object is not None:
        schedulers: Sequence[Scheduler] = (object_scheduler(request.object, request.attach_timeout_s),)
        if not named:
            topologies = chosen_topologies(["tiny-1llc"], [])
    else:
        declared = declared_schedulers(request.paths or default_paths())
        schedulers = chosen_schedulers(declared, request.schedulers)
        if request.attach_timeout_s is not None:
            schedulers = [replace(one, attach_timeout_s=request.attach_timeout_s) for one in schedulers]

    def accelerator(topology: Topology) -> Accel:
        return executor.accelerator(request.clock, topology.cpus)

    chosen = matrix(
        schedulers,
        _kernels(kernels),
        topologies,
        named=named,
        accelerated=lambda topology: accelerator(topology).name != "tcg",
        refusal=lambda topology: executor.refusal(topology, accelerator(topology)),
    )
    if request.object is None:
        return chosen
    return replace(chosen, cells=tuple(replace(cell, object=request.object) for cell in chosen.cells))


def _kernels(axis: KernelAxis) -> dict[str, Kernel]:
    """The kernels by their names in cells: what the user wrote if that is a version, else the kernel's series."""
    kernels: dict[str, Kernel] = {}
    for name, kernel in axis.resolve(axis.ids()).items():
        series = ".".join(kernel.version.split(".")[:2])
        stable = name if name[:1].isdigit() else series
        kernels[kernel.key if stable in kernels else stable] = kernel
    return kernels


def _print(done: Sweep, how: str) -> None:
    if how == "json":
        print(as_json(done))
    elif how == "markdown":
        print("\n".join(as_markdown(done)))
    else:
        columns = shutil.get_terminal_size((_NO_TERMINAL, 24)).columns
        print(printable("\n".join(as_text(done, columns))))
    append_summary("\n".join(as_markdown(done)) + "\n")
