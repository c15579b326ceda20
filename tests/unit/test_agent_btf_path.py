"""How the agent resolves a path in C to a value's bytes, over BTF that clang wrote (data/btf)."""

import base64
import json
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_agent import build_native

KINDS = json.loads((Path(__file__).parent / "data" / "btf" / "kinds.json").read_text())
BLOB, DATA = base64.b64decode(KINDS["btf"]), base64.b64decode(KINDS["data"])


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("btf_path"), "btf_paths", "btf", "btf_path", "emit", "clock")


def found(harness: Path, path: str, of: str = ".data", blob: bytes = BLOB) -> list[str]:
    done = subprocess.run([harness, of, path], input=blob, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("everything.noted", 99),
        ("everything.inner.corners[0].x", 1),
        ("everything.inner.corners[1].y", -300),
        ("everything.inner.whole", 0x0102030405060708),
        ("everything.inner.parts[7]", 1),
        ("everything.inner.limits.level", 4),
        ("everything.inner.limits.temperature", -40),
        ("everything.name[3]", ord("r")),
        ("everything.grid[1][2]", 2**64 - 1),
        ("everything.yes", 1),
        ("everything.tiny", -128),
        ("everything.byte", 255),
        ("everything.color", 0x80000001),
        ("everything.wide", 1 << 40),
        ("everything.lowest", -0x7000000000000000),
        ("counters[2]", 30),
    ],
)
def test_a_path_leads_to_the_bytes_of_its_value(harness: Path, path: str, value: int) -> None:
    (line,) = found(harness, path)
    offset, size, sign = line.split()
    bytes_there = DATA[int(offset) : int(offset) + int(size)]
    assert int.from_bytes(bytes_there, "little", signed=sign == "signed") == value


def test_a_bool_is_not_a_byte(harness: Path) -> None:
    assert found(harness, "everything.yes")[0].endswith(" 1 bool")
    assert found(harness, "everything.byte")[0].endswith(" 1 unsigned")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("everything", "is a struct or union; name a member of it"),
        (
            "everything.inner.corners",
            "is an array of 2; name an element, such as everything.inner.corners[0]",
        ),
        ("everything.inner.corners[2].x", "[2] is beyond its 2 elements"),
        ("everything.grid[1]", "is an array of 3; name an element, such as everything.grid[1][0]"),
        ("everything.rest[0]", "[0] is beyond its 0 elements"),
        ("everything.flags.small", "is a bit field; its bytes hold other fields too"),
        ("everything.flags.set", "is a bit field; its bytes hold other fields too"),
        ("everything.text", "is a pointer"),
        ("everything.ratio", "is not an integer, bool or enum"),
        ("everything.huge", "is a number of 16 bytes; must be one of 1, 2, 4 or 8"),
        ("counters.first", ".first follows something that is not a struct"),
        ("everything.noted[0]", "[0] follows something that is not an array"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(harness: Path, path: str, why: str) -> None:
    assert found(harness, path)[0] == why


def test_an_unknown_variable_is_refused_with_those_of_the_section(harness: Path) -> None:
    lines = found(harness, "everythin.noted")
    assert lines[:2] == ["no such variable in .data", "everythin.noted"]
    assert sorted(lines[2:]) == ["counters", "everything", "unnamed_value"]


def test_an_unknown_member_is_refused_with_those_of_its_struct(harness: Path) -> None:
    lines = found(harness, "everything.inner.halves[1]")
    assert lines == ["inner has no such member", "halves[1]", "corners", "whole", "parts", "limits"]


def test_an_element_of_an_array_map_is_named_from_its_members_on(harness: Path) -> None:
    assert found(harness, ".y", of="point") == ["2 2 signed"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(BLOB) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(BLOB)))
def test_damaged_types_are_not_read_past_their_end(harness: Path, at: int, byte: int, cut: int) -> None:
    """The kernel checks what it takes; what the sanitizers would find here ends the harness with another status."""
    damaged = BLOB[:at] + bytes([byte]) + BLOB[at + 1 :]
    found(harness, "everything.inner.corners[1].y", blob=damaged[: cut or len(damaged)])


def btf(types: bytes, strings: bytes = b"\0.data\0a\0") -> bytes:
    """BTF of these types: magic, version, flags, length of the header, then offset and length of both parts."""
    return (
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings
    )


# A struct (kind 4) of 4 bytes with two members without a name, both of that same struct; and a section of one variable.
CYCLE = btf(
    struct.pack("<III", 0, 4 << 24 | 2, 4)
    + 2 * struct.pack("<III", 0, 1, 0)
    + struct.pack("<IIII", 7, 14 << 24, 1, 1)
    + struct.pack("<IIIIII", 1, 15 << 24 | 1, 4, 2, 0, 4)
)


@pytest.mark.parametrize("path", ["a.b", "a.a.a"])
def test_types_that_contain_themselves_end_the_search(harness: Path, path: str) -> None:
    assert found(harness, path, blob=CYCLE) == ["a struct without a name has no such member", path[2:]]


def test_types_at_an_odd_offset_are_refused(harness: Path) -> None:
    odd = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 1, 16, 0, 1) + bytes(17)
    assert found(harness, "a", blob=odd) == ["no BTF"]
