"""What a run with a chosen interleaving reports: where its CPUs stood still, and its record in the sidecar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.instrument.explored import Explored, read_explored
from ktstr.instrument.interleaving import Interleaving
from ktstr.instrument.layout import layout_of
from ktstr.instrument.plugin import EXPLORE, counts_file
from ktstr.instrument.programs import functions_of
from ktstr.instrument.stood import Stood, stood_still
from ktstr.report.interleaving_schema import InterleavingRecord, StopRecord
from ktstr.run.counted import paths_of
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.result import EMULATOR_DIED, Ending, VmResult

__all__ = [
    "explored_in_run",
    "interleaving_for",
    "interleaving_record",
    "needed_records",
    "refuse_interleaving",
    "stood_in_run",
    "stop_records",
]


def interleaving_for(
    given: Interleaving | Sequence[Interleaving | None] | None, number: int
) -> Interleaving | None:
    """The interleaving of a test's run `number`, from 1 on: the one that is given for all, or its own of a list."""
    if given is None or isinstance(given, Interleaving):
        return given
    return given[number - 1] if number <= len(given) else None


def refuse_interleaving(clock: str) -> None:
    """KtstrError if no interleaving can be chosen for a guest with this clock."""
    if clock != "virtual":
        raise KtstrError("an interleaving can only be chosen with the virtual clock; give --clock virtual")


def explored_in_run(run: ScenarioRun, result: VmResult, folder: Path) -> Explored | None:
    """What the explorer's plugin reports of a run whose files are in `folder`.

    None if none was loaded, and for a run that was ended from outside.
    """
    if not run.interleaving or not str(run.interleaving) or result.ending in (Ending.TIMEOUT, EMULATOR_DIED):
        return None
    return read_explored(folder / counts_file(EXPLORE))


def stood_in_run(run: ScenarioRun, explored: Explored | None) -> tuple[Stood, ...]:
    """Where the run's CPUs stood still, in order, and what the others did meanwhile."""
    return _stood(run, explored, meanwhile=True)


def _stood(run: ScenarioRun, explored: Explored | None, *, meanwhile: bool) -> tuple[Stood, ...]:
    if explored is None:
        return ()
    functions = functions_of(explored, layout_of(run.kernel))
    return stood_still(explored, functions, paths_of(run.test.scheduler), meanwhile=meanwhile)


def interleaving_record(run: ScenarioRun, explored: Explored | None) -> InterleavingRecord | None:
    """The interleaving as the sidecar has it; None if the run had the machine's own."""
    if run.interleaving is None:
        return None
    # What happened meanwhile takes as long again, and is told of a failure only.
    stood = _stood(run, explored, meanwhile=False)
    return {"asked": str(run.interleaving).splitlines(), "stops": stop_records(stood)}


def needed_records(stops: tuple[Stood, ...]) -> list[StopRecord]:
    """The stops that a failure needs as the sidecar has them, with what the other CPUs did meanwhile."""
    return [
        {
            **record,
            "ran": [
                {"cpu": one.cpu, "function": one.function, "file": one.file, "lines": list(one.lines)}
                for one in stood.meanwhile.ran
            ],
            "touched": [
                {
                    "own_file": one.own_file,
                    "own_line": one.own_line,
                    "cpu": one.cpu,
                    "function": one.function,
                    "file": one.file,
                    "line": one.line,
                }
                for one in stood.meanwhile.touched
            ],
        }
        for stood, record in zip(stops, stop_records(stops), strict=True)
    ]


def stop_records(stops: tuple[Stood, ...]) -> list[StopRecord]:
    """The stops as the sidecar has them."""
    return [
        {
            "block": f"{stood.point.block:x}",
            "entry": stood.point.entry,
            "skip": stood.point.skip,
            "ns": stood.point.ns,
            "cpu": stood.cpu,
            "began_ns": stood.began_ns,
            "function": stood.function,
            "file": stood.file,
            "line": stood.line,
        }
        for stood in stops
    ]
