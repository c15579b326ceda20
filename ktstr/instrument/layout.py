"""Where a kernel keeps its BPF programs, and where it switches tasks: addresses, and the places of what structs hold.

All of it is in the kernel's image: addresses among its symbols, places in its BTF.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.bpf.object_file import sections
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.types import Btf, Struct
from ktstr.kernel.kallsyms import symbols_in
from ktstr.kernel.model import Kernel

__all__ = ["Hooks", "Layout", "btf_of", "hooks_of", "layout_of"]

_LIST = "bpf_kallsyms"
# In the order of `hooks` in c/timeline.c.
_FUNCTIONS = ("__switch_to", "try_to_wake_up", "wake_up_new_task")
_TASK = {"task_struct": ("pid", "comm", "__state")}
_CLOCK = "tk_fast_mono"
_CLOCKS = {"tk_fast": ("base",), "tk_read_base": ("cycle_last", "shift", "xtime_nsec", "base")}
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


@dataclass(frozen=True)
class Hooks:
    """Where the kernel switches and wakes tasks, and where its clock is (`symbols`), and the members of what is there
    (`at`)."""

    symbols: Mapping[str, int]
    at: Mapping[str, int]

    @property
    def for_plugin(self) -> str:
        """They as the plugin's argument."""
        return ":".join(
            str(number)
            for names, structs in ((_FUNCTIONS, _TASK), ((_CLOCK,), _CLOCKS))
            for number in (
                *(self.symbols[name] for name in names),
                *(self.at[f"{struct}.{member}"] for struct in structs for member in structs[struct]),
            )
        )


def layout_of(kernel: Kernel) -> Layout:
    """Where the kernel keeps its BPF programs, read once; KtstrError if its image does not say it."""
    symbols, at = _read(kernel, "layout-2", (_LIST,), _MEMBERS)
    return Layout(symbols[_LIST], at)


def hooks_of(kernel: Kernel) -> Hooks:
    """Where the kernel switches and wakes tasks, read once; KtstrError if its image does not say it."""
    return Hooks(*_read(kernel, "hooks-2", (*_FUNCTIONS, _CLOCK), {**_TASK, **_CLOCKS}))


def _read(
    kernel: Kernel, what: str, names: Sequence[str], members: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The addresses of the symbols `names`, and the offset of each `struct.member` and the size of each `struct`."""
    where = f"kernel {kernel.release} ({kernel.image})"

    def make(folder: Path) -> None:
        image = kernel.image.read_bytes()
        at = {}
        for struct in _structs(kernel.image, image, where, members):
            at[struct.name] = struct.size
            for member in struct.members:
                at[f"{struct.name}.{member.name}"] = member.bit_offset // 8
        wanted = [*members, *(f"{struct}.{member}" for struct in members for member in members[struct])]
        if missing := [name for name in wanted if name not in at]:
            raise KtstrError(f"{where}: its BTF has no {missing[0]}, so nothing can be counted in it")
        symbols = symbols_in(image, names)
        if missing := [name for name in names if name not in symbols]:
            raise KtstrError(
                f"{where}: its symbols have no {missing[0]}; CONFIG_KALLSYMS_ALL must be set to count in BPF programs"
            )
        data = {"symbols": symbols, "at": {name: at[name] for name in wanted}}
        (folder / "layout.json").write_text(json.dumps(data))

    key = cache.digest(what, kernel.image_sha256)
    kept = cache.entry("layouts", key, f"reading where kernel {kernel.version} keeps its BPF programs", make)
    data = json.loads((kept / "layout.json").read_text())
    return data["symbols"], data["at"]


def btf_of(path: Path, image: bytes, what: str) -> Btf:
    """The BTF of a kernel's image, which is the file at `path`; KtstrError, beginning with `what`, if it has none."""
    section = next((one for one in sections(path) if one.name == ".BTF"), None)
    if section is None:
        raise KtstrError(f"{what}: has no BTF; CONFIG_DEBUG_INFO_BTF must be set")
    return read_btf(image[section.offset : section.offset + section.size])


def _structs(path: Path, image: bytes, what: str, wanted: Collection[str]) -> list[Struct]:
    """The structs that are wanted, out of the image's BTF."""
    types = btf_of(path, image, what).types
    return [one for one in types if isinstance(one, Struct) and not one.union and one.name in wanted]
