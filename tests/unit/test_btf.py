"""BTF: types as bpftool lists them, values as in the source, and an error for everything that is damaged."""

import base64
import json
from pathlib import Path
from typing import Any

from ktstr.events.btf.names import size_of, type_name
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.types import (
    Array,
    Btf,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Kind,
    Reference,
    Section,
    Struct,
    Tag,
    Var,
)
from ktstr.events.btf.values import decode

KINDS = json.loads((Path(__file__).parent / "data" / "btf" / "kinds.json").read_text())
BLOB, DATA = base64.b64decode(KINDS["btf"]), base64.b64decode(KINDS["data"])
OUTER = 7  # the number of `struct outer` in it
LINKAGES = ("static", "global", "extern")


def as_bpftool(btf: Btf, number: int) -> dict[str, Any]:
    """A type as `bpftool btf dump -j` lists it."""
    type = btf.types[number]
    name = getattr(type, "name", "") or "(anon)"

    def about(kind: str, **fields: Any) -> dict[str, Any]:
        return {"id": number, "kind": kind, "name": name, **fields}

    def encoding(signed: bool) -> str:
        return "SIGNED" if signed else "UNSIGNED"

    match type:
        case Int():
            flag = "BOOL" if type.bool else "CHAR" if type.char else "SIGNED" if type.signed else "(none)"
            return about("INT", size=type.size, bits_offset=type.offset, nr_bits=type.bits, encoding=flag)
        case Float():
            return about("FLOAT", size=type.size)
        case Reference():
            return about(type.kind.name, type_id=type.type)
        case Array():
            return about("ARRAY", type_id=type.type, index_type_id=type.index_type, nr_elems=type.count)
        case Struct():
            members = [
                {"name": one.name or "(anon)", "type_id": one.type, "bits_offset": one.bit_offset}
                | ({"bitfield_size": one.bits} if one.bits else {})
                for one in type.members
            ]
            kind = "UNION" if type.union else "STRUCT"
            return about(kind, size=type.size, vlen=len(members), members=members)
        case Enum():
            values = [{"name": one.name, "val": one.value} for one in type.values]
            kind = "ENUM64" if type.wide else "ENUM"
            return about(
                kind, encoding=encoding(type.signed), size=type.size, vlen=len(values), values=values
            )
        case Forward():
            return about("FWD", fwd_kind="union" if type.union else "struct")
        case Func():
            return about("FUNC", type_id=type.type, linkage=LINKAGES[type.linkage])
        case FuncProto():
            params = [{"name": one.name or "(anon)", "type_id": one.type} for one in type.parameters]
            return about("FUNC_PROTO", ret_type_id=type.returns, vlen=len(params), params=params)
        case Var():
            return about("VAR", type_id=type.type, linkage=LINKAGES[type.linkage])
        case Section():
            variables = [
                {"type_id": one.type, "offset": one.offset, "size": one.size} for one in type.variables
            ]
            return about("DATASEC", size=type.size, vlen=len(variables), vars=variables)
        case Tag():
            return about("DECL_TAG", type_id=type.type, component_idx=type.component)
        case _:
            raise AssertionError(type)


def listed() -> list[dict[str, Any]]:
    """bpftool's list. Its JSON (not its text) has the values of an unsigned enum with sign extension."""
    for type in KINDS["types"]:
        for value in type.get("values", ()):
            if type["encoding"] == "UNSIGNED":
                value["val"] %= 1 << 8 * type["size"]
    return list(KINDS["types"])


def test_every_type_is_as_bpftool_lists_it() -> None:
    btf = read_btf(BLOB)
    assert [as_bpftool(btf, number) for number in range(1, len(btf.types))] == listed()
    assert {one["kind"] for one in listed()} == {kind.name for kind in Kind} - {"VOID"}


def test_values_of_every_kind_are_those_of_the_source() -> None:
    assert decode(read_btf(BLOB), OUTER, DATA) == {
        "inner": {
            "corners": [{"x": 1, "y": -1}, {"x": 300, "y": -300}],
            "whole": 0x0102030405060708,
            "parts": [8, 7, 6, 5, 4, 3, 2, 1],
            "limits": {"level": 4, "temperature": "COLD"},
        },
        "flags": {"one": 1, "small": -16, "color": "GREEN", "set": True, "far": 0x10000000001},
        "name": "everything",
        "text": None,
        "opaque": None,
        "hidden": None,
        "self": None,
        "call": None,
        "grid": [[1, 2, 3], [4, 5, 2**64 - 1]],
        "huge": -2,
        "mask": 0xFEED << 64 | 1,
        "ratio": 0.5,
        "exact": -1.25,
        "yes": True,
        "tiny": -128,
        "byte": 255,
        "letter": ord("k"),
        "color": "BLUE",
        "wide": "WIDE_BIT",
        "lowest": "LOWEST",
        "noted": 99,
        "user": None,
        "rest": "",
    }


def test_types_have_their_names_in_c() -> None:
    btf = read_btf(BLOB)
    outer = btf.types[OUTER]
    assert isinstance(outer, Struct)
    names = {member.name: type_name(btf, member.type) for member in outer.members}
    assert names["inner"] == "struct inner"
    assert names["name"] == "char[16]"
    assert names["text"] == "char *"
    assert names["hidden"] == "union hidden *"
    assert names["call"] == "function *"
    assert names["grid"] == "u64[2][3]"
    assert names["color"] == "enum color"
    assert size_of(btf, OUTER) == 240


def test_pointers_to_arrays_and_pointers() -> None:
    made = Btf(
        (*read_btf(BLOB).types[:4], Array(3, 3, 5), Reference(Kind.PTR, "", 4), Reference(Kind.PTR, "", 2))
    )
    assert [type_name(made, number) for number in (4, 5, 6)] == ["int[5]", "int (*)[5]", "int **"]
