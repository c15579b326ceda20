"""`Ctx`: what a test's body is given, to run scenarios in its guest."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ktstr.base.cancel import Cancel
from ktstr.base.errors import Inconclusive, KernelLacks, KtstrError, host_refuses
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown
from ktstr.checks.ending import undone
from ktstr.checks.misuse import mistake_of_test
from ktstr.checks.thresholds import Checks
from ktstr.checks.verdict import RunReport, VerdictFailed
from ktstr.declare.test import KtstrTest
from ktstr.instrument.interleaving import Interleaving
from ktstr.kernel.model import Kernel
from ktstr.report.failure import failure_text
from ktstr.report.run_record import shrunk_records, vm_counts
from ktstr.report.stops import stop_lines
from ktstr.report.told import SHRINKING, VERDICT, tell
from ktstr.run.counted import instruments_for, keep_counted
from ktstr.run.execute import Runner
from ktstr.run.hooks import NO_HOOKS, RunHooks, sections_text
from ktstr.run.interleaved import interleaving_for, interleaving_record, needed_records, refuse_interleaving
from ktstr.run.look import look_again
from ktstr.run.needed import needed_perturbations
from ktstr.run.needed_operations import needed_operations
from ktstr.run.needed_stops import needed_stops
from ktstr.run.observer import is_about_latency, observer_of
from ktstr.run.own_metric import add_own_metric
from ktstr.run.payload_program import payload_programs
from ktstr.run.program import other_programs, scheduler_program
from ktstr.run.record import keep_dump, record_of, summary_of
from ktstr.run.refuse import (
    refuse_contradiction,
    refuse_finer_than_turn,
    refuse_unknown_variables,
    refuse_without_monitor,
)
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.second import run_again
from ktstr.run.shrink_time import SHRINK_S, ShrinkTime
from ktstr.run.traced import keep_trace
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.metric import Better
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.monitor import Monitor
from ktstr.scenario.perturb import perturbations
from ktstr.scenario.scenario import Scenario, scenario_of
from ktstr.scenario.step import Step
from ktstr.vm.executor import Executor
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions
from ktstr.vm.local import LocalExecutor
from ktstr.vm.result import VmResult

if TYPE_CHECKING:
    from ktstr.vm.host import Accel

__all__ = ["Ctx"]


class Ctx:
    """A test's guest: its kernel, topology, clock and seed, and `run`, which runs a scenario in it.

    ktstr makes one for each test. `executor` runs the guests (None: this machine); `cancel` stops the run that is under
    way, which then raises Cancelled, and all later ones; `hooks` are called around each run. `once`: a failed run is
    not run again to show more, or with less. `shrink_s` is how many seconds it may take to run it with less.
    `instruments` look at the guests from outside (ktstr/instrument/). `interleaving` says where their CPUs stand still:
    in all runs, or in each (None: nowhere).
    """

    test: KtstrTest
    """The test, as it was declared."""
    kernel: Kernel
    """The kernel that the test runs on."""
    seed: int
    """The seed of every VM run."""
    artifacts: Path
    """The folder for the runs' files, made by the first run."""
    asked: int
    """How many runs were asked for so far, whether or not they could be done."""
    runs: list[dict[str, object]]
    """A record of each run so far, as the sidecar has it (docs/sidecar.md)."""

    def __init__(
        self,
        test: KtstrTest,
        kernel: Kernel,
        clock: str,
        seed: int,
        artifacts: Path,
        *,
        options: RunOptions = DEFAULT_OPTIONS,
        perturb: bool = False,
        oversubscribe: bool = False,
        executor: Executor | None = None,
        cancel: Cancel | None = None,
        hooks: RunHooks = NO_HOOKS,
        once: bool = False,
        shrink_s: float = SHRINK_S,
        instruments: Sequence[str] = (),
        interleaving: Interleaving | Sequence[Interleaving | None] | None = None,
    ) -> None:
        self.test = test
        self.kernel = kernel
        self.seed = seed
        self.artifacts = artifacts
        self.asked = 0
        self.runs = []
        self._clock = clock
        self._options = options
        self._perturb = perturb
        self._oversubscribe = oversubscribe
        self._executor: Executor = executor or LocalExecutor()
        self._cancel = cancel or Cancel()
        self._hooks = hooks
        self._once = once
        self._instruments = tuple(instruments)
        self._interleaving = interleaving
        self._shrink_s = 0.0 if once else shrink_s
        self._as_expected = False

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""
        return self.test.topology

    @property
    def duration_s(self) -> float:
        """The test's duration: the length of a scenario in guest seconds, unless `hold_s` says another."""
        return self.test.duration_s

    def run(
        self,
        *parts: Scenario | CgroupDef | Operation,
        hold_s: float | None = None,
        checks: Checks | None = None,
        check: bool = True,
        bounded_turn: bool = True,
        trace: bool = False,
        dump: bool = False,
        steps: Sequence[Step] = (),
        monitor: Monitor | None = None,
    ) -> RunReport:
        """Run `parts`, or one Scenario, for `hold_s` guest seconds (None: the test's duration), and judge the result.

        With `steps` the parts are what is there before the first step; each step has a hold of its own.

        `checks` override the test's. Raises VerdictFailed for a run that violates them, unless `check=False`, and
        KtstrError if the run could not be done. `bounded_turn=False` leaves the virtual clock's CPU turn as it is
        (docs/clocks.md). `trace` records the hold's context switches; a perturbed hold is always traced. `dump` reads
        the scheduler's maps at the end of the hold; they are always read when the scheduler leaves before. `monitor` is
        what is sampled meanwhile (None: what the test's is); docs/monitor.md.

        Before it raises VerdictFailed, the run is run again if that shows more (docs/flight-recorder.md), unless the
        test has `auto_repro=False`.
        """
        self.asked += 1
        accel = self._executor.accelerator(self._clock, None if self._oversubscribe else self.topology.cpus)
        scenario = _scenario(parts, hold_s, steps, trace=trace or self._perturb, dump=dump)
        try:
            with host_refuses(f"{self.test.name}: cannot be prepared"):
                run = self._asked(accel, scenario, checks, bounded_turn, monitor)
        except KernelLacks as error:
            # What the kernel refuses at load is a verdict on the scheduler, and so is what shows before.
            raise VerdictFailed(f"BUG SUMMARY: {error}\n{self._name_of_run}") from None
        with self._executor.in_a_row():
            return self._carried_out(run, accel, check=check)

    def record(self, name: str, value: float, *, unit: str = "", better: Better = "") -> None:
        """Record a number of your own with the last run: it is kept in the sidecar's `recorded`.

        `better` is `lower` or `higher`; empty: neither. KtstrError before the first run, for a name that the run has
        already, and for what is no finite number.
        """
        add_own_metric(self.runs, name, value, unit, better)

    def finish(self) -> None:
        """Raise VerdictFailed if the test is over and no run ended with the error that the test expects."""
        if self.test.expected and not self._as_expected:
            what = "no run ended with it" if self.runs else "the test ran no scenario"
            raise VerdictFailed(
                f"{self.test.name}: expected error did not fire: {what} (expected: {self.test.expected.named})"
            )

    def _asked(
        self,
        accel: Accel,
        scenario: Scenario,
        checks: Checks | None,
        bounded_turn: bool,
        monitor: Monitor | None,
    ) -> ScenarioRun:
        """The run that the arguments ask for; KtstrError for one that makes no sense."""
        test = self.test
        if not isinstance(checks, Checks | None):
            raise KtstrError(f"ctx.run: checks={shown(checks)}: must be Checks(...)")
        if not isinstance(monitor, Monitor | None):
            raise KtstrError(f"ctx.run: monitor={shown(monitor)}: must be Monitor(...)")
        limits = (checks or Checks()).over(test.checks)
        if interleaving := interleaving_for(self._interleaving, self.asked):
            refuse_interleaving(accel.clock)
        if accel.clock == "virtual":
            refuse_finer_than_turn(test, limits, self._executor, bounded=bounded_turn)
        refuse_contradiction(test, checks)
        refuse_without_monitor(limits, monitor or test.monitor)
        constants = {write.variable: write.value for write in test.writes if write.is_rodata}
        scheduler = replace(test.scheduler_with_files, rodata={**test.scheduler.rodata, **constants})
        others = other_programs(scenario, self.kernel, self.topology)
        run = ScenarioRun(
            test,
            self.kernel,
            accel.clock,
            self.seed,
            scheduler_program(scheduler, self.kernel, test.sched_args, topology=self.topology),
            scenario,
            limits,
            bounded_turn,
            recorder=accel.clock == "virtual" and (scheduler.is_sched_ext or bool(others)),
            others=others,
            monitor=monitor or test.monitor,
            observer=observer_of(test, limits, self.kernel, sched_ext=scheduler.is_sched_ext or bool(others)),
            payloads=payload_programs(scenario),
            instruments=instruments_for(limits, accel.clock, self._instruments),
            interleaving=interleaving,
        )
        if not self._perturb:
            return run
        return replace(run, perturbed=perturbations(self.seed, self.topology, run.total_s))

    def _carried_out(self, run: ScenarioRun, accel: Accel, *, check: bool) -> RunReport:
        """Run it, and judge the result; run it again if it failed."""
        runner = Runner(self._executor, accel, self._options, self._cancel, [])
        folder = self.artifacts / f"run-{len(self.runs) + 1}"
        job, report = runner(run, folder, functools.partial(self._hooks.before_run, self))
        record = record_of(run, job, report)
        if interleaving := interleaving_record(run, report.explored):
            record["interleaving"] = interleaving
        self.runs.append(record)
        dump_file = keep_dump(report.dump, record, run, self._sidecar, len(self.runs))
        if why := undone(report.result):
            raise KtstrError(f"{_in_step(report)}{why} (console and command in {folder})")
        if why := mistake_of_test(self.test.scheduler, report.guest, self.test.watchdog_ms, run.layout):
            raise KtstrError(f"{self.test.name}: {why}")
        refuse_unknown_variables(self.test.name, report.result.events)
        keep_counted(report, run, record, self._sidecar, len(self.runs))
        keep_trace(report, run, folder, record, self._sidecar, len(self.runs))
        self._as_expected = self._as_expected or report.passed
        self._hooks.after_verdict(self, report)
        if check and report.violations:
            raise VerdictFailed(self._explained(runner, run, folder, report, record, dump_file))
        if check and report.inconclusive:
            more = f" (and {len(report.inconclusive) - 1} more)" if len(report.inconclusive) > 1 else ""
            raise Inconclusive(f"{report.inconclusive[0]}{more}")
        return report

    def _explained(
        self,
        runner: Runner,
        run: ScenarioRun,
        folder: Path,
        report: RunReport,
        record: dict[str, object],
        dump_file: Path | None,
    ) -> str:
        """The text of a failed run, once further runs have shown what they can; `record` gets that, too."""
        dump, summary = report.dump, summary_of(run, report)
        text = functools.partial(
            failure_text,
            self._header(report.result),
            report.violations,
            report.guest,
            report.result.console,
            ending=report.result.ending,
            latency=self.test.latency is True or is_about_latency(report),
            metrics=report.metrics,
        )
        tell(folder / VERDICT, summary)
        self._hooks.failed(self, text(summary=summary))
        # The whole minute is what a user waits for: the second run and the look are part of it.
        check = report.violations[0].check
        why_not = self._hooks.why_not_shrunk(self, check) if self._shrink_s > 0 else ""
        time = ShrinkTime(self._shrink_s, folder / SHRINKING, why_not=why_not)
        repro = None if self._once else run_again(runner, run, folder / "repro", report)
        record["repro"] = repro.as_json() if repro else None
        if dump is None and repro and repro.report:
            dump = repro.report.dump
            dump_file = keep_dump(dump, record, run, self._sidecar, len(self.runs), again=True)
        seen = None if self._once else look_again(runner, run, folder / "look", report)
        if seen:
            summary += f"; {seen.line}"
            record["verdict"] = {**cast(dict[str, object], record["verdict"]), "summary": summary}
        operations = needed_operations(runner, run, folder / "shrunk", report, time)
        needed = needed_perturbations(runner, run, folder / "shrunk", report, time)
        stops = needed_stops(runner, run, folder / "shrunk", report, time)
        if stops and (interleaving := record.get("interleaving")):
            record["interleaving"] = {
                **cast(dict[str, object], interleaving),
                "needed": needed_records(stops.stops),
            }
        record["shrunk"] = shrunk_records(
            operations, needed, (len(stops.points), stops.tried, stops.unfinished) if stops else None
        )
        record["vms"] = vm_counts(runner.results)
        whole = text(
            summary=summary,
            needed=needed,
            operations=operations,
            sidecar=self._sidecar,
            dump=dump,
            dump_file=dump_file,
            repro=repro,
            seen=seen,
            stops=stop_lines(stops.stops, stops.tried, stops.unfinished) if stops else (),
        )
        return whole + sections_text(self._hooks.report_sections(self, report))

    @property
    def _sidecar(self) -> Path:
        return self.artifacts.with_name(f"{self.artifacts.name}.json")

    @property
    def _name_of_run(self) -> str:
        return f"{self.test.name}: {self.test.scheduler.title} on {self.kernel.version}, {self.topology}"

    def _header(self, result: VmResult) -> str:
        return f"{self._name_of_run} ({result.clock} clock, {result.accelerator}, seed {self.seed})"


def _in_step(report: RunReport) -> str:
    """The step that a run came to that could not be done, as the begin of a message."""
    last = report.phases[-1].name if report.phases else ""
    return f"step {last}: " if last else ""


def _scenario(
    parts: Sequence[Scenario | CgroupDef | Operation],
    hold_s: float | None,
    steps: Sequence[Step],
    *,
    trace: bool,
    dump: bool,
) -> Scenario:
    if hold_s is not None:
        seconds(hold_s, "ctx.run: hold_s")
    try:
        return scenario_of(*parts, hold_s=hold_s, trace=trace, dump=dump, steps=steps)
    except KtstrError as error:
        raise KtstrError(f"ctx.run: {error}") from None
