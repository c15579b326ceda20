"""`--coverage`: what a session says of the coverage of all its tests, and what it leaves in the run directory."""

import json

import plugin_project
import pytest
from plugin_project import Run, results, sidecars

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

COVERAGE = {
    "path": "tests/mine.bpf.c",
    "functions": [
        {"name": "mine_enqueue", "line": 10, "count": 4},
        {"name": "mine_exit", "line": 30, "count": 0},
    ],
    "lines": [[10, 4], [11, 4], [30, 0]],
    "branches": [[11, 5, 0, "mine_enqueue", 0, 4]],
}
COSTS = [
    {
        "path": "tests/mine.bpf.c",
        "name": "mine_enqueue",
        "line": 10,
        "callback": True,
        "calls": [[20, 3], [30, 1]],
        "lines": [["tests/mine.bpf.c", 10, 50], ["tests/mine.bpf.c", 11, 40]],
        "called": [],
    }
]
INTERFACE = {
    "callbacks": {"enqueue": 4, "exit": 0},
    "flags": {"enqueue SCX_ENQ_HEAD": 0, "enqueue SCX_ENQ_WAKEUP": 3},
    "functions": {"dispatch_enqueue": 4, "scx_bypass": 1, "scx_hardlockup": 0},
}
# Two tests of which each leaves a file, as a run with instruments does.
COUNTED = f"""
import json
from pathlib import Path

def counted(ctx, lines):
    assert ctx.options["instruments"] == ("counts",)
    ctx.run()
    path = ctx.artifacts.with_name(ctx.artifacts.name + ".run-1.coverage.json")
    files = [dict({json.dumps(COVERAGE)}, lines=lines)]
    data = {{"files": files, "costs": {COSTS}, "interface": {json.dumps(INTERFACE)}}}
    path.write_text(json.dumps(data))
    ctx.runs[-1]["coverage"] = path.name

@ktstr_test(scheduler=MY)
def one(ctx):
    counted(ctx, [[10, 4], [11, 4], [30, 0]])

@ktstr_test(scheduler=MY)
def two(ctx):
    counted(ctx, [[10, 4], [11, 4], [31, 0]])
"""
TABLE = [
    "mine_exit: was never entered (tests/mine.bpf.c:30)",
    "mine_enqueue: the branch at tests/mine.bpf.c:11 was never taken",
    " file              functions  lines  branches          not executed",
    " tests/mine.bpf.c  1/2        2/4    1/2       50.0 %  30-31",
]

COST_TABLE = [
    " function      calls  min  median  max  mean  own, all calls",
    " mine_enqueue  8      20   20      30   22.5  180",
]
INTERFACE_LINES = [
    "1 of 2 flags were seen; never: enqueue SCX_ENQ_HEAD",
    "2 of 3 functions of kernel/sched/ext.c were called",
]


def test_the_coverage_of_all_tests_is_told_and_kept(run: Run, pytester: pytest.Pytester) -> None:
    result = run(COUNTED, "--kernel", "7.0", "--coverage")
    assert result.ret == 0
    at = result.outlines.index(TABLE[0])
    assert result.outlines[at : at + len(TABLE)] == TABLE
    files = results(pytester)
    assert {"coverage.info", "coverage.xml", "coverage.txt", "sources.coverage.json"} <= files
    folder = pytester.path / "target" / "ktstr" / "7.0.13-nogit"
    assert (folder / "coverage.txt").read_text().splitlines() == TABLE
    assert "summary: 180\n" in (folder / "callgrind.out").read_text()
    at = result.outlines.index(COST_TABLE[0])
    assert result.outlines[at : at + 2] == COST_TABLE
    at = result.outlines.index("1 of 2 callbacks were called; never: exit")
    assert result.outlines[at + 1 : at + 3] == INTERFACE_LINES
    assert " one[7.0]  4        0" in (folder / "interface.txt").read_text().splitlines()
    assert "DA:10,8\n" in (folder / "coverage.info").read_text()
    name = next(name for name in files if name.startswith("one") and name.endswith(".coverage.json"))
    document = json.loads((folder / name.replace(".run-1.coverage.json", ".json")).read_text())
    assert document["runs"][0]["coverage"] == name
    assert sidecars(pytester).keys() == {"one", "two"}


@pytest.mark.parametrize(("least", "status"), [("50", 0), ("50.1", 1)])
def test_with_too_little_the_session_fails(run: Run, least: str, status: int) -> None:
    result = run(COUNTED, "--kernel", "7.0", "--coverage-min", least)
    assert result.ret == status
    line = "ktstr: --coverage: 50.0 % of the lines were executed; must be 50.1 % (--coverage-min)"
    assert (line in result.outlines) == bool(status)


def test_without_it_nothing_is_counted(run: Run, pytester: pytest.Pytester) -> None:
    functions = "@ktstr_test(scheduler=MY)\ndef one(ctx):\n    ctx.run()\n    assert ctx.options['instruments'] == ()\n"
    result = run(functions, "--kernel", "7.0")
    assert result.ret == 0
    assert not any("coverage" in name for name in results(pytester))


def test_a_damaged_file_is_told(run: Run) -> None:
    result = run(COUNTED.replace('"files"', '"fils"'), "--kernel", "7.0", "--coverage")
    assert any(line.startswith("ktstr: --coverage: ") and "is damaged" in line for line in result.outlines)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--coverage-min", "x"), "ktstr: --coverage-min x: must be a number from 0 to 100"),
        (("--coverage-min", "101"), "ktstr: --coverage-min 101: must be a number from 0 to 100"),
        (("--coverage-min", "nan"), "ktstr: --coverage-min nan: must be a number from 0 to 100"),
        (("--coverage", "--clock", "real"), "ktstr: --coverage: the clock is real; must be virtual or auto"),
        (("--timeline", "--clock", "real"), "ktstr: --timeline: the clock is real; must be virtual or auto"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: tuple[str, ...], line: str) -> None:
    result = run(COUNTED, "--kernel", "7.0", *arguments)
    assert (result.ret, result.errlines) == (2, [line])


def test_guests_have_the_virtual_clock(run: Run, pytester: pytest.Pytester) -> None:
    assert run(COUNTED, "--kernel", "7.0", "--coverage").ret == 0
    assert {document["clock"] for document in sidecars(pytester).values()} == {"virtual"}
