"""What a guest says is input from outside: captured streams with changes give a verdict or one line, never another
exception."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from fake_executor import FakeExecutor, recorded
from mutated_events import forged_console, mutated, thinned
from run_data import a_test, build_nothing
from vm_stand_in import a_job

from ktstr import CgroupDef, Ctx, KtstrError, Scheduler, VerdictFailed
from ktstr.base.topology import Topology
from ktstr.events.dump import read_dump, read_snapshots
from ktstr.events.exit import read_exit
from ktstr.events.stream import MOST_EVENTS, Nonsense, parse_events
from ktstr.verifier.judge import programs_of
from ktstr.vm.result import Event, VmResult, classify

DATA = Path(__file__).with_name("data")
INPUTS = 4000


def captured() -> dict[str, list[Event]]:
    """Every stream that tests have, a few events of each kind; each was captured from a guest."""
    streams = {path.stem: parse_events(path.read_text()) for path in sorted(DATA.rglob("*.jsonl"))}
    maps = DATA / "dump" / "maps-7.0.13.jsonl.gz"
    streams[maps.stem] = parse_events(gzip.decompress(maps.read_bytes()).decode())
    for name in ("passed", "starved", "crashed", "ejected", "refused", "panicked", "eevdf"):
        streams[name] = recorded(name).events
    return {name: thinned(events) for name, events in streams.items() if events}


STREAMS = captured()


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ctx:
    """A test's, whose guests `executor` makes up."""
    build_nothing(monkeypatch, tmp_path)
    test = a_test(
        scheduler=Scheduler(name="mine", bpf=Path("mine.bpf.c")),
        topology=Topology(1, 1, 2, 1),
        auto_repro=False,
    )
    folder = tmp_path / "results"
    folder.mkdir()
    return Ctx(test, a_job(tmp_path).kernel, "auto", 1, folder / "mine", executor=FakeExecutor())


def judged(ctx: Ctx, text: str, console: str, status: int) -> str | None:
    """What a test's run says of a guest that wrote `text` as its events; None if it passes."""
    try:
        events = parse_events(text)
        ending, why = classify(status, False, events, console, 60.0, "")
        result = VmResult(ending, why, events, console, "", (), "tcg", "virtual", "7.2.0", None, 1.0, "boot")
        ctx._executor = FakeExecutor(result)
        programs_of(result)
        read_exit(events)
        read_dump(events)
        read_snapshots(events)
        ctx.run(CgroupDef("cg", 2), hold_s=0.2)
    except (KtstrError, VerdictFailed) as error:
        return str(error)
    finally:
        json.dumps(ctx.runs)
        ctx.runs.clear()
    return None


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
