"""Scenarios as lists of parts: equality, how they print, their order, and what is refused."""

import re
from typing import Any

import pytest
from own_operations import SMALL, Ping, calling, message_id
from test_operation import EVERY

from ktstr import Bursty, CgroupDef, Cpuset, KtstrError, SpinWait
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.scheduler import StartScheduler
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario, scenario_of


def test_equal_scenarios_are_equal_and_have_one_hash() -> None:
    one = Scenario((CgroupDef("cg"), Ping(2)), hold_s=1)
    same = scenario_of(CgroupDef("cg"), Ping(2), hold_s=1)
    assert one == same
    assert len({one, same, scenario_of(Ping(2), CgroupDef("cg"), hold_s=1)}) == 2


def test_a_scenario_prints_one_line_for_each_part() -> None:
    scenario = Scenario(
        (
            CgroupDef("compute", cpuset=Cpuset.llc(0)),
            CgroupDef("burst", 2, work=Bursty(), policy="fifo"),
            Ping(2),
        ),
        hold_s=0.5,
        trace=True,
        dump=True,
    )
    assert str(scenario).splitlines() == [
        "cgroup compute, cpuset llc(0): a worker for each CPU: spin_wait pause=1, policy normal",
        "cgroup burst, all CPUs: 2 workers: bursty burst_ns=50000000 sleep_ns=100000000, policy fifo",
        "ping count=2 loud=0 colour=red words=",
        "trace",
        "hold 0.5 s",
        "dump",
    ]
    assert str(Scenario()) == "hold"


def test_parts_are_carried_out_in_their_order_and_before_the_hold() -> None:
    text = scenario_plan(Scenario((Ping(1), CgroupDef("cg", 1), Ping(2)), hold_s=1), SMALL)
    assert [line.split()[0] for line in text.splitlines()] == ["ping", "cgroup", "spawn", "ping", "hold"]


def test_a_whole_scenario_is_kept_except_for_arguments_given_again() -> None:
    whole = Scenario((CgroupDef("cg"),), hold_s=1, trace=True)
    assert scenario_of(whole) == whole
    assert scenario_of(whole, hold_s=2, dump=True) == Scenario(
        (CgroupDef("cg"),), hold_s=2, trace=True, dump=True
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (calling(scenario_of, "cg"), "scenario: 'cg': must be CgroupDef(...) or an operation"),
        (calling(scenario_of, SpinWait()), "scenario: SpinWait(pause=True): must be CgroupDef(...) or an"),
        (calling(scenario_of, HoldFor(1)), "scenario: hold: ktstr puts it into the plan; use hold_s=..."),
        (
            calling(scenario_of, StartScheduler(1, ("/mine",))),
            "scenario: scheduler: ktstr puts it into the plan; use @ktstr_test(scheduler=...)",
        ),
        (calling(scenario_of, hold_s=0), "scenario: hold_s=0: must be guest seconds"),
        (calling(Scenario, dump=1), "scenario: dump=1: must be True or False"),
        (
            calling(scenario_of, Scenario(), CgroupDef("cg")),
            "scenario: Scenario(...) must be the only argument; its parts are in it",
        ),
        (
            calling(scenario_of, CgroupDef("cg"), CgroupDef("cg")),
            "cgroup cg: declared twice in one scenario",
        ),
    ],
    ids=message_id,
)
def test_an_invalid_scenario_is_refused(make: Any, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}"):
        make()


def test_operations_that_every_plan_has_are_placed_by_ktstr() -> None:
    """A test may put an operation into a scenario if the operation has no `instead`."""
    placed = {operation.name for operation, _ in EVERY if operation.instead}
    frame = {"hold", "perturb", "perturber", "phase", "progress", "recorder", "trace", "monitor", "observer"}
    programs = {"run", "scheduler", "shell", "unregister", "watchdog", "workload_root", "program"}
    programs |= {"privileged", "unlocked", "patience"}
    assert placed == frame | programs | {"dump", "look"}
