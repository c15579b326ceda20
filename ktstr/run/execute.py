"""Carrying out a scenario: its job is assembled, given to the executor, and its result judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ktstr.base.cancel import Cancel
from ktstr.checks.ending import judge_ending, reported
from ktstr.checks.judge import judge, judge_expected
from ktstr.checks.verdict import RunReport
from ktstr.run.assemble import scenario_job
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.executor import Executor
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.result import VmResult

if TYPE_CHECKING:
    from ktstr.vm.host import Accel

__all__ = ["Runner", "judged"]


@dataclass(frozen=True)
class Runner:
    """Runs scenarios with one executor, and remembers what each took: `results` has all results, in order."""

    executor: Executor
    accel: Accel
    options: RunOptions
    cancel: Cancel
    results: list[VmResult]

    def __call__(self, run: ScenarioRun, folder: Path) -> tuple[VmJob, RunReport]:
        """Run and judge a scenario, its files in `folder`. KtstrError if it cannot be run, Cancelled if cancelled."""
        job = scenario_job(run)
        result = self.executor.run(job, self.accel, folder, self.options, cancel=self.cancel)
        self.results.append(result)
        return job, judged(run, result)


def judged(run: ScenarioRun, result: VmResult) -> RunReport:
    """The verdict on a scenario's result."""
    guest, test = reported(result), run.test
    if ended := judge_ending(result):
        violations = [ended]
    elif test.expected:
        violations = judge_expected(guest, run.limits, test.expected, test.writes)
    else:
        violations = judge(guest, run.limits, run.topology, run.cgroups, test.scheduler.is_sched_ext)
    return RunReport(tuple(violations), guest, result)
