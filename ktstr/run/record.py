"""A test's runs for its sidecar: the record of each, and its failure dump, which is a file beside the sidecar."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ktstr.checks.verdict import RunReport
from ktstr.events.dump import Dump
from ktstr.report.dump import write_dump
from ktstr.report.run_record import run_record
from ktstr.report.summary import bug_summary
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.job import VmJob

__all__ = ["keep_dump", "record_of", "summary_of"]


def summary_of(run: ScenarioRun, report: RunReport) -> str:
    """What went wrong, in one line; empty if nothing was violated."""
    return bug_summary(run.test.scheduler.title, report.violations, report.guest, report.result)


def record_of(run: ScenarioRun, job: VmJob, report: RunReport) -> dict[str, object]:
    """The run as the sidecar has it, so far without a dump's file and a second run."""
    record = run_record(
        job, report.result, report.guest, report.violations, summary_of(run, report), report.inconclusive
    )
    metrics = [asdict(metric) for metric in report.metrics]
    return {**record, "metrics": metrics, "dump": None, "repro": None}


def keep_dump(
    dump: Dump | None,
    record: dict[str, object],
    run: ScenarioRun,
    sidecar: Path,
    number: int,
    *,
    again: bool = False,
) -> Path | None:
    """Write the dump of the test's run `number` beside `sidecar` and name it in the run's `record`.

    Returns the file, or None if there is no dump. `again` says that the dump is from the second run.
    """
    if dump is None:
        return None
    about = {"test": run.test.name, "kernel": run.kernel.version, "run": number, "again": again}
    path = write_dump(dump, sidecar, number, about)
    record["dump"] = path.name
    return path
