"""A run as a test asks for it: which scenario, in which guest, under which scheduler, and what judges it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ktstr.base.topology import Topology
from ktstr.checks.thresholds import Checks
from ktstr.declare.test import KtstrTest
from ktstr.instrument.interleaving import Interleaving
from ktstr.kernel.model import Kernel
from ktstr.run.program import Program
from ktstr.scenario.layout import Drawn, Layout, lay_out, leave_out
from ktstr.scenario.look import Look
from ktstr.scenario.online import online_at_start
from ktstr.scenario.operations.monitor import Monitor
from ktstr.scenario.perturb import Perturbation
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.scheduler_name import OF_TEST
from ktstr.vm.job import Clock

__all__ = ["ScenarioRun"]


@dataclass(frozen=True)
class ScenarioRun:
    """One scenario of a test in one guest.

    The run is judged by `limits`. `recorder` keeps the last scheduling events before
    the scheduler's exit. `bounded_turn=False` leaves the virtual clock's CPU turn as it is. `perturbed` are the hold's
    perturbations; None: there is no perturber. `left_out` are drawn operations that the scenario then does not have.
    `others` are the programs of the schedulers that the scenario names, `payloads` those of its payloads, by name.
    `monitor` is what is sampled (None: nothing). `look` is the moment at which the run ends and shows more.
    `observer` has the programs that count every task's latency (None: nothing does).
    `instruments` look at the guest from outside (ktstr/instrument/). `interleaving` says where its CPUs stand still.
    """

    test: KtstrTest
    kernel: Kernel
    clock: Clock
    seed: int
    program: Program
    scenario: Scenario
    limits: Checks
    bounded_turn: bool = True
    recorder: bool = False
    perturbed: tuple[Perturbation, ...] | None = None
    left_out: frozenset[Drawn] = frozenset()
    others: Mapping[str, Program] = field(default_factory=dict, hash=False)
    monitor: Monitor | None = None
    look: Look | None = None
    observer: Path | None = None
    payloads: Mapping[str, Program] = field(default_factory=dict, hash=False)
    instruments: tuple[str, ...] = ()
    interleaving: Interleaving | None = None

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""
        return self.test.topology

    @property
    def hold_s(self) -> float:
        """The length of the hold in guest seconds, or of that which its steps hold fractions of."""
        return self.test.duration_s if self.scenario.hold_s is None else self.scenario.hold_s

    @property
    def total_s(self) -> float:
        """The length of all holds together, in guest seconds."""
        return self.scenario.total_s(self.hold_s)

    @cached_property
    def layout(self) -> Layout:
        """The scenario laid out in time; KtstrError for one that makes no sense."""
        layout = lay_out(
            self.scenario,
            self.topology,
            self.hold_s,
            self.seed,
            online=online_at_start(self.topology, self.test.scheduler.kargs),
            scheduler=OF_TEST if self.program.command else None,
        )
        if self.left_out:
            return leave_out(layout, self.left_out)
        return layout

    @property
    def has_sched_ext(self) -> bool:
        """Whether a sched_ext scheduler is tested: the test's own, or one that the scenario starts."""
        return self.test.scheduler.is_sched_ext or bool(self.others)
