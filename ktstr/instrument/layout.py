"""Where a kernel keeps its BPF programs: the address of its list of them, and the places of what their structs hold.

All of it is in the kernel's image: the address among its symbols, the places in its BTF.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.bpf.object_file import sections
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.types import Struct
from ktstr.kernel.kallsyms import symbols_in
from ktstr.kernel.model import Kernel

__all__ = ["Layout", "layout_of"]

_LIST = "bpf_kallsyms"
_MEMBERS = {
    "bpf_ksym": ("lnode", "prog"),
    "bpf_prog_aux": (
        *("ksym", "prog", "id", "func_idx", "name", "btf"),
        *("linfo", "jited_linfo", "nr_linfo", "func_info", "func_info_cnt"),
    ),
    "bpf_prog": ("type",),
    "btf": ("data", "data_size"),
    "bpf_line_info": (),
    "bpf_func_info": (),
}
# What the plugin is told, in the order of `layout` in c/owner.c; a name without a member is the struct's size.
_FOR_PLUGIN = (
    *("bpf_ksym.lnode", "bpf_ksym.prog", "bpf_prog_aux.ksym", "bpf_prog_aux"),
    *("bpf_prog_aux.prog", "bpf_prog", "bpf_prog.type"),
    *("bpf_prog_aux.linfo", "bpf_line_info", "bpf_prog_aux.jited_linfo", "bpf_prog_aux.nr_linfo"),
    *("bpf_prog_aux.func_info", "bpf_func_info", "bpf_prog_aux.func_info_cnt"),
    *("bpf_prog_aux.btf", "btf", "btf.data", "btf.data_size"),
)


@dataclass(frozen=True)
class Layout:
    """`list` is the address of the list; `at` has the offset of each `struct.member` and the size of each `struct`."""

    list: int
    at: Mapping[str, int]

    @property
    def for_plugin(self) -> str:
        """It as the plugin's argument."""
        return ":".join(map(str, (self.list, *(self.at[name] for name in _FOR_PLUGIN))))


def layout_of(kernel: Kernel) -> Layout:
    """The kernel's layout, read once; KtstrError if its image does not say it."""
    what = f"kernel {kernel.release} ({kernel.image})"

    def make(folder: Path) -> None:
        image = kernel.image.read_bytes()
        at = {}
        for struct in _structs(kernel.image, image, what):
            at[struct.name] = struct.size
            for member in struct.members:
                at[f"{struct.name}.{member.name}"] = member.bit_offset // 8
        wanted = [
            *_MEMBERS,
            *(f"{struct}.{member}" for struct, members in _MEMBERS.items() for member in members),
        ]
        if missing := [name for name in wanted if name not in at]:
            raise KtstrError(f"{what}: its BTF has no {missing[0]}, so its BPF programs cannot be found")
        if _LIST not in (symbols := symbols_in(image, [_LIST])):
            raise KtstrError(
                f"{what}: its symbols have no {_LIST}; CONFIG_KALLSYMS_ALL must be set to count in BPF programs"
            )
        data = {"list": symbols[_LIST], "at": {name: at[name] for name in wanted}}
        (folder / "layout.json").write_text(json.dumps(data))

    key = cache.digest("layout-1", kernel.image_sha256)
    kept = cache.entry("layouts", key, f"reading where kernel {kernel.version} keeps its BPF programs", make)
    return Layout(**json.loads((kept / "layout.json").read_text()))


def _structs(path: Path, image: bytes, what: str) -> list[Struct]:
    """The structs that are needed, out of the image's BTF."""
    section = next((one for one in sections(path) if one.name == ".BTF"), None)
    if section is None:
        raise KtstrError(f"{what}: has no BTF; CONFIG_DEBUG_INFO_BTF must be set")
    btf = read_btf(image[section.offset : section.offset + section.size])
    return [one for one in btf.types if isinstance(one, Struct) and not one.union and one.name in _MEMBERS]
