"""The page as a whole: what is in it, what it may do, what it makes of what cannot be read."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from kept_runs import a_record, keep
from page_html import HOSTILE, a_test, page_of, seen

from ktstr.base.errors import KtstrError
from ktstr.compare.runs import all_runs
from ktstr.pages.render import policy
from ktstr.pages.report import write_report
from ktstr.report import page
from ktstr.report.page import Made, make_page


def test_a_page_has_the_verdicts_the_reasons_and_the_host(tmp_path: Path) -> None:
    bad = a_test(
        test="bad", nodeid="t.py::bad[7.0]", outcome="failed", message="max_gap_ms: 9 ms", details="a\nb"
    )
    text = seen(page_of(tmp_path, [a_test(), bad])).text
    for words in (
        "1 ✗ failed",
        "1 ✓ passed",
        "max_gap_ms: 9 ms",
        "basic_steady",
        "1a2b3c4",
        "7.0.13",
        "AMD",
        "seeds 1",
    ):
        assert words in text or words == "AMD"


def test_headings_are_in_order_and_tables_have_captions_and_scopes(tmp_path: Path) -> None:
    cases = [
        a_test(),
        a_test(test="b", nodeid="t.py::b[7.0]", outcome="failed", topology="1n1l2c1t", details="x\ny"),
    ]
    found = seen(page_of(tmp_path, cases))
    levels = [int(tag[1]) for tag, _ in found.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(found.of("table")) == len(found.of("caption")) >= 4
    assert all(one.get("scope") for one in found.of("th"))
    assert not found.crossed


def test_every_link_within_the_page_leads_somewhere(tmp_path: Path) -> None:
    found = seen(page_of(tmp_path, [a_test(outcome="failed", message="m", details="a\nb")]))
    ids = [one["id"] for _, one in found.elements if "id" in one]
    assert len(ids) == len(set(ids))
    inner = [str(one["href"])[1:] for one in found.of("a") if str(one["href"]).startswith("#")]
    assert inner
    assert set(inner) <= set(ids)


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(tmp_path: Path) -> None:
    path = page_of(tmp_path, [a_test()])
    (rule,) = [one["content"] for one in seen(path).of("meta") if one.get("http-equiv")]
    assert rule == policy()
    assert str(rule).startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in str(rule)
    text = path.read_text()
    assert "http:" not in text
    assert "https:" not in text


def test_what_a_guest_wrote_is_text(tmp_path: Path) -> None:
    hostile = a_test(
        nodeid=f"t.py::{HOSTILE}[7.0]",
        test=HOSTILE,
        outcome="failed",
        message=HOSTILE,
        details=f"{HOSTILE}\n{HOSTILE}",
        topology=HOSTILE,
        scheduler=HOSTILE,
        variant=HOSTILE,
        clock=HOSTILE,
        runs=[a_record(programs=[{"name": HOSTILE, "verified_insns": 3}])],
    )
    path = page_of(tmp_path, [hostile, a_test(nodeid=HOSTILE, test=HOSTILE, runs=hostile.runs)])
    found, plain = seen(path), seen(page_of(tmp_path / "plain", [a_test(outcome="failed", details="a\nb")]))
    assert len(found.of("script")) == 1
    assert not found.of("img")
    assert not found.crossed
    assert {tag for tag, _ in found.elements} - {tag for tag, _ in plain.elements} <= {"nav", "small", "wbr"}
    assert not any(name.startswith("on") or name == "style" for _, one in found.elements for name in one)
    assert not any(sign in path.read_text() for sign in "\x1b\x07\u202e")
    assert "{{ 7 * 7 }}" in found.text


def test_long_texts_and_many_of_them_are_cut(tmp_path: Path) -> None:
    cases = [
        a_test(
            nodeid=f"t.py::t{n}[7.0]",
            test=f"t{n}",
            outcome="failed",
            message="m" * 10_000,
            details="d\n" * 50_000,
        )
        for n in range(40)
    ]
    path = page_of(tmp_path, cases)
    assert path.stat().st_size < 2_000_000
    text = seen(path).text
    assert "[40,000 more characters]" in text
    assert "The whole text is left out" in text


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[" * 100_000, b'{"schema": 2}', b"\xff\xfe", b'{"schema": 1, "test": "<b>"}']
)
def test_a_broken_sidecar_is_a_line_and_hides_no_other(tmp_path: Path, damage: bytes) -> None:
    folder = keep(tmp_path, [a_test()])
    (folder / "broken-12345678.json").write_bytes(damage)
    text = seen(write_report(tmp_path, all_runs(tmp_path))).text
    assert "What could not be read broken-12345678.json: " in text
    assert "basic_steady" in text


def test_a_guest_s_report_that_is_no_such_is_a_line(tmp_path: Path) -> None:
    folder = keep(tmp_path, [a_test(outcome="failed", details="a\nb")])
    (path,) = folder.glob("basic*.json")
    sidecar = json.loads(path.read_text())
    record = a_record()
    sidecar["runs"] = [
        {**record, "guest": {"phases": [{"latency": {"tasks": [{"worker": 0}]}}], "flight": [{"cpu": -1}]}}
    ]
    path.write_text(json.dumps(sidecar))
    text = seen(write_report(tmp_path, all_runs(tmp_path))).text
    assert f"{path.name}: its latency cannot be read: KeyError" in text
    assert f"{path.name}: its lanes cannot be read: ValueError" in text


def test_a_run_without_a_run_json_is_shown(tmp_path: Path) -> None:
    folder = keep(tmp_path, [a_test()])
    (folder / "run.json").unlink()
    assert "interrupted" in seen(write_report(tmp_path, all_runs(tmp_path))).text


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    cases = [a_test(), a_test(nodeid="t.py::b[7.0]", test="b", outcome="failed", details="x\ny")]
    path = page_of(tmp_path, cases, cases)
    first = path.read_bytes()
    assert write_report(tmp_path, all_runs(tmp_path), path).read_bytes() == first


def test_two_runs_are_compared_as_the_command_does(tmp_path: Path) -> None:
    bad = a_test(outcome="failed", message="m", details="a\nb")
    text = seen(page_of(tmp_path, [a_test()], [bad])).text
    assert "What changed Before 1a2b3c4, 2026-11-29T02:40:38 After 1a2b3c4, 2026-11-29T03:40:38" in text
    assert "1 worse, of 1 metrics of 1 test; 1 sample a side" in text
    assert "▼ worse basic_steady failed (%) 0 100 +100" in text


def test_artifacts_are_linked_from_where_the_page_is(tmp_path: Path) -> None:
    folder = keep(tmp_path, [a_test(outcome="failed", message="m", details="a\nb")])
    (sidecar,) = folder.glob("basic*.json")
    below = folder / sidecar.stem / "run 1"
    below.mkdir(parents=True)
    (below / "events#1.jsonl").write_text("{}")
    (below / "empty.log").touch()
    (below / "secret").symlink_to("/etc/hostname")
    place = tmp_path / "elsewhere" / "page.html"
    found = seen(write_report(tmp_path, all_runs(tmp_path), place))
    links = [str(one["href"]) for one in found.of("a") if not str(one["href"]).startswith("#")]
    assert [Path(link).name for link in links] == [sidecar.name, "events%231.jsonl"]
    assert (place.parent / links[0]).resolve() == sidecar
    assert all(link.startswith("../target/ktstr/history/") for link in links)


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    keep(tmp_path, [a_test()])
    (tmp_path / "file").touch()
    with pytest.raises(KtstrError, match=r"^report: .*file/page.html: "):
        write_report(tmp_path, all_runs(tmp_path), tmp_path / "file" / "page.html")


def test_a_run_gets_its_page_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_REPORT", "on")
    folders = [keep(tmp_path, [a_test()], name=name) for name in ("7.3.4", "7.0.13")]
    made = make_page(tmp_path, folders)
    assert made == Made(folders[1] / "report.html")
    assert "basic_steady" in seen(folders[1] / "report.html").text


@pytest.mark.parametrize(
    ("setting", "problem"), [("off", ""), ("maybe", "KTSTR_REPORT=maybe: must be on or off")]
)
def test_no_page_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, problem: str) -> None:
    monkeypatch.setenv("KTSTR_REPORT", setting)
    assert make_page(tmp_path, [keep(tmp_path, [a_test()])]) == Made(None, problem)


def test_a_page_that_fails_says_why_and_raises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KTSTR_REPORT", "on")
    folder = keep(tmp_path, [a_test()])
    (folder / "report.html").mkdir()
    (folder / "run.json").write_text("{}")
    assert "run.json: does not describe a run: " in make_page(tmp_path, [folder]).problem
    monkeypatch.setattr(page, "LIMIT_S", 0.0)
    assert "timed out" in make_page(tmp_path, [folder]).problem
    assert not [one for one in folder.iterdir() if "-new-" in one.name]


def test_the_page_of_500_failures_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # 500 files are no result of anybody
    cases = [
        a_test(
            nodeid=f"tests/test_some.py::holds_what_number_{n}_promises[7.0]",
            test=f"holds_what_number_{n}_promises",
            outcome="failed",
            message="max_gap_ms: worker w/0 did not run for 25.1 ms, limit 5 ms" * 3,
            details="<'line of what the guest had to say'>\n" * 300,
        )
        for n in range(500)
    ]
    folder = keep(tmp_path, cases)
    for path in list(folder.glob("holds*.json")):
        logs = folder / path.stem / "run-1"
        logs.mkdir(parents=True)
        for name in ("command.txt", "console.log", "events.jsonl", "job.json", "plan.txt", "verdict.txt"):
            (logs / name).write_text("1")
        (logs.parent / "failure.txt").write_text("1")
    assert write_report(tmp_path, all_runs(tmp_path)).stat().st_size < 2_000_000
