"""Jobs, each of which orders a guest's events in another way: by work, topology, scheduler, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ktstr
from ktstr import (
    EEVDF,
    At,
    CgroupDef,
    CpuOffline,
    CpuOnline,
    Cpuset,
    Ctx,
    Monitor,
    RunPayload,
    RunReport,
    Scheduler,
    Step,
    Topology,
    WaitPayload,
    WorkType,
    declare_scheduler,
    ktstr_test,
    payloads,
    scenarios,
)
from ktstr.declare.test import record_of
from ktstr.kernel.model import Kernel
from ktstr.scenario import work as work_types
from ktstr.vm.job import RunOptions

__all__ = ["Job", "held", "jobs"]

_SOURCES = Path(__file__).parents[1] / "schedulers"
_TOPOLOGIES = [Topology.parse(text) for text in ("1n1l4c1t", "1n2l2c2t", "1n1l3c1t", "2n2l2c1t")]


@dataclass(frozen=True)
class Job:
    """A scenario in a guest. `body` runs it unjudged."""

    name: str
    scheduler: Scheduler
    topology: Topology
    body: Callable[[Ctx], RunReport]
    perturb: bool = False
    seed: int = 1
    monitor: Monitor | None = None

    def run(self, kernel: Kernel, artifacts: Path, instruments: Sequence[str] = ()) -> RunReport:
        """Run it in a guest under the virtual clock, whatever is remembered; KtstrError if the host fails.

        `instruments` look at the guest from outside.
        """

        @ktstr_test(scheduler=self.scheduler, monitor=self.monitor)
        def repeated(ctx: Ctx) -> None: ...

        record = record_of(repeated)
        assert record is not None
        test = replace(record, topology=self.topology)
        options = RunOptions(fresh=True)
        return self.body(
            Ctx(
                *(test, kernel, "virtual", self.seed, artifacts),
                options=options,
                perturb=self.perturb,
                instruments=instruments,
            )
        )


def jobs() -> list[Job]:
    """All of them, the same in the same order every time."""
    fixture = _declared("fixture")
    return [*_of_work(fixture), *_others(fixture)]


def _declared(name: str) -> Scheduler:
    return declare_scheduler(name=f"repeat_{name}", bpf=_SOURCES / f"{name}.bpf.c")


def _of_work(fixture: Scheduler) -> list[Job]:
    """One for each work type, processes and threads, under a sched_ext scheduler and the kernel's own."""
    made = []
    for number, name in enumerate(work_types.__all__):
        work: WorkType = getattr(work_types, name)()
        topology = _TOPOLOGIES[number % len(_TOPOLOGIES)]
        group = CgroupDef("w", work.together * -(-6 // work.together), work=work, threads=number % 3 == 2)
        scheduler = EEVDF if number % 4 == 3 else fixture
        made.append(Job(name, scheduler, topology, held(group)))
    return made


def held(*parts: CgroupDef | ktstr.Operation, hold_s: float = 0.5) -> Callable[[Ctx], RunReport]:
    """A body that holds these parts for so many guest seconds."""
    return lambda ctx: ctx.run(*parts, hold_s=hold_s, check=False)


def _others(fixture: Scheduler) -> list[Job]:
    four, eight = Topology.parse("1n1l4c1t"), Topology.parse("1n2l4c1t")
    simple = declare_scheduler(name="scx_simple", binary="scx_simple")
    flatcg = declare_scheduler(name="scx_flatcg", binary="scx_flatcg")
    racy = declare_scheduler(name="repeat_racy", bpf=_SOURCES / "racy.bpf.c", sysctls={"kernel.watchdog": 0})
    crowd = CgroupDef("w", 10, cpuset=Cpuset.exact(range(7)))
    hotplug = Step("hotplug", At(0.1, CpuOffline(2)), At(0.3, CpuOnline(2)), hold=0.5)
    hackbench = payloads.hackbench(groups=1, loops=20)
    with_payload = (CgroupDef("beside", 2), RunPayload(hackbench), WaitPayload(hackbench))
    return [
        Job("2 CPUs", fixture, Topology.parse("1n1l2c1t"), held(CgroupDef("w", 5))),
        Job("32 CPUs", fixture, Topology.parse("1n4l4c2t"), held(CgroupDef("w", 40), hold_s=0.3)),
        Job("16 CPUs, scx_simple", simple, Topology.parse("2n4l4c1t"), held(CgroupDef("w", 20), hold_s=0.3)),
        Job("scx_flatcg", flatcg, eight, held(CgroupDef("a", 6, weight=50), CgroupDef("b", 6))),
        Job("sched_mixed", fixture, eight, lambda ctx: scenarios.sched_mixed(ctx, hold_s=0.5)),
        Job("perturbed", fixture, four, held(CgroupDef("w", 6)), perturb=True, seed=7),
        Job("perturbed, scx_simple", simple, four, held(CgroupDef("w", 6)), perturb=True, seed=8),
        Job("a race", racy, Topology.parse("1n1l8c1t"), held(crowd, hold_s=1), perturb=True, seed=21),
        Job("ends with an error", _declared("exits"), four, held(CgroupDef("w", 6), hold_s=2)),
        Job("starves a worker", _declared("starve"), four, held(CgroupDef("w", 6), hold_s=1)),
        Job("monitored", fixture, four, held(CgroupDef("w", 6)), monitor=Monitor(period_ms=10)),
        Job(
            "hotplug",
            _declared("hotplug"),
            four,
            lambda ctx: ctx.run(CgroupDef("w", 6), steps=(hotplug,), check=False),
        ),
        Job("hackbench", fixture, four, held(*with_payload, hold_s=20)),
    ]
