"""What was counted in a run, kept beside its test's sidecar: the coverage of its schedulers' code, and its cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.thresholds import Checks
from ktstr.checks.verdict import RunReport
from ktstr.declare.scheduler import Scheduler, registered
from ktstr.instrument.code import FunctionCode, codes_of, codes_to_json
from ktstr.instrument.cost import FunctionCost, costs_of, costs_to_json
from ktstr.instrument.counts import read_counts
from ktstr.instrument.coverage import FileCoverage, coverage_of, coverage_to_json, of_schedulers
from ktstr.instrument.interface import Driven, driven_in, driven_to_json
from ktstr.instrument.layout import layout_of
from ktstr.instrument.plugin import COUNTS, counts_file
from ktstr.instrument.programs import called, functions_of
from ktstr.instrument.sched_ext import interface_of
from ktstr.report.cost import cost_records
from ktstr.report.sidecar import SCHEMA, write_json
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.result import EMULATOR_DIED, Ending, VmResult

__all__ = ["Counted", "counted_in_run", "instruments_for", "keep_counted", "paths_of"]


def instruments_for(limits: Checks, clock: str, asked: Sequence[str]) -> tuple[str, ...]:
    """The instruments of a run: those that are `asked` for, and what its checks need.

    KtstrError if there are any, and no instrument can look at a guest with this clock.
    """
    judged = "checks: max_insns_per_call" if limits.max_insns_per_call else ""
    if (asked or judged) and clock != "virtual":
        option = "--coverage" if COUNTS in asked else "--timeline"
        raise KtstrError(
            f"{judged or option}: instructions can only be counted with the virtual clock;"
            " give --clock virtual"
        )
    return tuple(dict.fromkeys((*asked, *((COUNTS,) if judged else ()))))


@dataclass(frozen=True)
class Counted:
    """What was counted in a run: the fields of a RunReport."""

    coverage: tuple[FileCoverage, ...] = ()
    costs: tuple[FunctionCost, ...] = ()
    code: tuple[FunctionCode, ...] = ()
    driven: Driven | None = None


def counted_in_run(run: ScenarioRun, result: VmResult, folder: Path) -> Counted:
    """What was counted in a run whose files are in `folder`; nothing if that was not asked for.

    A run that was ended from outside has none. KtstrError if nothing was counted.
    """
    if COUNTS not in run.instruments or result.ending in (Ending.TIMEOUT, EMULATOR_DIED):
        return Counted()
    file = folder / counts_file(COUNTS)
    if not file.is_file():
        raise KtstrError(
            f"{run.test.name}: instructions cannot be counted: this host's machine emulator was built without"
            " TCG plugins"
        )
    counts = read_counts(file)
    everything = functions_of(counts, layout_of(run.kernel))
    functions = of_schedulers(everything)
    path_of = paths_of(run.test.scheduler)

    def any_path(file: str) -> str:
        return called(file, path_of)

    return Counted(
        coverage_of(counts, functions, path_of),
        costs_of(counts, functions, any_path),
        codes_of(functions, any_path),
        driven_in(counts, everything, interface_of(run.kernel)),
    )


def keep_counted(
    report: RunReport, run: ScenarioRun, record: dict[str, object], sidecar: Path, number: int
) -> None:
    """Write what was counted in a test's run `number` beside `sidecar`, and name the file in its `record`.

    Nothing for a run in which nothing was counted. KtstrError if the file cannot be written.
    """
    if not report.coverage:
        return
    path = sidecar.with_name(f"{sidecar.stem}.run-{number}.coverage.json")
    about = {"schema": SCHEMA, "test": run.test.name, "kernel": run.kernel.version, "run": number}
    data = {
        "files": coverage_to_json(report.coverage),
        "costs": costs_to_json(report.costs),
        "code": codes_to_json(report.code),
        "interface": driven_to_json(report.driven or Driven()),
    }
    try:
        write_json(path, {**about, **data})
    except OSError as error:
        raise KtstrError(f"{path}: the coverage cannot be written: {error.strerror}") from None
    record["coverage"] = path.name
    record["cost"] = cost_records(report.costs)


def paths_of(scheduler: Scheduler) -> Callable[[str], str]:
    """How the files that an object's lines are in are called here; empty for one that is no scheduler's own.

    An object that is compiled here has paths relative to its source's folder, and those of ktstr's and libbpf's headers
    relative to theirs.
    """
    every = [scheduler, *registered()]
    folders = list(dict.fromkeys(path.parent for one in every for path in (one.bpf, *one.bpf_more) if path))

    def path_of(file: str) -> str:
        if not file.startswith("./"):
            return file
        found = next((path for folder in folders if (path := folder / file).is_file()), None)
        if found is None:
            return ""
        path = found.resolve()
        return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

    return path_of
