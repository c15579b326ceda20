"""The code of BPF functions, in a form by which two runs can be compared."""

import pytest
from test_instrument_jumps import RECORDED

from ktstr.base.errors import KtstrError
from ktstr.instrument.code import FunctionCode, codes_from_json, codes_of, codes_to_json
from ktstr.instrument.counts import Owner
from ktstr.instrument.programs import STRUCT_OPS, Function, Place
from ktstr.instrument.texts_x86_64 import insn_texts

START = 0xFFFFFFFFC0001000


def function(code: bytes, name: str = "mine_enqueue", start: int = START, line: int = 3) -> Function:
    owner = Owner(0, True, 1, 0, 7, start, start + len(code), name)
    return Function(owner, name, 0, STRUCT_OPS, code, (Place(start, "mine.bpf.c", line, 1),))


def texts(code: str, start: int = START) -> list[str]:
    return [text for _, text in insn_texts(bytes.fromhex(code), start)]


def test_the_form_of_a_recorded_function() -> None:
    assert [text for _, text in insn_texts(RECORDED, START)][12:21] == [
        "41be01000000",
        "48bf*",  # the address of a map's value
        "f04c0fc17700",
        "4983fe13",
        "j7:bpf",
        "4c89f7",
        "call:bpf",
        "48bf*",
        "488b7700",
    ]


def test_where_code_and_data_lie_does_not_matter() -> None:
    moved = RECORDED.replace(bytes.fromhex("48bf00a0130000c9ffff"), bytes.fromhex("48bf00b0990000c9ffff"))
    assert texts(moved.hex(), START + 0x5000) == texts(RECORDED.hex())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b801000000", "b802000000"),
        ("48b80100000000000080", "48b80200000000000080"),  # SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL
        ("e800000000", "e801000000"),  # another kfunc: these are far below START, in the kernel's text
    ],
)
def test_other_constants_and_other_kfuncs_are_other_code(one: str, other: str) -> None:
    assert texts(one, 0xFFFFFFFF81000000) != texts(other, 0xFFFFFFFF81000000)


def test_a_jump_has_its_distance_in_instructions() -> None:
    assert texts("7401 90 90") == ["j4+2", "90", "90"]
    assert texts("0f8401000000 90 90") == ["j4+2", "90", "90"]
    assert texts("90 ebfd") == ["90", "jmp-1"]


def test_what_cannot_be_decoded_counts_by_its_length() -> None:
    assert texts("90 06 1234") == ["90", "?3"]


def test_codes_have_the_lines_of_their_instructions_and_survive_json() -> None:
    (code,) = codes_of([function(bytes.fromhex("90 c3"))], lambda file: f"tests/{file}")
    assert code == FunctionCode("mine_enqueue", True, ("90", "c3"), (("tests/mine.bpf.c", 3),) * 2)
    assert codes_to_json([code])[0]["insns"] == [["tests/mine.bpf.c", 3, "90 c3"]]
    assert codes_from_json(codes_to_json([code])) == (code,)


def test_a_function_that_was_loaded_twice_is_one() -> None:
    twice = [function(b"\x90"), function(b"\x90", start=START + 64)]
    assert len(codes_of(twice)) == 1


@pytest.mark.parametrize("data", [None, [1], [{"name": "x"}], [{"name": "x", "callback": 1, "insns": [3]}]])
def test_anything_else_is_refused(data: object) -> None:
    with pytest.raises(KtstrError, match="code cannot be read"):
        codes_from_json(data)
