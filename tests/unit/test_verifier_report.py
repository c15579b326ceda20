"""A sweep's report, from results made by hand: the tables, what failed, what changed, and each format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from verifier_data import a_cell, a_result

from ktstr.base.errors import KtstrError
from ktstr.events.rejection import Rejection
from ktstr.report.case import Versions
from ktstr.report.sidecar import sidecar, write_json
from ktstr.report.tables import width_of, wrapped
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.compare import baseline_cells, changes, changes_table, costs_of, recorded_costs
from ktstr.verifier.matrix import Skip
from ktstr.verifier.record import case_of
from ktstr.verifier.report import Sweep, as_json, as_markdown, as_text, live_line, rejection_lines
from ktstr.verifier.tables import grid, insns_table, span, summary_line

REFUSED = "attach: its program ended (status 1) before it was attached: too many CPUs"
RESULTS = (
    a_result(a_cell("mine", "7.0", "tiny-1llc"), enqueue=48, init=120),
    a_result(a_cell("mine", "7.0", "smt-2llc"), enqueue=48, init=160),
    a_result(a_cell("mine", "7.3", "tiny-1llc"), enqueue=50, init=121),
    a_result(a_cell("mine", "7.3", "smt-2llc"), REFUSED),
    a_result(a_cell("other", "7.0", "tiny-1llc"), dispatch=3),
    a_result(a_cell("other", "7.3", "tiny-1llc"), "load: dispatch: R0 invalid"),
    a_result(a_cell("bad", "7.3", "tiny-1llc"), "load: x: R0 invalid"),
)
SWEEP = Sweep(RESULTS, (Skip("eevdf", "has no BPF of its own: it is the kernel's"),), 60.0)


def test_a_cell_is_a_line() -> None:
    assert live_line(RESULTS[0], 3, 72) == "PASS [   2.0s] ( 3/72) verifier/mine/kernel_7_0/tiny-1llc"
    assert (
        live_line(RESULTS[3], 4, 72) == f"FAIL [   2.0s] ( 4/72) verifier/mine/kernel_7_3/smt-2llc: {REFUSED}"
    )


def test_the_table_has_a_range_where_topologies_differ_and_a_dash_for_none() -> None:
    assert insns_table(RESULTS, "mine") == [
        ("kernel", "enqueue", "init"),
        ("kernel_7_0", "48", "120..160"),
        ("kernel_7_3", "50", "121"),
    ]
    assert insns_table(RESULTS, "other") == [("kernel", "dispatch"), ("kernel_7_0", "3"), ("kernel_7_3", "-")]
    assert span([]) == "-"


def test_the_grid_marks_what_passed_on_every_kernel_on_none_and_on_some() -> None:
    assert grid(RESULTS) == [
        ("topology", "bad", "mine", "other"),
        ("smt-2llc", "-", "🇽", "-"),
        ("tiny-1llc", "❌", "✅", "🇽"),
    ]
    assert summary_line(RESULTS) == "1 ✅  1 ❌  2 🇽"


def test_a_table_wider_than_the_terminal_is_shown_in_parts() -> None:
    rows = [("kernel", "a" * 10, "b" * 10, "c" * 10), ("kernel_7_0", "1", "2", "3")]
    blocks = wrapped(rows, 38)
    assert [line.split() for block in blocks for line in block] == [
        ["kernel", "a" * 10, "b" * 10],
        ["kernel_7_0", "1", "2"],
        ["kernel", "c" * 10],
        ["kernel_7_0", "3"],
    ]
    assert all(width_of(line) <= 38 for block in blocks for line in block)
    assert len(wrapped(rows, 200)) == 1
    assert len(wrapped(rows, 5)) == 3  # a column is never cut


def test_the_text_ends_with_the_grid_the_failing_combinations_and_the_counts() -> None:
    text = as_text(SWEEP, 200)
    start = text.index("verifier summary: 1 ✅  1 ❌  2 🇽")
    assert text[start + 1 :] == [
        " topology   bad  mine  other",
        " smt-2llc   -    🇽     -",
        " tiny-1llc  ❌   ✅    🇽",
        "",
        "failing:",
        f" verifier/mine/kernel_7_3/smt-2llc: {REFUSED}",
        " verifier/other/kernel_7_3/tiny-1llc: load: dispatch: R0 invalid",
        " verifier/bad/kernel_7_3/tiny-1llc: load: x: R0 invalid",
        "",
        "skipped 1: eevdf: has no BPF of its own: it is the kernel's",
        "7 cells: 4 passed, 3 failed, 1 skipped in 60.0s (7.0 cells a minute)",
    ]
    assert " no program was loaded" in text


def test_equal_failures_are_shown_once() -> None:
    cells = [a_cell("mine", "7.0", preset) for preset in ("tiny-1llc", "odd-3llc", "smt-2llc")]
    text = as_text(Sweep(tuple(a_result(cell, REFUSED) for cell in cells), (), 1.0), 200)
    assert text[1:4] == [
        "FAIL verifier/mine/kernel_7_0/tiny-1llc",
        "  alike    odd-3llc, smt-2llc",
        "  attach   its program ended (status 1) before it was attached: too many CPUs",
    ]


def test_a_rejection_shows_where_and_the_last_states_and_all_of_it_only_raw() -> None:
    rounds = [f"{n}: (07) r{n} += 1   ; R{n}={turn}" for turn in range(30) for n in range(5)]
    log = (*(f"early {n}" for n in range(50)), *rounds, "R0 invalid mem access 'scalar'")
    refused = Rejection("mine_init", "R0 invalid mem access 'scalar'", "; x->y @ mine.bpf.c:7", "", log)
    lines = rejection_lines(refused, raw=False)
    assert lines[:4] == [
        "  program  mine_init",
        "  reason   R0 invalid mem access 'scalar'",
        "  source   ; x->y @ mine.bpf.c:7",
        "  the verifier's log, 201 lines, 62 with loops collapsed; the last 30 (--raw shows all):",
    ]
    assert "    [... 28 more like the 5 lines above ...]" in lines
    assert len(lines) == 34
    assert len(rejection_lines(refused, raw=True)) == 4 + 201


def test_the_kernels_explanation_follows_the_states_in_full() -> None:
    states, explanation = (
        [f"{n}: r{n} = {n}" for n in range(50)],
        ["Verification failed: Why", "", "processed 9 insns"],
    )
    refused = Rejection("mine_init", "R0", "", "", (*states, *explanation))
    shown = rejection_lines(refused, raw=False)[3:]
    assert shown == [f"    {line}".rstrip() for line in (*states[-30:], *explanation)]


def test_json_has_every_cell_with_its_programs() -> None:
    data = json.loads(as_json(SWEEP))
    assert [cell["name"] for cell in data["cells"]] == [result.cell.name for result in RESULTS]
    assert data["cells"][0]["programs"][0]["verified_insns"] == 48
    assert data["cells"][3]["findings"][0]["check"] == "attach"
    assert data["changes"] is None


def test_markdown_is_a_page_of_tables() -> None:
    lines = as_markdown(SWEEP)
    assert lines[0] == "## verifier summary: 1 ✅  1 ❌  2 🇽"
    assert "| tiny-1llc | ❌ | ✅ | 🇽 |" in lines
    assert "| kernel_7_0 | 48 | 120..160 |" in lines
    assert f"- `verifier/mine/kernel_7_3/smt-2llc`: `{REFUSED}`" in lines


# Comparing


def run_of(*costs: tuple[str, dict[str, int]]) -> list[CellResult]:
    return [a_result(a_cell(preset=preset), **insns) for preset, insns in costs]


def test_changes_are_shown_program_by_program() -> None:
    before = costs_of(
        run_of(("tiny-1llc", {"init": 100, "gone": 5, "same": 7}), ("smt-2llc", {"init": 200, "same": 7}))
    )
    after = costs_of(
        run_of(("tiny-1llc", {"init": 104, "new": 9, "same": 7}), ("smt-2llc", {"init": 230, "same": 7}))
    )
    found = changes(before, after)
    assert changes_table(found, 10.0)[1:] == [
        ("mine", "kernel_7_0", "gone", "5", "-", "gone"),
        ("mine", "kernel_7_0", "init", "100..200", "104..230", "+15.0% ❌"),
        ("mine", "kernel_7_0", "new", "-", "9", "new"),
    ]
    assert [change.program for change in Sweep((), (), 1.0, tuple(found)).grown] == ["init"]
    assert Sweep((), (), 1.0, tuple(found), max_growth_pct=15.0).grown == []


def test_cells_that_only_one_sweep_has_are_no_change() -> None:
    assert (
        changes(costs_of(run_of(("tiny-1llc", {"init": 100}))), costs_of(run_of(("smt-2llc", {"init": 900}))))
        == []
    )


def saved(folder: Path, results: list[CellResult]) -> None:
    folder.mkdir(parents=True)
    for number, result in enumerate(results):
        data = sidecar(case_of(result, 1), Versions("0.1.0", "3.11", None, False))
        write_json(folder / f"{number}.json", data)
    (folder / "run.json").write_text('{"schema": 1}')
    (folder / "a-test.json").write_text('{"test": "basic", "runs": [{"guest": {}}]}')


def test_a_run_is_named_by_its_directory_or_its_commit(tmp_path: Path) -> None:
    for version, insns in (("7.0.13", 48), ("7.3.4", 50)):
        kernel = "7.0" if version == "7.0.13" else "7.3"
        saved(
            tmp_path / "target/ktstr" / f"verifier-{version}-1a2b3c4",
            [a_result(a_cell(kernel=kernel), enqueue=insns)],
        )
    both = {
        "verifier/mine/kernel_7_0/tiny-1llc": {"enqueue": 48},
        "verifier/mine/kernel_7_3/tiny-1llc": {"enqueue": 50},
    }
    assert recorded_costs(tmp_path, "1a2b3c4") == both
    assert recorded_costs(tmp_path, str(tmp_path / "target")) == both
    assert recorded_costs(tmp_path, "7654321") is None


def test_a_directory_without_a_sweep_is_reported(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"--compare .*: no cell of a verifier sweep is in there"):
        recorded_costs(tmp_path, str(tmp_path))


def test_a_program_or_an_object_takes_the_schedulers_place(tmp_path: Path) -> None:
    program, bpf = tmp_path / "scx_old", tmp_path / "old.bpf.o"
    program.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0")
    bpf.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\1\0\xf7\0")
    cell = a_cell()
    (with_program,), (with_bpf,) = (baseline_cells([cell], str(path)) for path in (program, bpf))
    assert (with_program.scheduler.binary_path, with_program.scheduler.bpf) == (program, None)
    assert (with_bpf.scheduler.bpf, with_bpf.name) == (bpf, cell.name)


@pytest.mark.parametrize(
    ("cells", "name", "words"),
    [
        ([a_cell()], "absent", r"no such run, program or object"),
        (
            [a_cell("one"), a_cell("two")],
            "text",
            r"one program, but schedulers one, two: choose with --scheduler",
        ),
        ([a_cell()], "text", r"neither a program nor a BPF object"),
    ],
)
def test_a_run_that_cannot_be_compared_with_is_reported(
    tmp_path: Path, cells: list[Cell], name: str, words: str
) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(KtstrError, match=words):
        baseline_cells(cells, str(tmp_path / name))
