"""The check `max_insns_per_call`: a limit for each function."""

from typing import Any

import pytest
from report_data import report

from ktstr import CgroupDef
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.thresholds import Checks
from ktstr.instrument.cost import FunctionCost

COSTS = (
    FunctionCost("mine.bpf.c", "mine_enqueue", 10, True, {20: 3, 30: 1, 35: 1}, {}, {}),
    FunctionCost("mine.bpf.c", "mine_exit", 30, True, {}, {}, {}),
)


def violations(limits: Any, costs: tuple[FunctionCost, ...] = COSTS) -> list[tuple[str, str]]:
    evidence = Evidence(report(), Topology(1, 1, 4, 1), (CgroupDef("cg"),), costs=costs)
    checks = Checks(max_insns_per_call=limits)
    return [(one.check, one.message) for one in judge(evidence, checks)]


def test_the_dearest_call_is_judged() -> None:
    assert violations({"mine_enqueue": 35, "mine_exit": 1}) == []
    assert violations({"mine_enqueue": 29}) == [
        ("max_insns_per_call", "mine_enqueue: 2 of 5 calls took up to 35 instructions; limit 29")
    ]


def test_a_function_that_is_not_there_is_a_violation() -> None:
    assert violations({"mine_enque": 29}) == [
        (
            "max_insns_per_call",
            "mine_enque: the scheduler has no such BPF function; there are mine_enqueue, mine_exit",
        )
    ]


def test_it_is_off_and_says_nothing_of_what_was_not_counted() -> None:
    assert violations(False) == violations({"mine_enqueue": 1}, ()) == []


def test_limits_merge_and_can_be_hashed() -> None:
    checks = Checks(max_insns_per_call={"b": 2, "a": 1})
    assert checks.over(Checks(max_insns_per_call={"c": 3})) == checks
    assert hash(checks) == hash(Checks(max_insns_per_call={"a": 1, "b": 2}))


@pytest.mark.parametrize(
    "value", [True, 900, {}, {"a": 0}, {"a": True}, {"a": 1.5}, {1: 1}, ("ab", "c"), "a"]
)
def test_anything_but_whole_numbers_by_name_is_refused(value: Any) -> None:
    with pytest.raises(KtstrError, match=r"^checks: max_insns_per_call.* must be instructions"):
        Checks(max_insns_per_call=value)
