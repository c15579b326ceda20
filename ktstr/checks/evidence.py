"""What a run left behind to be judged: the same for a test's run and for a cell of the verifier sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktstr.base.topology import Topology
from ktstr.checks.expect import ExpectedError
from ktstr.events.report import GuestReport, WorkerStats, read_report
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operations.write import BpfMapWrite
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

    def of(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """The events of one kind, in order."""
        return tuple(event for event in self.events if event.get("ev") == kind)

    @property
    def workers(self) -> tuple[WorkerStats, ...]:
        """The workers that lived to the end: what another one did not do after its end says nothing."""
        return tuple(worker for worker in self.report.workers if worker.died is None)

    def cgroup(self, worker: WorkerStats) -> CgroupDef:
        """The cgroup that `worker` belongs to."""
        return next(cgroup for cgroup in self.cgroups if cgroup.name == worker.cgroup)


def evidence_of(
    result: VmResult,
    topology: Topology,
    cgroups: Sequence[CgroupDef] = (),
    *,
    sched_ext: bool = True,
    expected: ExpectedError | None = None,
    writes: Sequence[BpfMapWrite] = (),
) -> Evidence:
    """The evidence that a VM run left."""
    return Evidence(
        report=read_report(result.events, result.console),
        topology=topology,
        cgroups=tuple(cgroups),
        sched_ext=sched_ext,
        ended=None if result.ending is Ending.DONE else f"{result.ending.value}: {result.why}",
        expected=expected,
        writes=tuple(writes),
        events=tuple(result.events),
        console=result.console,
    )
