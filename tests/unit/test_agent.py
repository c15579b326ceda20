"""The agent's plan reader and event writer, as the guest has them."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_agent import build_native

from ktstr.base.topology import Topology
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario
from ktstr.vm.result import Event, parse_events


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("harness"), "plan_lines", "plan", "emit", "clock")


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("writer"), "events", "emit", "clock")


def read(harness: Path, plan: str) -> tuple[int, list[Event]]:
    """The agent's exit code, and its events without their times."""
    done = subprocess.run([harness], input=plan.encode(), capture_output=True, check=False)
    assert done.stderr == b""
    lines = done.stdout.decode("ascii").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    return done.returncode, [
        {key: event[key] for key in event if key != "t"} for event in parse_events(done.stdout.decode())
    ]


def plan(*command: str) -> str:
    return scenario_plan(Scenario(hold_s=1), Topology(), scheduler=command)


def test_a_plan_is_read_line_by_line(harness: Path) -> None:
    assert read(harness, plan("/mine", "-v")) == (
        0,
        [
            {"ev": "line", "0": "scheduler", "1": "30000000000", "2": "/mine", "3": "-v"},
            {"ev": "line", "0": "hold", "1": "1000000000"},
        ],
    )


ARGUMENTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(commands=st.lists(ARGUMENTS, min_size=1, max_size=30))
def test_an_argument_goes_through_plan_and_event_as_it_is(harness: Path, commands: list[list[str]]) -> None:
    status, events = read(harness, "".join(plan("/mine", *arguments) for arguments in commands))
    assert status == 0
    assert [list(event.values())[3:] for event in events[::2]] == [["/mine", *one] for one in commands]


@pytest.mark.parametrize("length", [100, 16_384, 50_000])
@pytest.mark.parametrize("character", ["x", '"', "\1"])
def test_an_event_of_any_length_is_a_whole_one(harness: Path, character: str, length: int) -> None:
    status, events = read(harness, plan("/mine", character * length))
    text = events[0]["3"]
    assert status == 0
    assert text == character * len(text)
    assert len(text) == length if length == 100 else len(text) > 2_000


@pytest.mark.parametrize("count", [1, 100, 254])
def test_an_event_of_many_values_is_a_whole_one(harness: Path, count: int) -> None:
    status, events = read(harness, plan("/mine", *["x" * 40] * (count - 1)))
    assert status == 0
    assert events[0]["2"] == "/mine"


@pytest.mark.parametrize(
    ("text", "what"),
    [("hold 1", "the last line has no newline"), ("a " * 256 + "a\n", "a line has too many tokens")],
)
def test_a_damaged_plan_is_refused(harness: Path, text: str, what: str) -> None:
    assert read(harness, text) == (0x11, [{"ev": "error", "where": "plan", "what": what}])


def fields(writer: Path, *wanted: str) -> dict[str, object]:
    """The one event that has these fields, KIND:LENGTH:BYTE each; it must be a line of at most 16 KiB."""
    done = subprocess.run([writer, *wanted], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout) <= 16_384
    assert done.stdout.count(b"\n") == 1
    event: dict[str, object] = json.loads(done.stdout)
    return {key: value for key, value in event.items() if key not in ("ev", "t")}


@pytest.mark.parametrize("byte", [ord("x"), ord('"'), 1, 255])
@pytest.mark.parametrize("length", [*range(14_000, 16_500, 97), 20_000, 50_000])
def test_an_event_is_whole_whatever_follows_a_long_string(writer: Path, length: int, byte: int) -> None:
    """Quoting used to write past the buffer when three fields followed a string of 20 kB."""
    found = fields(writer, f"t:{length}:{byte}", "t:7:34", "t:300:1", "n:0:0", "i:0:0")
    assert len(str(found["1"])) > 2_000
    assert (found["2"], found["4"], found["5"]) == ('"' * 7, 2**64 - 1, -(2**63))


@pytest.mark.parametrize("kind", ["t", "b", "l"])
def test_fields_that_do_not_fit_are_left_out_with_all_that_follow(writer: Path, kind: str) -> None:
    found = fields(writer, *[f"{kind}:3000:49"] * 20, "n:0:0")
    assert list(found) == [str(i) for i in range(1, len(found) + 1)]
    assert 4 <= len(found) <= 21


def test_a_chunk_of_8_kib_fits_in_base64(writer: Path) -> None:
    assert len(str(fields(writer, "b:8192:49")["1"])) == 10_924


def test_a_list_without_numbers_is_empty(writer: Path) -> None:
    assert fields(writer, "l:0:0", "l:16:0") == {"1": [], "2": [0, 0]}
