"""The agent's parser of a page of the kernel's ring buffer."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from native_agent import build_native

from ktstr.vm.result import parse_events

SWITCH = 316
MISSED = 1 << 31


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("trace"), "trace_pages", "trace_page", "emit", "clock")


def event(delta: int, prev: int, next_: int, *, type_: int = SWITCH, comm: bytes = b"task") -> bytes:
    """A sched_switch, or another event of that size: common fields, prev's name, pid, priority, state, and next's."""
    body = struct.pack("<HBBi16siiq16si", type_, 0, 0, prev, comm, prev, 120, 0, b"next", next_)
    return struct.pack("<I", delta << 5 | len(body) // 4) + body


def page(*events: bytes, at: int = 1000, flags: int = 0, claims: int | None = None) -> bytes:
    data = b"".join(events)
    return struct.pack("<QQ", at, (len(data) if claims is None else claims) | flags) + data


def parsed(parser: Path, data: bytes) -> list[str]:
    done = subprocess.run([parser], input=data, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def test_switches_have_their_times_and_tasks(parser: Path) -> None:
    data = page(event(5, 1, 2), event(7, 9, 9, type_=1), event(10, 2, 3, comm=b"a" * 15))
    assert parsed(parser, data) == ["1005 3 1 2 task", "1022 3 2 3 " + "a" * 15, "lost 0"]


def test_long_times_are_extended(parser: Path) -> None:
    extend = struct.pack("<II", 7 << 5 | 30, 3)
    stamp = struct.pack("<II", 1 << 5 | 31, 2)
    assert parsed(parser, page(extend, event(1, 1, 2)))[0] == f"{1000 + (3 << 27) + 8} 3 1 2 task"
    assert parsed(parser, page(stamp, event(1, 1, 2)))[0] == f"{(2 << 27) + 2} 3 1 2 task"


def test_padding_is_skipped_and_ends_a_page(parser: Path) -> None:
    skipped = struct.pack("<II", 2 << 5 | 29, 8) + bytes(4)
    rest = struct.pack("<I", 29)
    assert parsed(parser, page(skipped, event(1, 1, 2), rest, event(1, 3, 4))) == [
        "1003 3 1 2 task",
        "lost 0",
    ]


def test_overwritten_events_are_counted(parser: Path) -> None:
    assert parsed(parser, page(event(1, 1, 2), flags=MISSED))[-1] == "lost 1"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(15), "a page of the tracer is too short"),
        (page(event(1, 1, 2), claims=4000), "a page of the tracer claims more bytes than it has"),
        (page(struct.pack("<I", 28), bytes(8)), "an event of the tracer goes beyond its page"),
        (page(struct.pack("<IHHI", 2, SWITCH, 0, 0)), "a sched_switch event is cut"),
    ],
)
def test_a_damaged_page_is_refused(parser: Path, data: bytes, why: str) -> None:
    done = subprocess.run([parser], input=data, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0x11, b"")
    assert [one["what"] for one in parse_events(done.stdout.decode())] == [why]
