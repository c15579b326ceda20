"""BTF that no compiler would make: each is read or refused in one line, in bounded time."""

import base64
import json
import random
import signal
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktstr.base.errors import KtstrError
from ktstr.events.btf.names import find_section, type_name
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.text import is_zero, value_text
from ktstr.events.btf.types import (
    Forward,
    Int,
    Kind,
    Section,
    Unknown,
)
from ktstr.events.btf.values import Value, decode, decode_section

KINDS = json.loads((Path(__file__).parent / "data" / "btf" / "kinds.json").read_text())
BLOB, DATA = base64.b64decode(KINDS["btf"]), base64.b64decode(KINDS["data"])


# Blobs that a compiler would not make.


@dataclass
class Blob:
    """BTF under construction: types are numbered from 1 in the order in which they are added."""

    types: bytes = b""
    strings: bytes = b"\0"
    count: int = 0

    def add(
        self, kind: int, name: str = "", count: int = 0, third: int = 0, rest: bytes = b"", flag: int = 0
    ) -> int:
        offset = 0
        if name:
            offset = len(self.strings)
            self.strings += name.encode() + b"\0"
        self.types += struct.pack("<III", offset, flag << 31 | kind << 24 | count, third) + rest
        self.count += 1
        return self.count

    def integer(self, name: str = "int", size: int = 4, encoding: int = 1) -> int:
        return self.add(Kind.INT, name, third=size, rest=struct.pack("<I", encoding << 24 | 8 * size))

    def array(self, type: int, count: int) -> int:
        return self.add(Kind.ARRAY, rest=struct.pack("<III", type, type, count))

    def struct(self, *members: tuple[int, int], size: int = 0, kind: int = Kind.STRUCT) -> int:
        rest = b"".join(struct.pack("<III", 0, *member) for member in members)
        return self.add(kind, count=len(members), third=size, rest=rest)

    def typedef(self, type: int) -> int:
        return self.add(Kind.TYPEDEF, "t", third=type)

    def bytes(self, layouts: bytes = b"") -> bytes:
        length = 32 if layouts else 24
        after = len(self.types) + len(self.strings)
        head = struct.pack(
            "<HBBIIIII", 0xEB9F, 1, 0, length, 0, len(self.types), len(self.types), len(self.strings)
        )
        if layouts:
            head += struct.pack("<II", after, len(layouts))
        return head + self.types + self.strings + layouts


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A test that takes a minute of CPU time hangs: all of them together need far less."""

    def ended(*_: object) -> None:
        raise AssertionError("it does not come to an end")

    before = signal.signal(signal.SIGVTALRM, ended)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def outcome(blob: bytes, data: bytes) -> list[Value | KtstrError]:
    """The value or the error that each type of `blob` gives for `data`; the error alone if the blob is refused."""
    try:
        btf = read_btf(blob)
    except KtstrError as error:
        return [error]
    outcomes: list[Value | KtstrError] = []
    for number in range(len(btf.types)):
        assert isinstance(type_name(btf, number), str)
        try:
            value = decode(btf, number, data)
            value_text(value)
            json.dumps(value, allow_nan=False)
            outcomes.append(value)
            if isinstance(btf.types[number], Section):
                decode_section(btf, number, data)
        except KtstrError as error:
            outcomes.append(error)
    assert not any("\n" in str(one) for one in outcomes if isinstance(one, KtstrError))
    return outcomes


def refused(blob: Blob, type: int, data: bytes = bytes(64)) -> str:
    result = outcome(blob.bytes(), data)[type]
    assert isinstance(result, KtstrError), result
    return str(result)


def test_a_cycle_of_typedefs_is_an_error() -> None:
    blob = Blob()
    blob.typedef(2)
    blob.typedef(1)
    assert "a cycle of them" in refused(blob, 1)


def test_an_array_of_itself_is_an_error() -> None:
    blob = Blob()
    array = blob.array(1, 3)
    assert "of itself" in refused(blob, array)


def test_a_struct_in_itself_is_an_error() -> None:
    blob = Blob()
    assert "nested more than" in refused(blob, blob.struct((1, 0), size=4))


def test_a_huge_array_is_an_error() -> None:
    blob = Blob()
    blob.array(blob.integer(), 2**32 - 1)
    assert "ends at byte" in refused(blob, 2)


def test_a_huge_array_of_nothing_is_an_error() -> None:
    blob = Blob()
    blob.array(blob.struct(), 2**32 - 1)
    assert outcome(blob.bytes(), bytes(64))[2] == []


def test_a_huge_string_is_an_error() -> None:
    blob = Blob()
    blob.array(blob.integer("char", 1), 2**32 - 1)
    assert "too many parts" in refused(blob, 2)


def test_a_tree_of_unions_is_an_error() -> None:
    """Thirty unions, each with two of the one before: 2**30 values in four bytes."""
    blob = Blob()
    inner = blob.integer()
    for _ in range(30):
        inner = blob.struct((inner, 0), (inner, 0), size=4, kind=Kind.UNION)
    assert "too many parts" in refused(blob, inner)


def test_zeros_at_the_end_of_a_long_array_are_left_out() -> None:
    blob = Blob()
    number = blob.integer()
    pairs = blob.array(number, 2)
    long, short = blob.array(pairs, 65), blob.array(pairs, 64)
    btf, data = read_btf(blob.bytes()), struct.pack("<5i", 1, 0, 0, 2, 3).ljust(65 * 8, b"\0")
    assert decode(btf, long, data) == [[1, 0], [0, 2], [3, 0]]
    assert decode(btf, short, data) == [[1, 0], [0, 2], [3, 0], *[[0, 0]] * 61]
    assert decode(btf, long, bytes(65 * 8)) == []


def test_a_value_of_too_many_numbers_is_an_error() -> None:
    blob = Blob()
    blob.array(blob.integer("u8", 1), 300_000)
    assert "with more than 262144" in refused(blob, 2, b"x" * 300_000)


def test_names_that_share_their_text_are_truncated() -> None:
    blob = Blob(strings=b"\0" + b"n" * 200_000 + b"\0")
    for offset in range(20_000):
        blob.types += struct.pack("<III", 1 + offset, Kind.FWD << 24, 0)
    types = read_btf(blob.bytes()).types
    assert max(len(type.name) for type in types if isinstance(type, Forward)) == 512


def test_members_of_the_same_name_are_all_kept() -> None:
    blob = Blob()
    number = blob.integer("int", 1)
    blob.struct(*((number, 0) for _ in range(3000)), size=1)
    value = decode(read_btf(blob.bytes()), 2, b"\x07")
    assert isinstance(value, dict)
    assert list(value.values()) == [7] * 3000


def test_many_enumerators_and_values_of_an_enum() -> None:
    blob = Blob()
    names = b"".join(struct.pack("<Ii", 0, i + 1000) for i in range(50_000))
    blob.add(Kind.ENUM, count=50_000, third=1, rest=names)
    blob.array(1, 30_000)
    assert decode(read_btf(blob.bytes()), 2, b"\x07" * 30_000) == [7] * 30_000


@pytest.mark.parametrize("size", [0, 3, 9, 2**32 - 1])
def test_an_enum_of_an_invalid_size_is_an_error_or_a_number(size: int) -> None:
    blob = Blob()
    blob.add(Kind.ENUM, third=size)
    result = outcome(blob.bytes(), bytes(16))[1]
    assert result == 0 if size == 3 else isinstance(result, KtstrError)


def test_unknown_kinds_are_skipped_if_the_object_gives_their_size() -> None:
    blob = Blob()
    blob.add(30, "later", count=3, rest=bytes(4 + 3 * 8))
    blob.integer()
    layouts = bytes(4 * 30) + struct.pack("<BBH", 4, 8, 0)
    assert read_btf(blob.bytes(layouts)).types[1:] == (
        Unknown(30, "later"),
        Int("int", 4, 0, 32, True, False, False),
    )
    with pytest.raises(KtstrError, match="type 1 is of kind 30, which is not known"):
        read_btf(blob.bytes())


@pytest.mark.parametrize(
    ("blob", "what"),
    [
        (b"", "it has 0 bytes, fewer than a header"),
        (BLOB[:23], "it has 23 bytes, fewer than a header"),
        (b"\xeb\x9f" + BLOB[2:], "it is big-endian"),
        (b"\x7fELF" + BLOB[4:], "it begins with 0x457f"),
        (BLOB[:2] + b"\2" + BLOB[3:], "its version is 2; must be 1"),
        (BLOB[:4] + struct.pack("<I", 20) + BLOB[8:], "its header claims to have 20 bytes"),
        (BLOB[:4] + struct.pack("<I", 2**32 - 1) + BLOB[8:], "its types end at byte"),
        (BLOB[:-1], "its strings end at byte 2341 of 2340"),
        (BLOB[:20] + struct.pack("<I", 2**32 - 1) + BLOB[24:], "its strings end at byte"),
        (Blob(strings=b"x").bytes(), "its strings do not end with a zero byte"),
        (Blob(types=bytes(8)).bytes(), "type 1 is cut off"),
        (Blob(types=struct.pack("<III", 0, Kind.STRUCT << 24 | 0xFFFFFF, 4)).bytes(), "type 1 has 16777215 elements"),
        (Blob(types=struct.pack("<III", 99, Kind.FWD << 24, 0)).bytes(), "a name of type 1 lies outside its strings"),
        (Blob(types=struct.pack("<III", 0, Kind.PTR << 24, 7)).bytes(), "type 1 refers to type 7 of 2"),
        (Blob(types=struct.pack("<IIII", 0, Kind.INT << 24, 4, 0)).bytes(), "an integer of 0 bits in 4 bytes"),
    ],
)  # fmt: skip
def test_damage_is_reported(blob: bytes, what: str) -> None:
    with pytest.raises(KtstrError, match=f"BTF cannot be read: .*{what}"):
        read_btf(blob)


def altered(blob: bytes, chance: random.Random) -> bytes:
    """`blob` truncated, with bytes overwritten, or with a part of it moved."""
    data = bytearray(blob)
    match chance.randrange(4):
        case 0:
            del data[chance.randrange(len(data)) :]
        case 1:
            for _ in range(chance.randint(1, 8)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case 2:
            at = chance.randrange(0, len(data) - 4, 4)  # a word: a count, a size, a type
            data[at : at + 4] = struct.pack(
                "<I", chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, chance.getrandbits(32)])
            )
        case _:
            start, to = (chance.randrange(24, len(data)) for _ in range(2))
            data[to : to + 48] = data[start : start + 48]
    return bytes(data)


@pytest.mark.parametrize("seed", range(60))
def test_altered_types_and_values_give_a_value_or_an_error(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        outcome(altered(BLOB, chance), DATA)
        outcome(BLOB, altered(DATA, chance))


def test_alterations_give_errors_and_types() -> None:
    """The test above covers both blobs that are refused and blobs that are read."""
    results = [outcome(altered(BLOB, random.Random(seed)), DATA) for seed in range(60)]
    assert 10 <= sum(len(outcomes) == 1 for outcomes in results) <= 50


@settings(max_examples=50, deadline=None)
@given(blob=st.binary(max_size=400), data=st.binary(max_size=64))
def test_arbitrary_bytes_give_a_value_or_an_error(blob: bytes, data: bytes) -> None:
    outcome(struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(blob), len(blob), 1) + blob + b"\0", data)


def section(blob: Blob, name: str, *variables: tuple[int, int]) -> int:
    rest = b"".join(struct.pack("<III", type, offset, 4) for type, offset in variables)
    return blob.add(Kind.DATASEC, name, count=len(variables), third=16, rest=rest)


def test_a_damaged_variable_does_not_hide_others() -> None:
    blob = Blob()
    number = blob.integer()
    crash = blob.add(Kind.VAR, "crash", third=number, rest=bytes(4))
    far = blob.add(Kind.VAR, "far", third=number, rest=bytes(4))
    circle = blob.typedef(blob.count + 1)
    damaged = blob.add(Kind.VAR, "damaged", third=circle, rest=bytes(4))
    section(blob, ".bss", (crash, 4), (far, 100), (damaged, 0))
    btf = read_btf(blob.bytes())
    variables = decode_section(btf, find_section(btf, ".bss") or 0, struct.pack("<4i", 0, 1, 0, 0))
    assert (variables[0].name, variables[0].type, variables[0].value, variables[0].problem) == (
        "crash",
        "int",
        1,
        "",
    )
    assert variables[1].problem == "a value that ends at byte 104 of 16"
    assert "a cycle of them" in variables[2].problem
    assert find_section(btf, ".data") is None


TEXTS: Sequence[tuple[Value, str]] = [
    (0, "0"),
    (True, "true"),
    (None, "NULL"),
    ("ktstr-w0", "ktstr-w0"),
    ("two words", '"two words"'),
    ("", '""'),
    ([1, 2, 2, 0, 0, 0, 0, 0], "[1 2 2 0 x5]"),
    ({"a": 1, "b": 0, "c": {"d": [0, 0], "e": "RED"}, "f": {"g": None}}, "{a=1 c={e=RED}}"),
    ({"a": 0}, "{}"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_a_value_as_text(value: Value, text: str) -> None:
    assert value_text(value) == text


def test_zero_values() -> None:
    zeros: list[Value] = [0, 0.0, False, None, "", [], [0, {"a": ""}], {}]
    others: list[Value] = [1, -0.5, True, "RED", [0, 1], {"a": {"b": "x"}}]
    assert [is_zero(value) for value in zeros + others] == [True] * len(zeros) + [False] * len(others)
