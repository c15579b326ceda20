"""What a run left behind to be judged: the same for a test's run and for a cell of the verifier sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.checks.expect import ExpectedError
from ktstr.events.latency import Latency, read_latency
from ktstr.events.metrics import MetricValue, read_metrics
from ktstr.events.phase import Phase, events_by_phase
from ktstr.events.report import GuestReport, WorkerStats, read_report
from ktstr.instrument.cost import FunctionCost
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.layout import Layout
from ktstr.scenario.model import Member, State
from ktstr.scenario.operations.run_payload import RunPayload
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.payload import Payload
from ktstr.vm.result import Ending, VmResult

__all__ = ["Evidence", "evidence_of"]


@dataclass(frozen=True)
class Evidence:
    """What the guest reported, and what it was asked to do.

    `ended` says how the guest ended, None if it carried out its plan to the end. `sched_ext` is False if the kernel's
    own scheduler was tested. `expected` is the error that a crash test expects, and `writes` are to bring it about.
    `events` are all that the guest sent, in order, as dicts: `ev` is the kind, `t` the time in guest nanoseconds.
    """

    report: GuestReport
    """What the guest reported."""
    topology: Topology
    """The guest's CPUs."""
    cgroups: tuple[CgroupDef, ...] = ()
    """The cgroups of the scenario."""
    sched_ext: bool = True
    ended: str | None = None
    expected: ExpectedError | None = None
    writes: tuple[BpfMapWrite, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    console: str = ""
    """The text of the guest's console."""
    layout: Layout | None = None
    """The scenario as it was to happen; None: it is not known, and had no steps."""
    phase: Phase | None = None
    """The phase that is judged; None: the whole run."""
    payloads: Mapping[str, Payload] = field(default_factory=dict)
    """The payloads that the scenario starts, by name."""
    metrics: tuple[MetricValue, ...] = ()
    """The numbers that payloads printed which ended in the time that is judged."""
    costs: tuple[FunctionCost, ...] = ()
    """What the BPF functions of the schedulers cost in the whole run; none if that was not counted."""
    host_delay_ms: float = 0.0
    """For how long the guest's CPUs were kept from running, all together: by the host, with the real clock, or because
    they stood still."""

    def of(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """The events of one kind, in order."""
        return tuple(event for event in self.events if event.get("ev") == kind)

    @cached_property
    def latency(self) -> Latency | None:
        """The latency of every task in what is judged; None if it was not counted."""
        return read_latency(self.events)

    @property
    def workers(self) -> tuple[WorkerStats, ...]:
        """The workers that lived to the end: what another one did not do after its end says nothing."""
        return tuple(worker for worker in self.report.workers if worker.died is None)

    def cgroup(self, worker: WorkerStats) -> CgroupDef:
        """The cgroup that `worker` was started in, as the scenario declares it; KtstrError if it declares none."""
        for cgroup in self.cgroups:
            if cgroup.name == worker.cgroup:
                return cgroup
        raise KtstrError(
            f"worker {worker.cgroup}/{worker.index}: the scenario has no CgroupDef of its cgroup"
        )

    def by_phase(self) -> tuple[Evidence, ...]:
        """What each phase left, each by itself: its workers and its events. A run of one phase is that phase."""
        phases = self.report.phases
        if len(phases) < 2:
            return (replace(self, phase=phases[0]),) if phases else (self,)
        several = [some for _, some in events_by_phase(self.events)]
        return tuple(
            replace(
                self,
                report=replace(
                    self.report,
                    workers=phase.workers,
                    phases=(phase,),
                    monitor=self.report.monitor and self.report.monitor.of_phase(phase.name),
                    held_ns=phase.held_ns,
                    asked_ns=phase.asked_ns,
                ),
                events=several[number] if number < len(several) else (),
                layout=replace(self.layout, phases=self.layout.phases[number : number + 1])
                if self.layout
                else None,
                phase=phase,
                metrics=tuple(one for one in self.metrics if one.phase == phase.name),
            )
            for number, phase in enumerate(phases)
            if phase.held_ns  # the hold of another one never ended
        )

    def phase_at(self, at_ns: int | None) -> Phase | None:
        """The phase that is judged; else the one of that guest time (None: the last), or None if there is none."""
        if self.phase is not None or not self.report.phases:
            return self.phase
        until = [phase for phase in self.report.phases if at_ns is None or phase.began_ns <= at_ns]
        return until[-1] if until else self.report.phases[0]

    @property
    def scheduler_at_end(self) -> bool:
        """Whether a scheduler was attached at the end of what is judged; False after the scenario detached it."""
        ends = [at for at, event in enumerate(self.events) if event.get("ev") == "hold"]
        return not ends or any(event.get("when") == "held" for event in self.events[ends[-1] :])

    @property
    def held_states(self) -> tuple[State, ...]:
        """The states of the guest in the holds that are judged, in order; none if they are not known."""
        phases = self.layout.phases if self.layout else ()
        return tuple(state for phase in phases for state in phase.held_states)

    @property
    def without_scheduler(self) -> bool:
        """Whether a sched_ext scheduler is tested, but none was attached in the hold of the phase that is judged."""
        if not self.sched_ext or self.phase is None or self.layout is None or not self.layout.scheduler:
            return False
        return all(state.scheduler is None for state in self.held_states)

    @property
    def starts_scheduler(self) -> bool:
        """Whether a step starts a scheduler in what is judged: its program then takes CPU time from the workers."""
        begins = [at for at, event in enumerate(self.events) if event.get("ev") == "phase"]
        return bool(begins) and any(event.get("ev") == "sched_start" for event in self.events[begins[0] :])

    @property
    def has_steps(self) -> bool:
        """Whether the scenario has steps."""
        return any(phase.name for phase in self.report.phases)

    def member(self, worker: WorkerStats) -> Member | None:
        """What `worker` was at the end of what is judged, as the scenario says; None if that is not known."""
        several = self.members(worker)
        return several[-1] if several else None

    def members(self, worker: WorkerStats) -> tuple[Member, ...]:
        """All that `worker` was in the time that is judged: several if it was moved or changed meanwhile."""
        phases = self.layout.phases if self.layout else ()
        return tuple(dict.fromkeys(one for phase in phases for one in phase.members.get(worker.index, ())))

    def allowed(self, worker: WorkerStats) -> frozenset[int]:
        """All CPUs that `worker` was allowed at some time that is judged."""
        phases = self.layout.phases if self.layout else ()
        known = [phase.allowed[worker.index] for phase in phases if worker.index in phase.allowed]
        return frozenset().union(*known) if known else self.cgroup(worker).cpus(self.topology)

    def policy(self, worker: WorkerStats) -> str:
        """The scheduling policy of `worker` at the end of what is judged."""
        member = self.member(worker)
        return self.cgroup(worker).policy if member is None else member.policy


def evidence_of(
    result: VmResult,
    topology: Topology,
    cgroups: Sequence[CgroupDef] = (),
    *,
    sched_ext: bool = True,
    expected: ExpectedError | None = None,
    writes: Sequence[BpfMapWrite] = (),
    layout: Layout | None = None,
    costs: Sequence[FunctionCost] = (),
    stood_ns: int = 0,
) -> Evidence:
    """The evidence that a VM run left. `stood_ns` is for how long its CPUs stood still, all together."""
    report = read_report(result.events, result.console)
    operations = layout.operations if layout else ()
    payloads = {one.payload.name: one.payload for one in operations if isinstance(one, RunPayload)}
    return Evidence(
        report=report,
        topology=topology,
        cgroups=tuple(cgroups),
        sched_ext=sched_ext,
        ended=None if result.ending is Ending.DONE else f"{result.ending.value}: {result.why}",
        expected=expected,
        writes=tuple(writes),
        events=tuple(result.events),
        console=result.console,
        layout=layout,
        payloads=payloads,
        metrics=read_metrics(report.phases, payloads),
        costs=tuple(costs),
        host_delay_ms=(result.host_delay_ns + stood_ns) / 1e6,
    )
