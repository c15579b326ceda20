"""Latency with whole histograms: what a sidecar keeps of them, and the percentile curves on a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_runs import a_record
from page_html import a_test, page_of, seen

from ktstr.events.distribution import distribution
from ktstr.events.latency import Latency, TaskLatency
from ktstr.events.latency_groups import groups_of
from ktstr.pages.curves import Curve, curves, percentile_ns

MS = 1_000_000
NONE = distribution({}, 0, 0, None)
TASK = TaskLatency(0, "web", "w0", 7, False, "ext", 0, NONE, NONE, NONE, 0, 0, 0, 0, 0, ())


def group(name: str, *waited: tuple[int, int], workers: bool = True) -> dict[str, Any]:
    pairs = [list(pair) for pair in waited]
    return {"name": name, "workers": workers, "tasks": 2, "woken": pairs, "waited": pairs, "ran": []}


def counted(*groups: dict[str, Any]) -> dict[str, Any]:
    return a_record(guest={"latency_groups": list(groups)})


def test_the_tasks_of_a_cgroup_and_of_a_class_add_up_over_phases() -> None:
    # Bucket 0 has durations below 128 ns, bucket 1 those below 256.
    first = replace(TASK, waited=distribution({0: 3, 1: 1}, 0, 200, 5))
    second = replace(TASK, worker=1, pid=8, waited=distribution({1: 2}, 0, 140, 5))
    other = replace(
        TASK, worker=None, cgroup="", policy="fifo", name="irq", ran=distribution({0: 1}, 0, 9, 5)
    )
    groups = groups_of([Latency((first, second, other)), Latency((first,))])
    assert [(one.name, one.workers, one.tasks) for one in groups] == [("web", True, 2), ("rt", False, 1)]
    assert groups[0].waited == ((127, 6), (200, 4))  # no longer than the longest, which is exact
    assert groups[0].woken == ()
    assert groups[1].ran == ((9, 1),)


def test_percentiles_are_of_all_tasks_of_a_group_in_all_runs(tmp_path: Path) -> None:
    runs = [counted(group("web", (MS, 98), (4 * MS, 1))), counted(group("web", (8 * MS, 1)))]
    page = seen(page_of(tmp_path, [a_test(runs=runs)]))
    text = " ".join(" ".join(page.sections["latency"]).split())
    assert "web (2) 7.0.13, my_sched 1.00 ms · 4.00 ms · 8.00 ms" in text
    assert "of the worst task" not in text


def test_two_runs_are_curves_over_one_another(tmp_path: Path) -> None:
    cases = [[a_test(runs=[counted(group("web", (most * MS, 100)))])] for most in (1, 3)]
    page = seen(page_of(tmp_path, *cases))
    (chart,) = [
        str(one["aria-label"])
        for one in page.of("svg")
        if "Wait for a CPU of web" in str(one.get("aria-label"))
    ]
    assert chart.count("p50 1.00 ms") == 1
    assert chart.count("p50 3.00 ms") == 1
    classes = [one.get("class") for one in page.of("path")]
    assert classes.count("s0") == classes.count("s1") == 3  # two charts and the key
    assert not page.crossed


def test_the_seeds_of_a_test_are_one_curve(tmp_path: Path) -> None:
    cases = [
        a_test(nodeid=f"t.py::a[7.0-seed{seed}]", seed=seed, runs=[counted(group("web", (seed * MS, 100)))])
        for seed in (1, 2)
    ]
    page = seen(page_of(tmp_path, cases))
    labels = [str(one.get("aria-label")) for one in page.of("svg")]
    assert any("p50 1.00 ms, p99 2.00 ms, longest 2.00 ms" in label for label in labels)


def test_a_curve_goes_up_and_ends_at_the_longest() -> None:
    chart = str(curves("Wait", [Curve("a", ((1000, 50), (10_000, 49), (1_000_000, 1)))]))
    d = chart.split('class="s0" d="M')[1].split('"')[0]
    points = [tuple(map(float, point.split())) for point in d.split("L")]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert points[-1][1] == 6  # the upper end of the chart


def test_nothing_has_no_chart() -> None:
    assert curves("Wait", [Curve("a", ())]) == ""


@pytest.mark.parametrize(("percent", "ns"), [(50, 1), (90, 1), (91, 2), (99.9, 3), (100, 3)])
def test_percentiles(percent: float, ns: int) -> None:
    assert percentile_ns(((1, 90), (2, 9), (3, 1)), percent) == ns
    assert percentile_ns((), percent) == 0


@pytest.mark.parametrize(
    "bad", [{"waited": [[1]]}, {"waited": [["1", 2]]}, {"waited": [[-1, 2]]}, {"tasks": "x"}]
)
def test_a_histogram_that_is_none_is_a_line(tmp_path: Path, bad: dict[str, Any]) -> None:
    page = seen(page_of(tmp_path, [a_test(runs=[counted({**group("web", (1, 1)), **bad})])]))
    assert "its latency cannot be read" in page.text
