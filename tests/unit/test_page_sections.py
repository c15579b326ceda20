"""The sections of a page, each from data to HTML."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_runs import BEGIN, a_record, keep
from page_html import Seen, a_test, page_of, seen

from ktstr.compare.runs import all_runs
from ktstr.pages import charts
from ktstr.pages.page import Past
from ktstr.pages.report import write_report
from ktstr.pages.sections import lanes
from ktstr.pages.words import duration, natural, plain, seconds
from ktstr.report.case import Case

NS = 1_000_000


def section(page: Seen, name: str) -> str:
    """The text of a section, with single spaces."""
    return " ".join(" ".join(page.sections[name]).split())


def titles(page: Seen) -> list[str]:
    return [data for tag, data in page.texts if tag == "h2"]


def durations(most_ms: float, count: int = 9) -> dict[str, int]:
    ns = round(most_ms * NS)
    return {
        "count": count,
        "p50_ns": ns // 4,
        "p90_ns": ns // 3,
        "p99_ns": ns // 2,
        "p999_ns": ns,
        "longest_ns": ns,
    }


def latency(**cgroups: float) -> dict[str, Any]:
    """A run whose cgroups waited for so many ms at most."""
    tasks = [
        {"worker": number, "cgroup": name, "name": name, "pid": number, "policy": "normal"}
        | {what: durations(most_ms, 9 if most_ms else 0) for what in ("woken", "waited", "ran")}
        for number, (name, most_ms) in enumerate(cgroups.items())
    ]
    return a_record(guest={"phases": [{"latency": {"tasks": tasks, "ext": True}}]})


def swept(kernel: str, preset: str, **insns: int) -> Case:
    name = f"verifier/mine/kernel_{kernel.replace('.', '_')}/{preset}"
    programs = [{"name": program, "verified_insns": count} for program, count in insns.items()]
    topology = {"tiny-1llc": "1n1l4c1t", "smt-2llc": "1n2l2c2t"}[preset]
    full = {"type": "", "tag": "", "fdinfo_insns": 0, "xlated_bytes": 0, "jited_bytes": 0, "map_bytes": 0}
    record = a_record(programs=[{**full, **one} for one in programs])
    return a_test(nodeid=name, test=name, topology=topology, runs=[record])


def test_a_run_of_one_test_has_no_section_without_data(tmp_path: Path) -> None:
    assert titles(seen(page_of(tmp_path, [a_test()]))) == ["Summary", "Tests"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"outcome": "error", "message": "no such binary"},
            "the set-up: it says nothing about the scheduler",
        ),
        ({"outcome": "inconclusive", "message": "2 samples"}, "nobody: too few samples for a verdict"),
        ({"outcome": "failed", "message": "assert 1 == 2"}, "an assertion of the test itself"),
    ],
)
def test_the_summary_says_whose_fault_it_is(tmp_path: Path, changes: dict[str, str], fault: str) -> None:
    assert fault in section(seen(page_of(tmp_path, [a_test(**changes)])), "summary")


@pytest.mark.parametrize(
    ("scheduler", "ending", "fault"),
    [
        ("mine", "done", "the scheduler mine"),
        ("mine", "kernel panic", "the scheduler mine (kernel panic)"),
        ("eevdf", "done", "the kernel's own scheduler"),
    ],
)
def test_a_violated_check_is_the_fault_of_the_scheduler(
    tmp_path: Path, scheduler: str, ending: str, fault: str
) -> None:
    record = a_record()
    record["result"]["ending"] = ending
    record["verdict"] = {
        "passed": False,
        "violations": [{"check": "max_gap_ms", "message": "m"}],
        "summary": "m",
    }
    case = a_test(scheduler=scheduler, outcome="failed", message="m", runs=[record])
    assert fault in section(seen(page_of(tmp_path, [case])), "summary")


def test_the_grid_counts_by_topology_and_kernel(tmp_path: Path) -> None:
    cases = [
        a_test(nodeid="t.py::a[7.0]", topology="1n1l4c1t"),
        a_test(nodeid="t.py::b[7.0]", topology="1n1l4c1t", outcome="failed", message="m"),
        a_test(nodeid="t.py::c[7.0]", topology="1n2l4c1t"),
    ]
    text = section(seen(page_of(tmp_path, cases)), "grid")
    assert "1n1l4c1t tiny-1llc ✗ 1 of 2 1n2l4c1t ✓ passed" in text


def test_seeds_of_a_test_are_one_row(tmp_path: Path) -> None:
    cases = [
        a_test(nodeid=f"t.py::a[7.0-seed{n}]", test=f"a[seed{n}]", seed=n, outcome=outcome, message="m")
        for n, outcome in ((1, "passed"), (2, "failed"), (3, "passed"))
    ]
    page = seen(page_of(tmp_path, cases))
    assert "a t.py ✗ 2 of 3 37 s" in section(page, "tests")


def test_a_test_shows_its_earlier_runs_and_not_those_without_it(tmp_path: Path) -> None:
    other = [a_test(nodeid="t.py::other[7.0]", test="other")]
    runs = [[a_test(wall_s=1.0)], other, [a_test(outcome="failed", message="m")], [a_test(wall_s=4.0)]]
    for number, cases in enumerate(runs):
        keep(tmp_path, cases, BEGIN + timedelta(hours=number))
    page = seen(write_report(tmp_path, all_runs(tmp_path)[-1:]))
    (spark,) = [one for one in page.of("svg") if one["class"] == "spark"]
    assert spark["aria-label"] == "last 3 runs: 1 failed, 2 passed; 1.0 s to 4.0 s"


def test_a_sparkline_has_a_bar_a_cross_or_a_line_for_each_run() -> None:
    chart = charts.sparkline(
        [Past(0, "passed", 1.0), Past(1, "failed", 9.0), Past(2, "skipped", 0.0), Past(3, "passed", 10.0)]
    )
    assert 'class="p" d="M1.5 16v-2M16.5 16v-15"' in chart
    assert 'class="f" d="M5 5l4 6m0-6l-4 6"' in chart
    assert 'class="s" d="M10 16h3"' in chart
    assert charts.sparkline([Past(0, "passed", 1.0)]) == ""


def test_the_heat_map_has_ranges_over_topologies_and_shades(tmp_path: Path) -> None:
    cases = [swept("7.0", "tiny-1llc", enqueue=100, init=1), swept("7.0", "smt-2llc", enqueue=120, init=1)]
    page = seen(page_of(tmp_path, cases))
    text = section(page, "verifier")
    assert "my_sched ✓ passed ✓ passed" in text
    assert "enqueue 100..120 init 1" in text
    shades = [str(one["class"]) for one in page.of("td") if " h" in str(one.get("class"))]
    assert shades == ["n h8", "n h1"]
    assert "Tests" not in titles(page)


def test_latency_is_side_by_side_and_the_longest_wait_comes_first(tmp_path: Path) -> None:
    cases = [
        a_test(nodeid="t.py::a[7.0]", test="a", runs=[latency(web=1.0, batch=8.0)]),
        a_test(nodeid="t.py::b[7.0]", test="b", runs=[latency(web=20.0, idle=0.0)]),
    ]
    page = seen(page_of(tmp_path, cases))
    text = section(page, "latency")
    assert text.index("b 1n2l4c1t") < text.index("a 1n2l4c1t")
    assert "web (1) 7.0.13, my_sched 5.00 ms · 10.0 ms · 20.0 ms" in text
    assert "idle (1) 7.0.13, my_sched never never never" in text
    labels = [
        str(one["aria-label"]) for one in page.of("svg") if one["class"] == "span" and "aria-label" in one
    ]
    assert labels[0] == "p50 5.00 ms, p99 10.0 ms, p99.9 20.0 ms, longest 20.0 ms"


def test_lanes_show_who_had_each_cpu() -> None:
    flight = [
        {"cpu": 0, "at_ns": 10, "kind": "switch", "task": "a", "pid": 7, "what": "a[7] (S) -> b -> c[8]"},
        {
            "cpu": 0,
            "at_ns": 30,
            "kind": "switch",
            "task": "b -> c",
            "pid": 8,
            "what": "b -> c[8] (S) -> idle",
        },
        {"cpu": 1, "at_ns": 20, "kind": "wakeup", "task": "", "pid": 0, "what": "a[7] CPU 1"},
        {"cpu": 0, "at_ns": 50, "kind": "failed", "task": "", "pid": 0, "what": "dump"},
        {"cpu": 0, "at_ns": 60, "kind": "switch", "task": "", "pid": 0, "what": "idle (R) -> d[9]"},
    ]
    kept = lanes.keep({"runs": [{"guest": {"flight": flight}}]})
    assert kept is not None
    assert (kept.failed_cpu, kept.exited, kept.ended_ns) == (0, True, 50)
    assert lanes.turns_of(kept) == [lanes.Turn(0, "c", 10, 30)]


def test_the_second_run_s_events_are_shown_if_the_first_has_none(tmp_path: Path) -> None:
    event = {"cpu": 3, "at_ns": 5 * NS, "kind": "switch", "task": "x", "pid": 1, "what": "x[1] (S) -> y[2]"}
    second = a_record(guest={"flight": [event, {**event, "at_ns": 9 * NS}], "scheduler_exit": {"cpu": 3}})
    record = a_record(repro={"more": "flight recorder", "outcome": "same", "told": "", "run": second})
    page = seen(page_of(tmp_path, [a_test(outcome="failed", message="m", runs=[record])]))
    text = section(page, "lanes")
    assert "CPU 3" in text
    assert "1 CPUs, the last 4.00 ms before the exit" in text
    assert "✗ exit" in text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0.00 ns"), (999, "999 ns"), (1500, "1.50 µs"), (23_400_000, "23.4 ms"), (5e12, "5,000 s")],
)
def test_durations_have_three_digits(ns: float, text: str) -> None:
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7260, "2 h 1 min")],
)
def test_seconds_read_as_people_say_them(value: float, text: str) -> None:
    assert seconds(value) == text


def test_plain_text_is_one_bounded_line() -> None:
    assert plain("a\n\tb\x1b[1m\u202e") == "a b\N{REPLACEMENT CHARACTER}"
    assert plain("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_numbers_in_names_are_in_their_order() -> None:
    assert sorted(["a10", "a9", "a9b", "b1", "a"], key=natural) == ["a", "a9", "a9b", "a10", "b1"]
