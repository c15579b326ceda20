"""What two sides' schedulers differ in, by their code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.compare.code import compared_code
from ktstr.compare.code_text import code_json, code_lines
from ktstr.compare.runs import Part, Run
from ktstr.compare.sides import Side
from ktstr.instrument.code import FunctionCode, codes_to_json
from ktstr.instrument.cost import FunctionCost, costs_to_json

FILE = "tests/mine.bpf.c"
NAME = "test_mine-1a2b.run-1.coverage.json"


def code(name: str, text: str, first: int = 10, *, callback: bool = True) -> FunctionCode:
    """A function whose instructions are words, three on each line."""
    insns = tuple(text.split())
    return FunctionCode(name, callback, insns, tuple((FILE, first + at // 3) for at in range(len(insns))))


def side(folder: Path, *codes: FunctionCode, median: int = 40) -> Side:
    """A side with one test in which `codes` were loaded, and in which a call of enqueue took `median` instructions."""
    folder.mkdir()
    costs = [FunctionCost(FILE, "mine_enqueue", 10, True, {median: 3}, {}, {})]
    data = {"files": [], "costs": costs_to_json(costs), "code": codes_to_json(codes)}
    (folder / NAME).write_text(json.dumps(data))
    lists: dict[str, Any] = {name: [] for name in ("schedulers", "topologies", "seeds", "clocks")}
    about = {"tests": {"kernels": ["7.0.13"], "outcomes": {}, "seconds": 0.0, **lists}}
    return Side(folder.name, (Run((Part(folder, about),)),), (sidecar(NAME),))


def sidecar(*names: str) -> dict[str, Any]:
    return {
        "nodeid": "tests/test_mine.py::web[7.0.13]",
        "test": "web",
        "kernel": {"version": "7.0.13"},
        "topology": "1n1l2c1t",
        "clock": "virtual",
        "perturb": False,
        "seed": 1,
        "started": "2026-11-29T07:11:16",
        "scheduler": {"name": "mine"},
        "runs": [{"coverage": name} for name in names] or [{}],
    }


ENQUEUE = code("mine_enqueue", "55 4889e5 j4+3 90 c9 c3")
DISPATCH = code("mine_dispatch", "55 c9 c3", 20)


def lines(before: Side, after: Side) -> list[str]:
    found = compared_code(before, after)
    assert found is not None
    return code_lines(found)


def test_instructions_that_were_put_in_are_counted_at_their_lines(tmp_path: Path) -> None:
    # The jump goes over them, and so is not the change.
    changed = code("mine_enqueue", "55 4889e5 j4+5 90 01c8 01c8 c9 c3")
    assert lines(
        side(tmp_path / "a", ENQUEUE, DISPATCH), side(tmp_path / "b", changed, DISPATCH, median=42)
    ) == [
        f"code: mine_enqueue: +2 -0 instructions of 6, at {FILE}:11;"
        " a call takes 42 instructions, 40 before (medians) (in web)",
        "code: the same in 1 function",
    ]


def test_other_names_and_lines_are_no_change(tmp_path: Path) -> None:
    renamed = code("mine_put", " ".join(ENQUEUE.insns), 33)
    found = lines(side(tmp_path / "a", ENQUEUE, DISPATCH), side(tmp_path / "b", renamed, DISPATCH))
    assert found == ["code: the same in 2 functions (mine_enqueue is called mine_put)"]


def test_only_a_jump_that_goes_elsewhere_is_a_change(tmp_path: Path) -> None:
    other = code("mine_enqueue", "55 4889e5 j4+2 90 c9 c3")
    (first,) = lines(side(tmp_path / "a", ENQUEUE), side(tmp_path / "b", other))
    assert f"mine_enqueue: +1 -1 instructions of 6, at {FILE}:10;" in first


def test_functions_of_one_side_are_new_or_gone(tmp_path: Path) -> None:
    found = lines(side(tmp_path / "a", ENQUEUE), side(tmp_path / "b", DISPATCH))
    assert found == [
        "code: mine_dispatch: is new, 3 instructions (in web)",
        "code: mine_enqueue: is gone, 6 instructions (in web)",
    ]


def test_what_no_side_or_one_side_counted(tmp_path: Path) -> None:
    counted = side(tmp_path / "a", ENQUEUE)
    nothing = Side("b", counted.runs, (sidecar(),))
    assert compared_code(nothing, nothing) is None
    assert lines(counted, nothing) == [
        "code: not compared: the runs of after counted nothing; give them --coverage"
    ]


def test_as_json(tmp_path: Path) -> None:
    found = compared_code(side(tmp_path / "a", ENQUEUE), side(tmp_path / "b", ENQUEUE))
    assert found is not None
    assert code_json(found) == {"changed": [], "same": ["mine_enqueue"], "renamed": [], "not_counted": None}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    one, other = side(tmp_path / "a", ENQUEUE), side(tmp_path / "b", ENQUEUE)
    (tmp_path / "b" / NAME).write_text("{")
    with pytest.raises(KtstrError, match=f"b/{NAME}: the run's counts cannot be read"):
        compared_code(one, other)
