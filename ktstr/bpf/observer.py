"""The observer: BPF programs on the scheduler's tracepoints, compiled and linked for one kernel.

A loader in the guest would parse the kernel's BTF, which takes longer than many a test. Here all is known: fields have
the offsets of this kernel's own types, and the tracepoints' numbers are in its BTF. What is left for the agent is to
put in the descriptors of three maps.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.bpf.build import compile_bpf, sections, vmlinux_header
from ktstr.guest.agent import INCLUDE
from ktstr.kernel.model import Kernel

__all__ = ["build_observer", "linked"]

_SOURCE = Path(__file__).parent / "observer" / "observer.bpf.c"
_LAYOUT = INCLUDE / "ktstr" / "observer.h"
# The agent makes the maps in this order (ktstr/guest/agent/observer.c).
_MAPS = ("tasks", "figures", "control")
_MAGIC = b"KTSTROB1"
_SECTION = "tp_btf/"
_INSTRUCTION = 8
_LOAD_64 = 0x18  # BPF_LD | BPF_IMM | BPF_DW
_MAP_FD = 1  # BPF_PSEUDO_MAP_FD
_R_BPF_64_64 = 1
_TRACEPOINT = re.compile(r"^#define KTSTR_TRACEPOINT_(\w+) (\d+)$", re.MULTILINE)


def build_observer(kernel: Kernel) -> Path:
    """The observer for `kernel`, as the agent reads it; from the cache, if it was made before for this kernel.

    KtstrError, in one line, if there is no clang that compiles it, or the kernel has no BTF or lacks a tracepoint.
    """
    # Not what the compiler reads, as for schedulers: to ask it takes half a second, and only these two files change.
    digest = cache.digest(kernel.image_sha256, *(path.read_bytes() for path in (_SOURCE, _LAYOUT)))
    key = f"observer-{digest}"

    def make(directory: Path) -> None:
        (directory / "observer").write_bytes(_compiled(kernel))

    return cache.entry("bpf", key, "compiling the observer of latency", make, shared=key) / "observer"


def _compiled(kernel: Kernel) -> bytes:
    if not any(one.name == ".BTF" for one in sections(kernel.image)):  # before anything is built
        raise KtstrError(f"kernel {kernel.release}: has no BTF; CONFIG_DEBUG_INFO_BTF must be set")
    header = vmlinux_header(kernel)
    # Offsets are those of this kernel's types, so there is nothing to relocate in the guest.
    compiled = compile_bpf(_SOURCE, kernel, ("-DBPF_NO_PRESERVE_ACCESS_INDEX",))
    numbers = {name: int(number) for name, number in _TRACEPOINT.findall(header.read_text())}
    return linked(compiled, numbers)


def linked(compiled: Path, tracepoints: dict[str, int]) -> bytes:
    """The programs of an object, each with the number of its tracepoint, and with maps by their place among three.

    KtstrError for an object that needs more than that, and for a tracepoint that is not in `tracepoints`.
    """
    data = compiled.read_bytes()
    inside = {one.name: (one.offset, one.size) for one in sections(compiled)}
    programs = []
    for name in sorted(one for one in inside if one.startswith(_SECTION)):
        tracepoint = name.removeprefix(_SECTION)
        if tracepoint not in tracepoints:
            raise KtstrError(f"the kernel's BTF has no tracepoint {tracepoint}; latency needs it")
        code = bytearray(_bytes(data, inside[name]))
        for at, symbol, kind in _relocations(data, inside, f".rel{name}"):
            if kind != _R_BPF_64_64 or symbol not in _MAPS or code[at] != _LOAD_64:
                raise KtstrError(f"{compiled.name}: {name}: cannot be linked: it refers to {symbol!r}")
            code[at + 1] = (code[at + 1] & 0x0F) | _MAP_FD << 4
            struct.pack_into("<i", code, at + 4, _MAPS.index(symbol))
        head = struct.pack("<32sII", tracepoint.encode(), tracepoints[tracepoint], len(code) // _INSTRUCTION)
        programs.append(head + bytes(code))
    return _MAGIC + struct.pack("<II", len(programs), 0) + b"".join(programs)


def _bytes(data: bytes, section: tuple[int, int]) -> bytes:
    offset, size = section
    return data[offset : offset + size]


def _relocations(data: bytes, inside: dict[str, tuple[int, int]], section: str) -> list[tuple[int, str, int]]:
    """Of each relocation: where, the symbol's name, and the kind."""
    if section not in inside:
        return []
    symbols, names = _bytes(data, inside[".symtab"]), _bytes(data, inside[".strtab"])
    found = []
    for at, info in struct.iter_unpack("<QQ", _bytes(data, inside[section])):
        (start,) = struct.unpack_from("<I", symbols, (info >> 32) * 24)
        found.append((at, names[start : names.find(b"\0", start)].decode(), info & 0xFFFFFFFF))
    return found
