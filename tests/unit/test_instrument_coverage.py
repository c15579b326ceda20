"""Coverage out of counts, and its text for people and for tools."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import BRANCH, Counts, Insn, Owner
from ktstr.instrument.coverage import (
    CoveredBranch,
    CoveredFunction,
    FileCoverage,
    coverage_from_json,
    coverage_of,
    coverage_to_json,
    merged,
    of_schedulers,
)
from ktstr.instrument.programs import STRUCT_OPS, Function, Place
from ktstr.report.cobertura import cobertura_xml
from ktstr.report.coverage import coverage_text, line_percent, never_reached, ranges
from ktstr.report.lcov import lcov_text

FILE, HEADER = "mine.bpf.c", "mine.h"


def function(number: int, name: str, *places: tuple[str, int], code: bytes = bytes(64)) -> Function:
    """A function with a place at each fourth byte."""
    start = 0x1000 * (number + 1)
    listed = tuple(Place(start + 4 * at, file, line, 5) for at, (file, line) in enumerate(places))
    return Function(Owner(number, True, 1, 0, 7, start, start + 64, name), name, 0, STRUCT_OPS, code, listed)


def counted(*executed: tuple[Function, int, int] | tuple[Function, int, int, int, int]) -> Counts:
    """Executed instructions: in which function, at which offset, how often, and how often a jump went where."""
    insns = []
    for one, offset, count, *ways in executed:
        jumped, passed = ways or (0, 0)
        address = one.owner.start + offset
        insns.append(Insn(address, count, jumped, passed, 0, one.owner.number, 2, BRANCH if ways else 0))
    return Counts((), {}, tuple(insns), (), ())


def test_a_line_has_the_count_of_its_most_executed_piece_and_functions_add_up() -> None:
    head = function(0, "a", (FILE, 10), (FILE, 11), (FILE, 12), (FILE, 11))
    inlined = function(1, "b", (FILE, 20), (FILE, 12))
    counts = counted(
        (head, 0, 1), (head, 4, 1), (head, 8, 7), (head, 12, 8), (inlined, 0, 2), (inlined, 4, 2)
    )
    (found,) = coverage_of(counts, [head, inlined])
    assert found.lines == {10: 1, 11: 8, 12: 9, 20: 2}
    assert found.functions == {"a": CoveredFunction(10, 1), "b": CoveredFunction(20, 2)}


def test_what_was_not_executed_is_there_with_zero() -> None:
    (found,) = coverage_of(counted(), [function(0, "a", (FILE, 10), (FILE, 11))])
    assert (found.lines, found.functions) == ({10: 0, 11: 0}, {"a": CoveredFunction(10, 0)})


def test_code_of_no_line_and_of_files_that_are_left_out_is_none() -> None:
    one = function(0, "a", (FILE, 10), (FILE, 0), (HEADER, 3))
    counts = counted((one, 0, 1), (one, 4, 1, 0, 1), (one, 8, 1, 0, 1))
    (found,) = coverage_of(counts, [one], lambda file: "" if file == HEADER else f"tests/{file}")
    assert (found.path, dict(found.lines), dict(found.branches)) == ("tests/mine.bpf.c", {10: 1}, {})


def test_branches_of_one_place_are_numbered() -> None:
    one = function(0, "a", (FILE, 10))
    (found,) = coverage_of(counted((one, 0, 5), (one, 2, 5, 2, 3), (one, 6, 3, 0, 3)), [one])
    assert found.branches == {CoveredBranch(10, 5, 0, "a"): (2, 3), CoveredBranch(10, 5, 1, "a"): (0, 3)}


def test_a_jump_that_was_never_executed_has_gone_neither_way() -> None:
    one = function(0, "a", (FILE, 10), code=b"\x90\x90\x74\x02" + bytes(60))
    (found,) = coverage_of(counted((one, 0, 5)), [one])
    assert found.branches == {CoveredBranch(10, 5, 0, "a"): (0, 0)}
    assert never_reached([found]) == []


@pytest.mark.parametrize("compared", [b"\x4d\x39\xd3", b"\x81\xff\x00\x00\x80\x00"])
def test_the_kernels_own_jumps_are_no_branches(compared: bytes) -> None:
    one = function(0, "a", (FILE, 10), code=compared + bytes(60))
    (found,) = coverage_of(counted((one, 0, 5), (one, len(compared), 5, 0, 5)), [one])
    assert found.branches == {}


def test_only_objects_with_a_scheduler_count() -> None:
    scheduler = function(0, "a", (FILE, 10))
    helper = replace(scheduler, name="b", part=1, type=STRUCT_OPS + 1)
    other = replace(scheduler, name="c", type=STRUCT_OPS - 1, owner=replace(scheduler.owner, object=8))
    without_lines = replace(scheduler, name="d", places=())
    assert of_schedulers([scheduler, helper, other, without_lines]) == [scheduler, helper]


COVERAGE = (
    FileCoverage(
        FILE,
        {"mine_enqueue": CoveredFunction(10, 4), "mine_exit": CoveredFunction(30, 0)},
        {10: 4, 11: 4, 12: 0, 14: 0, 20: 0, 21: 4, 30: 0},
        {
            CoveredBranch(11, 5, 0, "mine_enqueue"): (0, 4),
            CoveredBranch(11, 9, 0, "mine_enqueue"): (3, 1),
            CoveredBranch(12, 5, 0, "mine_enqueue"): (0, 0),
            CoveredBranch(21, 5, 0, "mine_enqueue"): (4, 0),
        },
    ),
)


def test_runs_are_added() -> None:
    other = (
        FileCoverage(
            FILE,
            {"mine_exit": CoveredFunction(30, 1)},
            {30: 1},
            {CoveredBranch(11, 5, 0, "mine_enqueue"): (1, 0)},
        ),
    )
    (found,) = merged([COVERAGE, other])
    assert found.functions["mine_exit"] == CoveredFunction(30, 1)
    assert (found.lines[30], found.lines[10]) == (1, 4)
    assert found.branches[CoveredBranch(11, 5, 0, "mine_enqueue")] == (1, 4)
    assert merged([]) == ()


def test_coverage_is_the_same_after_json() -> None:
    assert coverage_from_json(json.loads(json.dumps(coverage_to_json(COVERAGE)))) == COVERAGE


@pytest.mark.parametrize(
    "data", [None, 7, [7], [{}], [{"path": "", "functions": [], "lines": [[1]], "branches": []}]]
)
def test_other_data_is_no_coverage(data: object) -> None:
    with pytest.raises(KtstrError, match="coverage cannot be read"):
        coverage_from_json(data)


def test_what_was_never_reached_is_said_once_and_not_twice() -> None:
    assert never_reached(COVERAGE) == [
        "mine_exit: was never entered (mine.bpf.c:30)",
        "mine_enqueue: the branch at mine.bpf.c:11 was never taken",
        "mine_enqueue: the branch at mine.bpf.c:21 was always taken",
    ]


def test_ranges_are_parted_by_executed_lines_only() -> None:
    assert ranges(COVERAGE[0].lines) == ["12-20", "30"]
    assert ranges({}) == []


def test_the_table_has_functions_lines_branches_and_what_is_missing() -> None:
    assert coverage_text(COVERAGE)[-2:] == [
        " file        functions  lines  branches          not executed",
        " mine.bpf.c  1/2        3/7    4/8       42.9 %  12-20, 30",
    ]
    assert round(line_percent(COVERAGE), 1) == 42.9
    assert line_percent([]) == 100


def test_lcov_has_every_count() -> None:
    assert lcov_text(COVERAGE, "mine").splitlines() == [
        *("TN:mine", "SF:mine.bpf.c"),
        *(
            "FN:10,mine_enqueue",
            "FNDA:4,mine_enqueue",
            "FN:30,mine_exit",
            "FNDA:0,mine_exit",
            "FNF:2",
            "FNH:1",
        ),
        *("BRDA:11,0,0,4", "BRDA:11,0,1,0", "BRDA:11,1,0,1", "BRDA:11,1,1,3"),
        *("BRDA:12,0,0,-", "BRDA:12,0,1,-", "BRDA:21,0,0,0", "BRDA:21,0,1,4", "BRF:8", "BRH:4"),
        *("DA:10,4", "DA:11,4", "DA:12,0", "DA:14,0", "DA:20,0", "DA:21,4", "DA:30,0", "LF:7", "LH:3"),
        "end_of_record",
    ]


def test_cobertura_has_every_count() -> None:
    root = ElementTree.fromstring(cobertura_xml(COVERAGE, 12.5, "1.0"))
    assert (root.get("lines-covered"), root.get("lines-valid"), root.get("timestamp")) == ("3", "7", "12500")
    assert (root.get("branches-covered"), root.get("branches-valid")) == ("4", "8")
    lines = {line.get("number"): line for line in root.findall("./packages/package/classes/class/lines/line")}
    assert lines["11"].get("condition-coverage") == "75% (3/4)"
    assert (lines["30"].get("hits"), lines["30"].get("branch")) == ("0", "false")
    assert [method.get("name") for method in root.iter("method")] == ["mine_enqueue", "mine_exit"]
