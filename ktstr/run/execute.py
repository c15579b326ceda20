"""Carrying out a scenario: its job is assembled, given to the executor, and its result judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ktstr.base.cancel import Cancel
from ktstr.base.errors import host_refuses
from ktstr.checks.evidence import evidence_of
from ktstr.checks.judge import judge, unsettled
from ktstr.checks.verdict import RunReport
from ktstr.instrument.cost import FunctionCost
from ktstr.run.assemble import scenario_job
from ktstr.run.counted import counted_in_run
from ktstr.run.interleaved import explored_in_run
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

    def __call__(
        self, run: ScenarioRun, folder: Path, announce: Callable[[VmJob], None] | None = None
    ) -> tuple[VmJob, RunReport]:
        """Run and judge a scenario, its files in `folder`; `announce` is called with its job before.

        KtstrError if it cannot be run, Cancelled if cancelled.
        """
        with host_refuses(f"{run.test.name}: cannot be prepared"):
            job = scenario_job(run)
        if announce is not None:
            announce(job)
        result = self.executor.run(job, self.accel, folder, self.options, cancel=self.cancel)
        self.results.append(result)
        coverage, costs = counted_in_run(run, result, folder)
        explored = explored_in_run(run, result, folder)
        report = judged(run, result, costs, explored.stood_ns if explored else 0)
        return job, replace(report, coverage=coverage, costs=costs, explored=explored)


def judged(
    run: ScenarioRun, result: VmResult, costs: Sequence[FunctionCost] = (), stood_ns: int = 0
) -> RunReport:
    """The verdict on a scenario's result, and on what its schedulers' BPF cost.

    A wait may have a CPU in it that stood still, for `stood_ns` all together, which no scheduler can help.
    """
    test = run.test
    evidence = evidence_of(
        result,
        run.topology,
        run.scenario.cgroups,
        sched_ext=run.has_sched_ext,
        expected=test.expected,
        writes=test.writes,
        layout=run.layout,
        costs=costs,
        stood_ns=stood_ns,
    )
    violations = tuple(judge(evidence, run.limits))
    # What a violation explains needs no further verdict.
    inconclusive = () if violations or test.expected else unsettled(evidence, run.limits)
    return RunReport(violations, evidence.report, result, evidence.metrics, inconclusive)
