"""What a guest says is input from outside: captured streams with changes give a verdict or one line, never another
exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from judged_guest import a_context, captured, judged
from mutated_events import forged_console, mutated

from ktstr import Ctx
from ktstr.events.stream import MOST_EVENTS, Nonsense, parse_events

INPUTS = 4000


STREAMS = captured()


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ctx:
    """A test's, whose guests `executor` makes up."""
    return a_context(monkeypatch, tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_a_guest_that_talks_nonsense_is_one_verdict(context: Ctx, seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for number in range(INPUTS // 4):
        name = chance.choice(list(STREAMS))
        text = mutated(STREAMS[name], chance)
        try:
            said = judged(context, text, forged_console(chance), chance.choice((33, 33, 0, 35)))
        except Exception as error:
            error.add_note(f"seed {seed}, input {number}, of {name}")
            raise
        refused += said is not None and said.startswith("the guest's events make no sense: ")
    assert 50 < refused < INPUTS // 4 - 50, "both sides of the first check are tried"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"ev":"cpu","cpu":0,"llc":"0"}', "cpu: Object missing required field `threads`"),
        ('{"ev":"kmsg","level":3,"at_ns":"x","text":""}', "kmsg: Expected `int`, got `str` - at `$.at_ns`"),
        ('{"ev":"phase","name":7}', "phase: Expected `str`, got `int` - at `$.name`"),
        ('{"t":1}', "Object missing required field `ev`"),
        ('{"ev":"mine","n":18446744073709551616}', "a number of more than 64 bits - at `$.n`"),
        ("[]", "Expected `object`, got `array`"),
        ('{"ev":"mine","a":{"b":1}}', "Expected `int | str | array`, got `object` - at `$[...]`"),
        ("x" * 16385, "16385 bytes, more than 16384"),
    ],
)
def test_what_makes_no_sense_is_named(line: str, why: str) -> None:
    with pytest.raises(Nonsense) as refused:
        parse_events('{"ev":"boot"}\n' + line + "\n")
    assert str(refused.value) == f"the guest's events make no sense: line 2: {why}"


def test_events_without_end_are_refused() -> None:
    with pytest.raises(Nonsense, match=r"line 262145: mine: too many events$"):
        parse_events('{"ev":"mine"}\n' * (MOST_EVENTS + 1))
    with pytest.raises(Nonsense, match=r"line 1025: node: too many events$"):
        parse_events('{"ev":"node","node":0,"cpus":""}\n' * 1025)


def test_an_operation_of_a_users_own_has_fields_of_its_own() -> None:
    assert parse_events('{"ev":"dropped","level":3,"pages":[1,2]}\n') == (
        {"ev": "dropped", "level": 3, "pages": [1, 2]},
    )
