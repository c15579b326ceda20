"""`Ctx`: what a test body is handed, to run scenarios in its guest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown
from ktstr.checks.evidence import evidence_of
from ktstr.checks.judge import judge
from ktstr.checks.misuse import mistake_of_test
from ktstr.checks.thresholds import Checks
from ktstr.checks.violation import Violation
from ktstr.declare.test import KtstrTest
from ktstr.events.dump import Dump, read_dump
from ktstr.events.report import GuestReport, Needed, WorkerStats
from ktstr.kernel.model import Kernel
from ktstr.report.run_record import run_record, vm_counts
from ktstr.run.second import Repro, compare, more_of
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operation import Operation
from ktstr.scenario.perturb import Perturbation, aimed, only, perturbations
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario, scenario_of
from ktstr.vm.job import DEFAULT_WAY, Clock, VmJob, Way, default_memory_mb, least_memory_mb
from ktstr.vm.result import Ending, VmResult

if TYPE_CHECKING:
    from ktstr.run.program import Program
    from ktstr.vm.qemu.accel import Accel

__all__ = ["Ctx", "RunReport", "VerdictFailed"]

# Host seconds a run may take before it is ended. The guest's own watchdog finds a hang long before; this is for a
# QEMU that does not run its guest at all, so it only has to be more than a slow and busy host needs.
_WALL_BASE_S = 240.0
_WALL_PER_CPU_SECOND_S = 6.0
# How often a perturbation is moved until it hits where it did. A wakeup's latency depends on when it is.
_AIMS = 6


class VerdictFailed(AssertionError):
    """A run that violated its checks; the text is the whole failure, ready to be shown."""


@dataclass(frozen=True)
class RunReport:
    """A judged run: what the guest reported, and the checks it violated (none: passed)."""

    violations: tuple[Violation, ...]
    guest: GuestReport
    result: VmResult

    @property
    def passed(self) -> bool:
        """Whether no check was violated."""
        return not self.violations

    @property
    def dump(self) -> Dump | None:
        """What the scheduler's maps held when it had gone without being asked to, or where the run was to tell."""
        return read_dump(self.result.events)

    @property
    def workers(self) -> tuple[WorkerStats, ...]:
        """The workers, in the order in which they were declared."""
        return self.guest.workers


@dataclass(frozen=True)
class _Scenario:
    """What a run is asked to do and with which scheduler's program, whatever perturbs it."""

    what: Scenario
    hold_s: float
    limits: Checks
    bounded_turn: bool
    recorder: bool
    program: Program


class Ctx:
    """A test's guest: its kernel, topology, clock and seed, and `run`, which runs a scenario in it.

    `artifacts` is the folder for the runs' files, made when there is a run. `runs` holds a JSON-able record of
    each run so far.
    """

    def __init__(
        self,
        test: KtstrTest,
        kernel: Kernel,
        clock: str,
        seed: int,
        artifacts: Path,
        *,
        way: Way = DEFAULT_WAY,
        perturb: bool = False,
        oversubscribe: bool = False,
    ) -> None:
        self.test = test
        self.kernel = kernel
        self.seed = seed
        self.artifacts = artifacts
        self.runs: list[dict[str, object]] = []
        self._results: list[VmResult] = []
        self._clock = clock
        self._way = way
        self._perturb = perturb
        self._oversubscribe = oversubscribe
        self._as_expected = False

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""
        return self.test.topology

    def run(
        self,
        *parts: Scenario | CgroupDef | Operation,
        hold_s: float | None = None,
        checks: Checks | None = None,
        check: bool = True,
        bounded_turn: bool = True,
        trace: bool = False,
        dump: bool = False,
    ) -> RunReport:
        """Run `parts`, or one Scenario, for `hold_s` guest seconds (None: the test's duration), and judge the run.

        `checks` override the test's. Raises VerdictFailed for a run that violates them, unless `check=False`,
        and KtstrError where the run could not be done. `bounded_turn=False` leaves the virtual clock's CPU turn as
        QEMU has it (docs/clocks.md). `trace` records the hold's context switches, as is done where it is perturbed.
        `dump` reads the scheduler's maps at the hold's end, as is done where the scheduler has gone by then.

        Before it raises, a run is run again where that tells more of it (docs/flight-recorder.md), unless the test has
        `auto_repro=False`.
        """
        from ktstr.report.failure import failure_text
        from ktstr.run.program import scheduler_program
        from ktstr.vm.qemu.accel import probe

        what = _asked(parts, hold_s, trace=trace or self._perturb, dump=dump)
        if not isinstance(checks, Checks | None):
            raise KtstrError(f"ctx.run: checks={shown(checks)}: must be Checks(...)")
        accel = probe(self._clock, None if self._oversubscribe else self.topology.cpus)
        hold = self.test.duration_s if what.hold_s is None else what.hold_s
        limits = (checks or Checks()).over(self.test.checks)
        if accel.clock == "virtual":
            self._refuse_finer_than_turn(limits, bounded_turn)
        if self.test.expected and (judged := (checks or Checks()).about_scheduling):
            raise KtstrError(f"ctx.run: checks: {', '.join(judged)}: contradicts the test's expect_err")
        constants = {write.variable: write.value for write in self.test.writes if write.is_rodata}
        scheduler = replace(self.test.scheduler, rodata={**self.test.scheduler.rodata, **constants})
        program = scheduler_program(scheduler, self.kernel, self.test.sched_args)
        scenario = _Scenario(
            replace(what, hold_s=hold),
            hold,
            limits,
            bounded_turn,
            recorder=accel.clock == "virtual" and scheduler.is_sched_ext,
            program=program,
        )
        perturbed = perturbations(self.seed, self.topology, hold) if self._perturb else None
        folder = self.artifacts / f"run-{len(self.runs) + 1}"
        before = len(self._results)
        job, report = self._judged(scenario, perturbed, accel, folder)
        summary = self._summary(report)
        record = self._record(job, report, summary)
        self.runs.append(record)
        held, dump_file = report.dump, self._keep_dump(report.dump, record)
        if report.result.ending in (Ending.AGENT_FAILED, Ending.QEMU_DIED):
            raise KtstrError(f"{report.result.why} (console and command in {folder})")
        if why := mistake_of_test(self.test.scheduler, report.guest, self.test.watchdog_ms):
            raise KtstrError(f"{self.test.name}: {why}")
        self._as_expected = self._as_expected or report.passed
        if report.passed or not check:
            return report
        repro = self._repro(scenario, perturbed, accel, folder / "repro", report)
        record["repro"] = repro.as_json() if repro else None
        if held is None and repro and repro.report:
            held = repro.report.dump
            dump_file = self._keep_dump(held, record, again=True)
        few = self._shrunk(scenario, perturbed, accel, folder / "shrunk", report) if perturbed else None
        record["vms"] = vm_counts(self._results[before:])
        raise VerdictFailed(
            failure_text(
                self._header(report.result),
                report.violations,
                report.guest,
                report.result.console,
                needed=few,
                sidecar=self._sidecar,
                dump=held,
                dump_file=dump_file,
                summary=summary,
                repro=repro,
                ending=report.result.ending,
            )
        )

    def finish(self) -> None:
        """Raise VerdictFailed where the test is over and the error that it expects has not fired in any run."""
        if self.test.expected and not self._as_expected:
            what = "no run ended with it" if self.runs else "the test ran no scenario"
            raise VerdictFailed(
                f"{self.test.name}: expected error did not fire: {what} (expected: {self.test.expected.named})"
            )

    def _judged(
        self,
        scenario: _Scenario,
        perturbed: Sequence[Perturbation] | None,
        accel: Accel,
        folder: Path,
    ) -> tuple[VmJob, RunReport]:
        from ktstr.vm.run import run

        job = self._job(scenario, perturbed, accel.clock)
        result = run(job, accel, folder, self._way)
        self._results.append(result)
        evidence = evidence_of(
            result,
            self.topology,
            scenario.what.cgroups,
            sched_ext=self.test.scheduler.is_sched_ext,
            expected=self.test.expected,
            writes=self.test.writes,
        )
        violations = judge(evidence, scenario.limits)
        return job, RunReport(tuple(violations), evidence.report, result)

    @property
    def _sidecar(self) -> Path:
        return self.artifacts.with_name(f"{self.artifacts.name}.json")

    def _summary(self, report: RunReport) -> str:
        from ktstr.report.summary import bug_summary

        return bug_summary(self.test.scheduler.name, report.violations, report.guest, report.result)

    def _record(self, job: VmJob, report: RunReport, summary: str) -> dict[str, object]:
        """The run for the sidecar, with neither a file for its dump nor a second run so far."""
        record = run_record(job, report.result, report.guest, report.violations, summary)
        return record | {"dump": None, "repro": None}

    def _keep_dump(self, dump: Dump | None, record: dict[str, object], *, again: bool = False) -> Path | None:
        """The file that the dump of the latest run, which has this record, is now in; `again`: of its second run."""
        from ktstr.report.dump import write_dump

        if dump is None:
            return None
        number = len(self.runs)
        about = {
            "test": self.test.name,
            "kernel": self.kernel.version,
            "run": number,
            "again": again,
        }
        path = write_dump(dump, self._sidecar, number, about)
        record["dump"] = path.name
        return path

    def _repro(
        self,
        scenario: _Scenario,
        perturbed: Sequence[Perturbation] | None,
        accel: Accel,
        folder: Path,
        failed: RunReport,
    ) -> Repro | None:
        """The second run of a failed one; None where that would tell nothing more, or is not wanted."""
        more = more_of(failed, accel.clock) if self.test.auto_repro else None
        if more is None or not self.test.scheduler.is_sched_ext:
            return None
        scenario = replace(scenario, recorder=True, what=replace(scenario.what, dump=more == "dump"))
        try:
            job, again = self._judged(scenario, perturbed, accel, folder)
        except KtstrError as error:
            return Repro(more, "undone", f"it could not be: {error}")
        outcome, told = compare(failed, again)
        return Repro(more, outcome, told, again, self._record(job, again, self._summary(again)))

    def _shrunk(
        self,
        scenario: _Scenario,
        perturbed: Sequence[Perturbation],
        accel: Accel,
        folder: Path,
        failure: RunReport,
    ) -> Needed | None:
        """As few of the perturbations as make it fail the same check; None where the clock is real, with which a run is
        not a function of them."""
        if accel.clock != "virtual":
            return None
        wanted = failure.violations[0].check
        reports = {tuple(perturbed): failure}

        def fails(some: Sequence[Perturbation]) -> bool:
            key = tuple(some)
            if key not in reports:
                _, reports[key] = self._judged(scenario, only(some, perturbed), accel, folder)
                bar.update()
            return any(violation.check == wanted for violation in reports[key].violations)

        def by_itself(culprit: Perturbation, did_ns: int) -> Perturbation | None:
            """Without those before it, it is moved until it hits a task `did_ns` into its turn, as it did."""
            one: Perturbation | None = culprit
            for _ in range(_AIMS):
                if one is None or (one,) in reports:
                    return None
                if fails((one,)):
                    return one
                (does,) = reports[(one,)].guest.perturbed
                one = aimed(one, did_ns, does.ran_ns, scenario.hold_s)
            return None

        with tqdm(desc=f"shrinking {self.test.name}", unit="run", delay=1, disable=None, leave=False) as bar:
            if fails(()):
                return Needed((), len(perturbed))
            few = shortest_prefix(perturbed, fails)
            culprit = few[-1]
            did = reports[tuple(few)].guest.perturbed[len(few) - 1]
            if alone := by_itself(culprit, did.ran_ns):
                return Needed(reports[(alone,)].guest.perturbed, len(perturbed), moved=alone != culprit)
            few = shrink(few, fails)
        return Needed(reports[tuple(few)].guest.perturbed, len(perturbed))

    def _refuse_finer_than_turn(self, limits: Checks, bounded_turn: bool) -> None:
        """Under icount CPUs take turns: what is shorter than one measures QEMU, not the scheduler."""
        from ktstr.vm.qemu.command import find_qemu
        from ktstr.vm.qemu.turn import UNBOUNDED_NS, turn_for

        if self.topology.cpus == 1 or limits.max_gap_ms is None or limits.max_gap_ms is False:
            return
        turn = turn_for(find_qemu().release, self.topology.cpus) if bounded_turn else None
        turn_ms = (turn.ns if turn else UNBOUNDED_NS) / 1e6
        if limits.max_gap_ms < turn_ms:
            raise KtstrError(
                f"{self.test.name}: max_gap_ms={limits.max_gap_ms:g}: finer than the virtual clock's CPU turn here,"
                f" {turn_ms:.3g} ms, in which a CPU waits for QEMU and not for the scheduler; must be that or more,"
                f" or --clock real"
            )

    def _job(self, scenario: _Scenario, perturbed: Sequence[Perturbation] | None, clock: Clock) -> VmJob:
        from ktstr.guest.agent import build_agent
        from ktstr.guest.initramfs import base_files, size_mb

        scheduler, program = self.test.scheduler, scenario.program
        plan = scenario_plan(
            scenario.what,
            self.topology,
            sysctls=scheduler.sysctls,
            scheduler=program.command,
            watchdog_ms=self.test.watchdog_ms,
            writes=self.test.writes,
            perturbations=perturbed,
            recorder=scenario.recorder,
        )
        packed_mb = size_mb(program.files)
        memory_mb, least = self.test.memory_mb, least_memory_mb(self.topology, packed_mb)
        if memory_mb is not None and memory_mb < least:
            raise KtstrError(
                f"{self.test.name}: memory_mb={memory_mb}: a guest of {self.topology} with {packed_mb} MiB of files"
                f" needs {least}"
            )
        return VmJob(
            kernel=self.kernel,
            topology=self.topology,
            memory_mb=memory_mb or default_memory_mb(self.topology, packed_mb),
            files=tuple(base_files(build_agent(), self.kernel.config, self.kernel.release)),
            payload=program.files,
            plan=plan,
            clock=clock,
            seed=self.seed,
            kargs=scheduler.kargs,
            bounded_turn=scenario.bounded_turn,
            wall_limit_s=_WALL_BASE_S + _WALL_PER_CPU_SECOND_S * scenario.hold_s * self.topology.cpus,
        )

    def _header(self, result: VmResult) -> str:
        return (
            f"{self.test.name}: {self.test.scheduler.name} on {self.kernel.version}, {self.topology}"
            f" ({result.clock} clock, {result.accelerator}, seed {self.seed})"
        )


def _asked(
    parts: Sequence[Scenario | CgroupDef | Operation], hold_s: float | None, *, trace: bool, dump: bool
) -> Scenario:
    if hold_s is not None:
        seconds(hold_s, "ctx.run: hold_s")
    try:
        return scenario_of(*parts, hold_s=hold_s, trace=trace, dump=dump)
    except KtstrError as error:
        raise KtstrError(f"ctx.run: {error}") from None
