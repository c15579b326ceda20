"""The verdict on a run: what the guest reported, and the checks that it violated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.checks.recorded import Recorded, recorded
from ktstr.checks.violation import Violation
from ktstr.events.dump import Dump, read_dump, read_snapshots
from ktstr.events.latency import Latency, read_latency
from ktstr.events.metrics import MetricValue
from ktstr.events.payload import PayloadRun
from ktstr.events.phase import Phase
from ktstr.events.readings import FileRead, ProgramRun
from ktstr.events.report import GuestReport, WorkerStats
from ktstr.events.schedulers import SchedulerRun
from ktstr.instrument.code import FunctionCode
from ktstr.instrument.cost import FunctionCost
from ktstr.instrument.coverage import FileCoverage
from ktstr.instrument.interface import Driven
from ktstr.vm.result import VmResult

__all__ = ["RunReport", "VerdictFailed"]


class VerdictFailed(AssertionError):
    """A run that violated its checks; the text is the whole failure, ready to be shown."""


@dataclass(frozen=True)
class RunReport:
    """A judged run: what the guest reported, and the checks it violated (none: passed)."""

    violations: tuple[Violation, ...]
    """The checks that the run violated, the ones that explain most first; none: it passed."""
    guest: GuestReport
    """What the guest reported."""
    result: VmResult
    """How the VM ended, and all that it left."""
    metrics: tuple[MetricValue, ...] = ()
    """The numbers that the payloads printed, by phase in the order in which they are declared."""
    inconclusive: tuple[str, ...] = ()
    """The checks for which there were too few samples, each with the reason: then the run has no verdict."""
    coverage: tuple[FileCoverage, ...] = ()
    """How often each line and branch of the schedulers' BPF was executed; none if that was not counted."""
    costs: tuple[FunctionCost, ...] = ()
    """How many instructions the calls of their functions took; none if that was not counted."""
    code: tuple[FunctionCode, ...] = ()
    """The machine code of their functions, to be compared with that of other runs; none if nothing was counted."""
    driven: Driven | None = None
    """Which callbacks and functions of the kernel were called, and with which flags; None if nothing was counted."""
    explored: Any = None  # its types are no part of what an author imports
    """Where CPUs stood still in an explored run, for ktstr's own use: ktstr.instrument.explored.Explored; else None."""

    @property
    def passed(self) -> bool:
        """Whether no check was violated, and each could be judged."""
        return not self.violations and not self.inconclusive

    @property
    def monitor(self) -> Recorded:
        """What the monitor sampled; KtstrError if the run had no monitor."""
        if (found := recorded(self.guest)) is None:
            raise KtstrError("report.monitor: the run had no monitor; give the test monitor=Monitor(...)")
        return found

    @property
    def dump(self) -> Dump | None:
        """The scheduler's maps: as they were when it left by itself, or at the hold's end if the run asked for it."""
        return read_dump(self.result.events)

    @property
    def dumps(self) -> tuple[Dump, ...]:
        """What the scheduler's maps held at each `Snapshot`, in order."""
        return read_snapshots(self.result.events)

    @property
    def globals(self) -> Mapping[str, int]:
        """The scheduler's globals that `ReadGlobals` read, by path; of several readings the last."""
        return {one.path: one.value for one in self.guest.globals_read}

    @property
    def files(self) -> tuple[FileRead, ...]:
        """The guest's files that `ReadFile` read, in order."""
        return self.guest.files

    @property
    def program_runs(self) -> tuple[ProgramRun, ...]:
        """The scheduler's programs that `RunProgram` ran, in order."""
        return self.guest.program_runs

    @property
    def schedulers(self) -> tuple[SchedulerRun, ...]:
        """The schedulers, in the order in which they were started: several if the scenario detaches or replaces one."""
        return self.guest.schedulers

    @property
    def workers(self) -> tuple[WorkerStats, ...]:
        """The workers over all phases, in the order in which they were declared."""
        return self.guest.workers

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases, in order: one for each turn of a step. A scenario without steps has one."""
        return self.guest.phases

    @property
    def latency(self) -> Latency | None:
        """How long each task waited for a CPU and had one, over all phases; None if that was not counted."""
        return read_latency(self.result.events)

    @property
    def payloads(self) -> tuple[PayloadRun, ...]:
        """The payloads over all phases, in the order in which they were started."""
        return self.guest.payloads

    def payload(self, name: str) -> PayloadRun:
        """The payload of that name, the last one that was started; KtstrError if there is none."""
        for payload in reversed(self.payloads):
            if payload.name == name:
                return payload
        names = ", ".join(dict.fromkeys(payload.name for payload in self.payloads))
        raise KtstrError(
            f"report.payload({shown(name)}): there is no such payload; there are {names or 'none'}"
        )

    def metric(self, name: str, payload: str | None = None) -> float:
        """The last value of a metric (of `payload`; None: of any). KtstrError, with the reason, if there is none."""
        some = [one for one in self.metrics if payload in (None, one.payload)]
        for metric in reversed(some):
            if metric.name == name and metric.value is not None:
                return metric.value
        asked = f"report.metric({shown(name)})"
        if lacking := next((one for one in some if one.name == name), None):
            raise KtstrError(f"{asked}: {lacking.why}")
        names = ", ".join(dict.fromkeys(one.name for one in some))
        raise KtstrError(f"{asked}: there is no such metric; there are {names or 'none'}")

    def phase(self, name: str) -> Phase:
        """The phase of that name: a step's name, and for one that is done several times `name 2/3`."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        names = ", ".join(phase.name for phase in self.phases)
        raise KtstrError(f"report.phase({shown(name)}): there is no such phase; there are {names or 'none'}")
