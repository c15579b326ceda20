"""The timeline of a run: a trace for Perfetto beside its test's sidecar, and a picture in the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.verdict import RunReport
from ktstr.instrument.counts import read_counts
from ktstr.instrument.layout import layout_of
from ktstr.instrument.moments import Moment, read_moments
from ktstr.instrument.plugin import TIMELINE, counts_file
from ktstr.instrument.programs import STRUCT_OPS, functions_of
from ktstr.instrument.stints import stints_of
from ktstr.report.timeline import depths_of, marks_of, timeline_bytes
from ktstr.report.who_ran import who_ran_svg
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.result import EMULATOR_DIED, Ending

__all__ = ["PICTURE", "keep_trace"]

PICTURE = "who-ran.svg"
"""The file in a run's folder that shows who ran where."""


def keep_trace(
    report: RunReport, run: ScenarioRun, folder: Path, record: dict[str, object], sidecar: Path, number: int
) -> None:
    """Write the timeline of a test's run `number` beside `sidecar`, and name the file in its `record`.

    The run's files are in `folder`, which gets a picture, and is kept if the test fails. Nothing for a run without the
    instrument, or one that was ended from outside. KtstrError if nothing was noted, or if a file cannot be written.
    """
    if TIMELINE not in run.instruments or report.result.ending in (Ending.TIMEOUT, EMULATOR_DIED):
        return
    file = folder / counts_file(TIMELINE)
    if not file.is_file():
        raise KtstrError(
            f"{run.test.name}: no timeline can be made: this host's machine emulator was built without TCG plugins"
        )
    functions = functions_of(read_counts(file), layout_of(run.kernel))
    callbacks = {one.owner.number: one.name for one in functions if one.type == STRUCT_OPS and not one.part}
    moments = read_moments(file)
    path = sidecar.with_name(f"{sidecar.stem}.run-{number}.pftrace")
    try:
        path.write_bytes(timeline_bytes(moments, callbacks, marks_of(report), depths_of(report)))
        if report.phases:
            (folder / PICTURE).write_text(_picture(report, moments))
    except OSError as error:
        raise KtstrError(
            f"{error.filename or path}: the timeline cannot be written: {error.strerror}"
        ) from None
    record["trace"] = path.name


def _picture(report: RunReport, moments: Sequence[Moment]) -> str:
    """From the begin of the first hold to the end of the last."""
    last = report.phases[-1]
    marks = [(one.at_ns, one.line) for one in report.violations if one.at_ns is not None]
    return who_ran_svg(stints_of(moments), report.phases[0].began_ns, last.began_ns + last.held_ns, marks)
