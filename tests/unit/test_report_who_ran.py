"""The picture of who ran where."""

from __future__ import annotations

from xml.etree import ElementTree

from timeline_data import MOMENTS

from ktstr.instrument.moments import Task
from ktstr.instrument.stints import Stint, stints_of
from ktstr.report.who_ran import who_ran_svg

_SVG = "{http://www.w3.org/2000/svg}"


def bars(svg: str) -> list[tuple[str, int, int]]:
    """The bars with a title: that, where it begins, and how wide it is."""
    return [
        (title.text or "", int(rect.attrib["x"]), int(rect.attrib["width"]))
        for rect in ElementTree.fromstring(svg).iter(f"{_SVG}rect")
        if (title := rect.find(f"{_SVG}title")) is not None
    ]


def test_a_bar_is_as_wide_as_the_time_that_a_task_had() -> None:
    svg = who_ran_svg(stints_of(MOMENTS), 2000, 6000)
    assert bars(svg) == [("web[7]", 70, 300), ("web[7]", 820, 450), ("spin[8]", 100, 1170)]


def test_a_column_shows_who_ran_longest() -> None:
    short, long = Task(1, "short"), Task(2, "long")
    stints = [Stint(0, short, 0, 400), Stint(0, long, 400, 1200 * 1000)]
    assert bars(who_ran_svg(stints, 0, 1200 * 1000)) == [("long[2]", 70, 1200)]


def test_only_the_time_that_is_asked_for_is_shown() -> None:
    assert bars(who_ran_svg(stints_of(MOMENTS), 4500, 5700)) == [("web[7]", 70, 1200), ("spin[8]", 70, 1200)]


def test_names_cannot_become_markup() -> None:
    svg = who_ran_svg([Stint(0, Task(1, "<b>&"), 0, 10)], 0, 10, [(5, "max_gap_ms: <i>")])
    assert "<b>" not in svg
    assert "<i>" not in svg
    titles = [one.text for one in ElementTree.fromstring(svg).iter(f"{_SVG}title")]
    assert titles == ["<b>&[1]", "max_gap_ms: <i>"]


def test_a_run_without_switches_has_a_picture_too() -> None:
    assert bars(who_ran_svg([], 0, 0)) == []
