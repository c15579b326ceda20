"""The benchmark of races: what each scheduler's source says of its race, and how its parts are named."""

import re

import pytest
from race_search import RaceSearch
from race_table import RACES, Race


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_a_source_marks_the_window_and_has_a_twin_in_it(race: Race) -> None:
    text = race.source.read_text()
    (look,) = race.lines("A")
    (act,) = race.lines("B")
    assert look < act
    assert "window();" in text
    assert re.search(r"^#ifn?def FIXED$", text, re.MULTILINE)
    assert f'.name = "{race.name}"' in text
    assert "Its race: " in text
    assert re.search(r"Mended:\s", text)


def test_there_is_a_race_of_each_kind_in_hot_and_in_rare_code() -> None:
    assert len({race.kind for race in RACES}) == len(RACES) >= 10
    assert {race.rare for race in RACES} == {False, True}
    assert min(race.window for race in RACES) == 3
    assert max(race.window for race in RACES) == 300


def test_all_sources_are_in_the_table() -> None:
    assert sorted(path.name for path in RACES[0].source.parent.glob("*.bpf.c")) == sorted(
        race.source.name for race in RACES
    )


def test_a_twin_and_a_wide_window_are_other_schedulers() -> None:
    race = RACES[0]
    named = {
        race.scheduler(fixed=fixed, wide=wide).name: race.scheduler(fixed=fixed, wide=wide).bpf_cflags
        for fixed in (False, True)
        for wide in (False, True)
    }
    assert named == {
        "ticket": (),
        "ticket_wide": ("-DWIDE=300",),
        "ticket_fixed": ("-DFIXED",),
        "ticket_fixed_wide": ("-DFIXED", "-DWIDE=300"),
    }


def test_what_is_measured_can_be_narrowed_and_todays_way_comes_first() -> None:
    assert [race.name for race in RaceSearch(only=("ring", "seats")).races] == ["seats", "ring"]
    ways = RaceSearch().strategies
    assert ways[0] == "burst"
    assert ways[-1] == "auto"
    assert RaceSearch(ways=("auto", "rare")).strategies == ("rare", "auto")
