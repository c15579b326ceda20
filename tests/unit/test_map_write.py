"""Writes to a scheduler's globals: what is accepted, and the plan's line for it."""

from typing import Any

import pytest

from ktstr import BpfMapWrite, KtstrError, Topology
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario


def plan(*writes: BpfMapWrite, hold_s: float = 2) -> list[str]:
    return scenario_plan(
        Scenario(hold_s=hold_s), Topology(), scheduler=("/mine",), writes=writes
    ).splitlines()


def test_a_write_follows_the_schedulers_start() -> None:
    assert plan(BpfMapWrite(".bss", "crash", 1), BpfMapWrite(".data", "cfg.limits[2]", -5, at_s=0.5)) == [
        "scheduler 30000000000 /mine",
        "write - .bss crash 1",
        "write 500000000 .data cfg.limits[2] -5",
        "hold 2000000000",
    ]


def test_a_bool_is_a_number() -> None:
    assert plan(BpfMapWrite(".bss", "on", True, at_s=0))[1] == "write 0 .bss on 1"


def test_constants_are_not_written_while_it_runs() -> None:
    assert plan(BpfMapWrite(".rodata", "limit", 1)) == ["scheduler 30000000000 /mine", "hold 2000000000"]


def test_a_write_after_the_scenario_is_refused() -> None:
    with pytest.raises(
        KtstrError, match=r"^BpfMapWrite \.bss crash: at_s=2: the scenario is over by then, it lasts 2 s$"
    ):
        plan(BpfMapWrite(".bss", "crash", 1, at_s=2))


@pytest.mark.parametrize(
    "variable", ["crash", "cfg.limits[2]", "a[0][1].b", "[3].max", "[0]", "run.count", "_x9"]
)
def test_a_path_in_c_is_a_variable(variable: str) -> None:
    assert BpfMapWrite("map", variable, 1).tokens(Topology())[3] == variable


@pytest.mark.parametrize(
    "variable", ["", "a b", "a.", ".a", "a[", "a[x]", "a[-1]", "a->b", "9a", "a[1]b", "é", 5, None]
)
def test_anything_else_is_not_a_path(variable: Any) -> None:
    with pytest.raises(
        KtstrError, match=r"^BpfMapWrite: variable=.*: must be a path in C, such as 'crash' or "
    ):
        BpfMapWrite(".bss", variable, 1)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"map": ""}, "map='': must be a map's name, such as '.bss'"),
        ({"map": 5}, "map=5: must be a string"),
        ({"value": "1"}, "value='1': must be a whole number of 64 bits, or a bool"),
        ({"value": 1.0}, "value=1.0: must be a whole number of 64 bits, or a bool"),
        ({"value": 2**64}, "value=18446744073709551616: must be a whole number of 64 bits, or a bool"),
        ({"at_s": -1}, "at_s=-1: must be guest seconds, more than 0 and at most 3600"),
        (
            {"map": ".rodata", "at_s": 1},
            ".rodata: is set before the scheduler is loaded: must be a whole variable, without at_s",
        ),
        (
            {"map": ".rodata.mine", "variable": "a.b"},
            ".rodata.mine: is set before the scheduler is loaded: must be a whole variable, without at_s",
        ),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        BpfMapWrite(**{"map": ".bss", "variable": "crash", "value": 1, **fields})
    assert str(refused.value) == f"BpfMapWrite: {why}"


def test_a_watchdog_is_set_before_the_scheduler_starts() -> None:
    text = scenario_plan(Scenario(hold_s=2), Topology(), scheduler=("/mine",), watchdog_ms=250)
    assert text.splitlines()[:2] == ["watchdog 250", "scheduler 30000000000 /mine"]


def test_a_privileged_program_is_said_to_be_one_before_it_starts() -> None:
    text = scenario_plan(Scenario(hold_s=2), Topology(), scheduler=("/mine",), privileged=True)
    assert text.splitlines()[:2] == ["privileged", "scheduler 30000000000 /mine"]
