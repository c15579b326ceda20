"""What was counted in a run, kept beside its test's sidecar: the coverage of its schedulers' code, and its cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.declare.scheduler import Scheduler, registered
from ktstr.instrument.cost import FunctionCost, costs_of, costs_to_json
from ktstr.instrument.counts import read_counts
from ktstr.instrument.coverage import FileCoverage, coverage_of, coverage_to_json, of_schedulers
from ktstr.instrument.layout import layout_of
from ktstr.instrument.plugin import COUNTS, counts_file
from ktstr.instrument.programs import functions_of
from ktstr.report.cost import cost_records
from ktstr.report.sidecar import SCHEMA, write_json
from ktstr.run.scenario_run import ScenarioRun

__all__ = ["counted_in_run", "keep_counted", "refuse_unseen"]


def refuse_unseen(clock: str) -> None:
    """Raise KtstrError if instruments cannot look at a guest with this clock."""
    if clock != "virtual":
        raise KtstrError(
            "--coverage: only a guest with the virtual clock can be looked at; give --clock virtual"
        )


def keep_counted(
    run: ScenarioRun, folder: Path, record: dict[str, object], sidecar: Path, number: int
) -> None:
    """Write the coverage of a test's run `number`, its files in `folder`, beside `sidecar`; name it in its `record`.

    Nothing for a run without instruments. KtstrError if nothing was counted, or the file cannot be written.
    """
    if COUNTS not in run.instruments:
        return
    path = sidecar.with_name(f"{sidecar.stem}.run-{number}.coverage.json")
    files, costs = counted_in_run(run, folder)
    about = {"schema": SCHEMA, "test": run.test.name, "kernel": run.kernel.version, "run": number}
    try:
        write_json(path, {**about, "files": coverage_to_json(files), "costs": costs_to_json(costs)})
    except OSError as error:
        raise KtstrError(f"{path}: the coverage cannot be written: {error.strerror}") from None
    record["coverage"] = path.name
    record["cost"] = cost_records(costs)


def counted_in_run(
    run: ScenarioRun, folder: Path
) -> tuple[tuple[FileCoverage, ...], tuple[FunctionCost, ...]]:
    """The coverage and the costs of a run whose files are in `folder`; KtstrError if nothing was counted."""
    file = folder / counts_file(COUNTS)
    if not file.is_file():
        raise KtstrError(
            "--coverage: this host's machine emulator was built without TCG plugins, which count"
        )
    counts = read_counts(file)
    functions = of_schedulers(functions_of(counts, layout_of(run.kernel)))
    path_of = _paths(run.test.scheduler)
    costs = costs_of(counts, functions, lambda file: path_of(file) or file.removeprefix("./"))
    return coverage_of(counts, functions, path_of), costs


def _paths(scheduler: Scheduler) -> Callable[[str], str]:
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
