"""Coverage and cost on the page of a run: what the files beside its sidecars and its sources come to."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from kept_runs import BEGIN, a_record, keep
from page_html import HOSTILE, Seen, a_test, seen

from ktstr.compare.runs import all_runs
from ktstr.pages.report import write_report
from ktstr.report.counted import SOURCES
from ktstr.report.sidecar import file_stem

SOURCE = "int mine(void)\n{\n\tif (rare)\n\t\treturn 1;\n\treturn 0;\n}\n" + "\n" * 40 + "int never;\n"
FILE = "mine.bpf.c"
Counts = dict[str, Any]


def counts(insns: int = 20, **changes: Any) -> Counts:
    file = {
        "path": FILE,
        "functions": [
            {"name": "mine_enqueue", "line": 1, "count": 4},
            {"name": "mine_exit", "line": 47, "count": 0},
        ],
        "lines": [[1, 4000], [3, 4], [4, 0], [5, 4], [47, 0]],
        "branches": [[3, 5, 0, "mine_enqueue", 0, 4]],
        **changes,
    }
    cost = {
        "path": FILE,
        "name": "mine_enqueue",
        "line": 1,
        "callback": True,
        "calls": [[insns, 3], [insns + 10, 1]],
        "lines": [[FILE, 1, 50], [FILE, 3, 40]],
        "called": [],
    }
    return {"files": [file], "costs": [cost]}


def page_of_counted(root: Path, *runs: Counts | str, sources: bool = True) -> Seen:
    """The page of runs an hour apart, a test each, with these counts beside its sidecar."""
    for number, one in enumerate(runs):
        nodeid = "t.py::basic_steady[7.0]"
        name = f"{file_stem(nodeid)}.run-1.coverage.json"
        case = a_test(nodeid=nodeid, runs=[a_record(coverage=name)])
        folder = keep(root, [case], BEGIN + timedelta(hours=number))
        (folder / name).write_text(one if isinstance(one, str) else json.dumps(one))
        if sources:
            (folder / SOURCES).write_text(json.dumps({"sources": {FILE: SOURCE}}))
    return seen(write_report(root, all_runs(root), root / "page.html"))


def text_of(page: Seen) -> str:
    return " ".join(" ".join(page.sections["coverage"]).split())


def test_the_page_says_what_was_not_reached_and_how_much_was(tmp_path: Path) -> None:
    text = text_of(page_of_counted(tmp_path, counts()))
    assert "60.0 % of the lines were executed" in text
    assert "mine_exit: was never entered (mine.bpf.c:47)" in text
    assert "mine_enqueue: the branch at mine.bpf.c:3 was never taken" in text
    assert "60.0 %, 3/5" in text


def test_lines_have_their_counts_and_lines_far_from_code_are_left_out(tmp_path: Path) -> None:
    page = page_of_counted(tmp_path, counts())
    text = text_of(page)
    assert "4,000 int mine(void)" in text
    assert "4 if (rare) branch never taken" in text
    assert "0 return 1;" in text
    rows = page.of("tr")
    assert sum(one.get("class") == "missed" for one in rows) == 2
    assert sum("data-gap" in one for one in rows) == 1
    assert not page.crossed


def test_a_source_that_was_not_kept_leaves_the_counts(tmp_path: Path) -> None:
    text = text_of(page_of_counted(tmp_path, counts(), sources=False))
    assert "Its text was not kept with the run." in text
    assert "4,000" in text


def test_costs_of_two_runs_are_side_by_side(tmp_path: Path) -> None:
    page = page_of_counted(tmp_path, counts(20), counts(40))
    text = text_of(page)
    assert "20 · 20 · 30; 4 calls" in text
    assert "40 · 40 · 50" in text
    words = [str(one.get("aria-label")) for one in page.of("svg")]
    assert words.count("least 20, median 20, most 30 instructions") == 1


def test_the_tests_of_a_run_add_up(tmp_path: Path) -> None:
    cases, files = [], {}
    for number, lines in enumerate(([[1, 4], [2, 0]], [[1, 4], [2, 3]])):
        nodeid = f"t.py::test{number}[7.0]"
        name = f"{file_stem(nodeid)}.run-1.coverage.json"
        cases.append(a_test(test=f"test{number}", nodeid=nodeid, runs=[a_record(coverage=name)]))
        files[name] = counts(lines=lines)
    folder = keep(tmp_path, cases)
    for name, one in files.items():
        (folder / name).write_text(json.dumps(one))
    text = text_of(seen(write_report(tmp_path, all_runs(tmp_path), tmp_path / "page.html")))
    assert "100.0 % of the lines were executed" in text
    assert "; 8 calls" in text


def test_what_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    text = text_of(page_of_counted(tmp_path, "{", counts(lines=[[1, -1]]), counts()))
    assert text.count("run-1.coverage.json: is damaged:") == 2
    assert "60.0 %" in text


def test_names_and_sources_are_text(tmp_path: Path) -> None:
    nodeid = "t.py::basic_steady[7.0]"
    name = f"{file_stem(nodeid)}.run-1.coverage.json"
    folder = keep(tmp_path, [a_test(nodeid=nodeid, runs=[a_record(coverage=name)])])
    data = counts(path=HOSTILE, functions=[{"name": HOSTILE, "line": 1, "count": 0}])
    data["costs"][0]["name"] = HOSTILE
    (folder / name).write_text(json.dumps(data))
    (folder / SOURCES).write_text(json.dumps({"sources": {HOSTILE: HOSTILE}}))
    page = seen(write_report(tmp_path, all_runs(tmp_path), tmp_path / "page.html"))
    assert len(page.of("script")) == 1
    assert not page.of("img")
    assert not page.crossed
    assert "\x1b" not in page.text


def test_a_file_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(counts()))
    keep(tmp_path, [a_test(runs=[a_record(coverage="../../../../../other.json")])])
    page = seen(write_report(tmp_path, all_runs(tmp_path), tmp_path / "page.html"))
    assert "coverage" not in page.sections


def test_sources_without_end_keep_the_page_small(tmp_path: Path) -> None:
    data = counts(lines=[[number, 1] for number in range(1, 9000)])
    page = page_of_counted(tmp_path, data)
    assert "The source is left out, because the page would get too long" in text_of(page)
    assert (tmp_path / "page.html").stat().st_size < 100_000
