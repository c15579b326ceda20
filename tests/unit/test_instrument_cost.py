"""Costs out of counts, and their text for people and for callgrind's readers."""

import json

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.cost import (
    CalledFunction,
    FunctionCost,
    costs_from_json,
    costs_of,
    costs_to_json,
    merged_costs,
)
from ktstr.instrument.counts import Calls, Counts, Edge, Insn, Owner
from ktstr.instrument.programs import STRUCT_OPS, Function, Place
from ktstr.report.callgrind import callgrind_text
from ktstr.report.cost import cost_records, cost_text

FILE, HEADER = "mine.bpf.c", "mine.h"


def function(number: int, name: str, part: int, *places: tuple[str, int]) -> Function:
    """A function with a place at each fourth byte."""
    start = 0x1000 * (number + 1)
    listed = tuple(Place(start + 4 * at, file, line, 5) for at, (file, line) in enumerate(places))
    owner = Owner(number, True, 1, 0, 7, start, start + 64, name)
    return Function(owner, name, part, STRUCT_OPS, bytes(64), listed)


ENQUEUE = function(0, "mine_enqueue", 0, (FILE, 20), (HEADER, 3), (FILE, 21))
WEIGH = function(1, "weigh", 1, (FILE, 10))


def insn(function: Function, offset: int, count: int) -> Insn:
    return Insn(function.owner.start + offset, count, 0, 0, 0, function.owner.number, 2, 0)


# Two calls of enqueue, of which one calls weigh three times. A program of another object is in the counts as well.
COUNTS = Counts(
    (),
    {},
    (
        *(insn(ENQUEUE, 0, 2), insn(ENQUEUE, 2, 2), insn(ENQUEUE, 4, 2), insn(ENQUEUE, 8, 3)),
        insn(WEIGH, 0, 3),
        Insn(0x9000, 99, 0, 0, 0, 5, 2, 0),
    ),
    (Calls(0, 3, 1), Calls(0, 9, 1), Calls(1, 1, 3), Calls(5, 7, 7)),
    (Edge(ENQUEUE.owner.start + 8, 0, 1, 3, 3), Edge(0x9000, 5, 6, 1, 1)),
)
COSTS = (
    FunctionCost(FILE, "weigh", 10, False, {1: 3}, {(FILE, 10): 3}, {}),
    FunctionCost(
        FILE,
        "mine_enqueue",
        20,
        True,
        {3: 1, 9: 1},
        {(FILE, 20): 4, (FILE, 21): 3, (HEADER, 3): 2},
        {CalledFunction(21, FILE, "weigh"): (3, 3)},
    ),
)


def test_a_call_has_its_instructions_and_a_line_has_its_own() -> None:
    assert costs_of(COUNTS, [ENQUEUE, WEIGH]) == COSTS


def test_the_median_is_that_of_the_calls() -> None:
    cost = FunctionCost(FILE, "a", 1, True, {5: 2, 9: 1, 70: 2}, {}, {})
    assert (cost.least, cost.median, cost.most, cost.count) == (5, 9, 70, 5)
    never = FunctionCost(FILE, "a", 1, True, {}, {}, {})
    assert (never.least, never.median, never.most, never.count) == (None, None, None, 0)


def test_runs_are_added() -> None:
    (weigh, enqueue) = merged_costs([COSTS, COSTS])
    assert (weigh.calls, weigh.lines) == ({1: 6}, {(FILE, 10): 6})
    assert enqueue.called == {CalledFunction(21, FILE, "weigh"): (6, 6)}
    assert merged_costs([]) == ()


def test_costs_are_the_same_after_json() -> None:
    assert costs_from_json(json.loads(json.dumps(costs_to_json(COSTS)))) == COSTS


@pytest.mark.parametrize("data", [None, 7, [7], [{}]])
def test_other_data_is_no_cost(data: object) -> None:
    with pytest.raises(KtstrError, match="costs cannot be read"):
        costs_from_json(data)


def test_the_table_begins_with_what_takes_most() -> None:
    assert cost_text(COSTS) == [
        " function      calls  min  median  max  mean  own, all calls",
        " mine_enqueue  2      3    3       9    6.0   9",
        " weigh         3      1    1       1    1.0   3",
    ]


def test_the_sidecar_has_functions_that_were_called() -> None:
    never = FunctionCost(FILE, "a", 1, True, {}, {}, {})
    names = [record["function"] for record in cost_records((*COSTS, never))]
    assert names == ["weigh", "mine_enqueue"]
    assert cost_records(COSTS)[1] == {
        "function": "mine_enqueue",
        "callback": True,
        "calls": 2,
        "min_insns": 3,
        "median_insns": 3,
        "max_insns": 9,
        "own_insns": 9,
    }


def test_callgrind_has_every_line_and_call() -> None:
    assert callgrind_text(COSTS, "2 tests").splitlines() == [
        *("# callgrind format", "version: 1", "creator: ktstr", "cmd: 2 tests", "positions: line"),
        *("event: Ir : instructions of BPF code", "events: Ir", "summary: 12"),
        *("", "fl=mine.bpf.c", "fn=weigh", "10 3"),
        *("", "fl=mine.bpf.c", "fn=mine_enqueue", "20 4", "21 3", "fi=mine.h", "3 2", "fe=mine.bpf.c"),
        *("cfi=mine.bpf.c", "cfn=weigh", "calls=3 10", "21 3"),
    ]
