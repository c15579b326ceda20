"""The agent's stream: bytes become events, without the zeros where there are many, and the host has the bytes again."""

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_agent import build_native

from ktstr.events.dump import joined
from ktstr.events.event import Event
from ktstr.vm.result import parse_events


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("stream"), "streamed", "stream", "emit", "clock")


def streamed(harness: Path, data: bytes, room: int = 2**20, part: int = 0) -> tuple[list[Event], Event]:
    """The events that carry `data`, and the one that reports how it ended."""
    command = [str(harness), str(room), *([str(part)] if part else [])]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    events = parse_events(done.stdout.decode("ascii"))
    return [one for one in events if one["ev"] == "data"], next(one for one in events if one["ev"] == "end")


PIECES = st.lists(
    st.one_of(st.binary(max_size=80), st.sampled_from([bytes(9), bytes(64), bytes(9000), b"\xff" * 9000])),
    max_size=6,
).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=PIECES, part=st.sampled_from([1, 7, 4096, 2**20]))
def test_bytes_come_out_as_they_went_in(harness: Path, data: bytes, part: int) -> None:
    events, end = streamed(harness, data, part=part)
    assert (end["whole"], end["bytes"]) == (1, len(data))
    assert joined(events, "data").get(7, b"").ljust(len(data), b"\0") == data


def test_bytes_without_room_are_left_out(harness: Path) -> None:
    events, end = streamed(harness, b"x" * 1000 + bytes(5000) + b"y" * 1000, room=1500)
    assert (end["whole"], end["bytes"]) == (0, 6500)
    assert joined(events, "data")[7] == b"x" * 1000 + bytes(5000) + b"y" * 500


def test_many_zeros_cost_no_event_and_no_room(harness: Path) -> None:
    events, end = streamed(harness, b"x" + bytes(500_000) + b"y", room=2)
    assert end["whole"] == 1
    assert [(one["at"], base64.b64decode(one["data"])) for one in events] == [(0, b"x"), (500_001, b"y")]
