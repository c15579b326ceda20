"""Steps in the plan: phases, what waits for its time, and what is drawn and can be left out."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from typing import Any

import pytest
from test_steps import SMALL, Confine, Often, Remove

from ktstr import At, CgroupDef, Detach, Hold, KtstrError, Operation, Scenario, State, Step
from ktstr.scenario.layout import lay_out, leave_out
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.perturb import Perturbation
from ktstr.scenario.plan import scenario_plan


def plan(scenario: Scenario, duration_s: float = 1.0, **options: Any) -> list[str]:
    return scenario_plan(replace(scenario, hold_s=duration_s), SMALL, **options).splitlines()


def test_a_plan_has_the_backdrop_and_then_each_phase() -> None:
    scenario = Scenario(
        (CgroupDef("a", 1),),
        steps=(
            Step("one", hold=0.25),
            Step("two", At(0.2, Confine("a", 2)), At(0.1, Confine("a", 1)), Confine("a", 3), hold=0.5),
        ),
        dump=True,
    )
    assert plan(scenario) == [
        "cgroup a -",
        "spawn a 1 spin_wait pause=1 policy=normal",
        "phase one",
        "hold 250000000",
        "phase two",
        "confine a 3",
        "at 100000000 confine a 1",
        "at 200000000 confine a 2",
        "hold 500000000",
        "dump",
    ]


def test_a_scenario_without_steps_has_no_phase_in_its_plan() -> None:
    assert plan(Scenario((CgroupDef("a", 1),))) == [
        "cgroup a -",
        "spawn a 1 spin_wait pause=1 policy=normal",
        "hold 1000000000",
    ]


def test_an_operation_may_be_several_in_the_plan_which_follow_from_the_seed() -> None:
    scenario = Scenario((CgroupDef("a", 1),), steps=(Step("s", Often(2), hold=0.5),))
    first, second = (lay_out(scenario, SMALL, 1.0, seed) for seed in (1, 2))
    assert plan(scenario, layout=first)[3:5] == ["at 0 confine a 1", "at 250000000 confine a 2"]
    assert plan(scenario, layout=second)[3:5] == ["at 0 confine a 2", "at 250000000 confine a 3"]


def test_perturbations_and_writes_are_in_the_phase_that_has_their_time() -> None:
    scenario = Scenario(steps=(Step("one", hold=0.25), Step("two", hold=0.25)), trace=True)
    text = plan(
        scenario,
        perturbations=[Perturbation(at_ns=ns, cpu=0, ns=5) for ns in (100_000_000, 300_000_000)],
        writes=[BpfMapWrite(".bss", "x", 1, at_s=at_s) for at_s in (0.0, 0.25, 0.4)],
        recorder=True,
    )
    assert text == [
        "phase one",
        "write 0 .bss x 1",
        "trace",
        "recorder",
        "perturber",
        "perturb 0 100000000 5",
        "hold 250000000",
        "phase two",
        "write 0 .bss x 1",
        "write 150000000 .bss x 1",
        "trace",
        "recorder",
        "perturber",
        "perturb 0 50000000 5",
        "hold 250000000",
    ]
    with pytest.raises(KtstrError, match=r"at_s=0\.5: the scenario is over by then, it lasts 0\.5 s$"):
        plan(scenario, writes=[BpfMapWrite(".bss", "x", 1, at_s=0.5)])


def test_a_scenario_prints_its_steps() -> None:
    scenario = Scenario(
        (Remove("x"),),
        steps=(
            Step("one", Remove("a"), At(0.5, Remove("b")), hold=1),
            Step("two", hold=Hold.fraction(0.5), repeat=2),
            Step("three", until_s=4),
        ),
    )
    assert str(scenario).splitlines() == [
        "remove cgroup=x",
        "step one",
        "  remove cgroup=a",
        "  at 0.5 s: remove cgroup=b",
        "  hold 1 s",
        "step two",
        "  hold 0.5 of the duration, 2 times",
        "step three",
        "  hold, again until 4 s",
    ]


def test_a_scenario_has_the_cgroups_and_sources_of_its_steps() -> None:
    scenario = Scenario((CgroupDef("a"),), steps=(Step("s", CgroupDef("b"), At(0.1, Remove("a"))),))
    assert [cgroup.name for cgroup in scenario.cgroups] == ["a", "b"]
    assert scenario.sources == ()
    assert lay_out(scenario, SMALL, 1).refusals["remove"] == {errno.ENOMEM: "cgroup_exit"}


def test_drawn_operations_can_be_left_out_and_the_others_stay_as_they_were() -> None:
    scenario = Scenario(
        (CgroupDef("a", 1),),
        steps=(Step("s", Confine("a", 7), Often(4), hold=1), Step("t", Often(1), hold=0.1)),
    )
    layout = lay_out(scenario, SMALL, 1.0, seed=1)
    assert [str(one) for one in layout.drawn] == [
        "step s: at 0 s: confine cgroup=a last=1",
        "step s: at 0.25 s: confine cgroup=a last=2",
        "step s: at 0.5 s: confine cgroup=a last=3",
        "step s: at 0.75 s: confine cgroup=a last=0",
        "step t: at 0 s: confine cgroup=a last=1",
    ]
    fewer = leave_out(layout, layout.drawn[1:2])
    assert [[one.at_s for one in phase.timed] for phase in fewer.phases] == [[0, 0.5, 0.75], [0]]
    assert [phase.operations for phase in fewer.phases] == [phase.operations for phase in layout.phases]
    assert [str(one) for one in fewer.drawn] == [str(layout.drawn[at]) for at in (0, 2, 3, 4)]
    assert leave_out(layout, ()).phases == layout.phases


def test_what_makes_no_sense_without_the_others_cannot_be_left_out() -> None:
    scenario = Scenario((CgroupDef("a", 1),), steps=(Step("s", Again()),))
    layout = lay_out(scenario, SMALL, 1.0)
    with pytest.raises(KtstrError, match="confine: cgroup='a': it was removed before"):
        leave_out(layout, [one for one in layout.drawn if one.operation.name == "cgroup"])


@dataclass(frozen=True)
class Again(Operation):
    """Removes a cgroup, makes it again and confines it."""

    name = "again"

    def expand(self, _state: State, _hold_s: float, _seed: int) -> tuple[Operation, ...]:
        """Three operations."""
        return (Remove("a"), AddCgroup("a"), Confine("a", 1))


EARLY = Scenario(
    (CgroupDef("a", 1),),
    steps=(Step("before", hold=0.25, repeat=2, attached=False), Step("with", hold=0.5)),
)


def test_the_scheduler_starts_with_the_first_step_that_has_it() -> None:
    writes = (BpfMapWrite(".bss", "now", 1), BpfMapWrite(".bss", "later", 1, at_s=0.6))
    assert plan(EARLY, scheduler=("/mine",), writes=writes) == [
        "cgroup a -",
        "spawn a 1 spin_wait pause=1 policy=normal",
        "phase before%201/2",
        "hold 250000000",
        "phase before%202/2",
        "hold 250000000",
        "phase with",
        "scheduler 30000000000 /mine",
        "write - .bss now 1",
        "write 100000000 .bss later 1",
        "hold 500000000",
    ]


def test_a_write_before_the_scheduler_is_attached_is_refused() -> None:
    with pytest.raises(
        KtstrError, match=r"^BpfMapWrite \.bss now: at_s=0\.1: .* not attached by then, but at 0\.5 s$"
    ):
        plan(EARLY, scheduler=("/mine",), writes=(BpfMapWrite(".bss", "now", 1, at_s=0.1),))


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (
            (Step("s", attached=False),),
            "step s: attached=False: must be followed by a step with the scheduler",
        ),
        (
            (Step("s"), Step("t", attached=False)),
            "step t: attached=False: must be one of the first steps; use Detach() in a later one",
        ),
    ],
)
def test_only_the_first_steps_can_be_without_the_scheduler(steps: tuple[Step, ...], why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        Scenario(steps=steps)
    assert str(refused.value) == why


def test_before_its_start_the_scheduler_cannot_be_detached() -> None:
    early = Step("before", Detach(), hold=0.1, attached=False)
    with pytest.raises(KtstrError, match=r"^step before: detach: "):
        lay_out(Scenario(steps=(early, Step("with", hold=0.1))), SMALL, 1, scheduler="-")
    late = Step("with", Detach(), hold=0.1)
    lay_out(Scenario(steps=(Step("before", hold=0.1, attached=False), late)), SMALL, 1, scheduler="-")
