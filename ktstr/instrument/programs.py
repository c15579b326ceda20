"""The BPF functions that were counted, by the kernel's own tables: their names, and the source line of each address."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.types import Btf, Func
from ktstr.instrument.layout import Layout
from ktstr.instrument.parts import Owner, Read

__all__ = ["STRUCT_OPS", "Function", "Place", "called", "functions_of"]

STRUCT_OPS = 27
"""The type of the programs that are a scheduler's callbacks (BPF_PROG_TYPE_STRUCT_OPS)."""

_LINE_INFO = struct.Struct("<IIII")  # insn_off, file_name_off, line_off, line_col
_FUNC_INFO = struct.Struct("<II")  # insn_off, type_id
_STRINGS = struct.Struct("<II")  # str_off, str_len, at byte 16 of the header; hdr_len is at byte 4
_NAME_BYTES = 16  # BPF_OBJ_NAME_LEN


@dataclass(frozen=True, slots=True)
class Place:
    """From `address` on code belongs to `line` of `file`, up to the next place. `column` is from 1 on; 0: not known."""

    address: int
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Function:
    """A BPF program (`part` 0) or one of its subprograms, as the kernel has it.

    `places` are in order of their addresses; empty if the object has no line information. `code` is the machine code.
    """

    owner: Owner
    name: str
    part: int
    type: int
    code: bytes
    places: tuple[Place, ...]


def called(file: str, path_of: Callable[[str], str]) -> str:
    """How a file is called: by its path, or, if `path_of` knows none, as the tables name it."""
    return path_of(file) or file.removeprefix("./")


def functions_of(counts: Read, layout: Layout) -> list[Function]:
    """The programs and subprograms that the guest had, executed or not; KtstrError if a table of theirs is damaged."""
    types: dict[bytes, _Types] = {}
    found = []
    for owner in counts.owners:
        if owner.is_program and (owner.reading, owner.aux) in counts.memory:
            found.append(_Tables(counts, layout, owner).function(types))
    return found


class _Types:
    """An object's BTF: its functions by type number, and its strings."""

    def __init__(self, data: bytes) -> None:
        btf: Btf = read_btf(data)
        self.functions = {number: one.name for number, one in enumerate(btf.types) if isinstance(one, Func)}
        (header,) = struct.unpack_from("<I", data, 4)
        start, size = _STRINGS.unpack_from(data, 16)
        self._strings = data[header + start : header + start + size]

    def text(self, offset: int) -> str:
        """The string at that offset."""
        return self._strings[offset:].partition(b"\0")[0].decode(errors="replace")


@dataclass(frozen=True)
class _Tables:
    """The memory of one function."""

    counts: Read
    layout: Layout
    owner: Owner

    def function(self, known: dict[bytes, _Types]) -> Function:
        try:
            data = self._btf(self.owner.object) if self.owner.object else b""
            if data and data not in known:
                known[data] = _Types(data)
            types = known.get(data)
            part = self._u32("func_idx")
            return Function(
                owner=self.owner,
                name=self._name(types, part),
                part=part,
                type=struct.unpack_from(
                    "<I", self._memory(self._u64("prog")), self.layout.at["bpf_prog.type"]
                )[0],
                code=self._memory(self.owner.start),
                places=self._places(types) if types else (),
            )
        except struct.error:
            raise KtstrError(f"BPF program {self.owner.name}: its tables are damaged") from None

    def _name(self, types: _Types | None, part: int) -> str:
        """The function's name in its BTF, else the short one that the kernel keeps."""
        infos = list(_FUNC_INFO.iter_unpack(self._memory(self._u64("func_info"))))
        if types and part < len(infos) and (name := types.functions.get(infos[part][1])):
            return name
        at = self.layout.at["bpf_prog_aux.name"]
        return (
            self._aux[at : at + _NAME_BYTES].partition(b"\0")[0].decode(errors="replace") or self.owner.name
        )

    def _places(self, types: _Types) -> tuple[Place, ...]:
        """The places in this function; the kernel's tables have those of the whole program."""
        lines = _LINE_INFO.iter_unpack(self._memory(self._u64("linfo")))
        addresses = struct.iter_unpack("<Q", self._memory(self._u64("jited_linfo")))
        places = {}
        for (_, file, _, line_column), (address,) in zip(lines, addresses, strict=False):
            if self.owner.start <= address < self.owner.end:
                # Of lines with one address the last has the code: those before it have none left.
                places[address] = Place(address, types.text(file), line_column >> 10, line_column & 0x3FF)
        return tuple(places[address] for address in sorted(places))

    @property
    def _aux(self) -> bytes:
        return self._memory(self.owner.aux)

    def _memory(self, address: int) -> bytes:
        return self.counts.memory.get((self.owner.reading, address), b"")

    def _btf(self, address: int) -> bytes:
        (data,) = struct.unpack_from("<Q", self._memory(address), self.layout.at["btf.data"])
        return self._memory(data)

    def _u32(self, member: str) -> int:
        return int(struct.unpack_from("<I", self._aux, self.layout.at[f"bpf_prog_aux.{member}"])[0])

    def _u64(self, member: str) -> int:
        return int(struct.unpack_from("<Q", self._aux, self.layout.at[f"bpf_prog_aux.{member}"])[0])
