"""A checkout of the scx project: what of a scheduler there is BPF, and what its build compiles it with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.nearest import near

__all__ = ["ScxScheduler", "read_scx"]

# Below the top folder; `*` is the scheduler.
_FOLDERS = ("scheds/rust", "scheds/experimental")
_SOURCE = re.compile(r'\.(enable_skel|add_source)\(\s*"([^"]+)"')
# A build script sets further options as texts that begin with one.
_OPTIONS = re.compile(r'"(-[^"]*)"')
_SETS_OPTIONS = "BPF_EXTRA_CFLAGS"
# What scx_cargo, which every build script there uses, passes to clang and ktstr does not. It does not have -Werror.
# Clang 16 cannot have both inline assembly in a header, as scx's arenas have, and the text of sources in its output.
_CFLAGS = ("-Wno-error", "-Wno-compare-distinct-pointer-types", "-mcpu=v3", "-gno-embed-source")


@dataclass(frozen=True)
class ScxScheduler:
    """A scheduler of a tree: its BPF sources, of which the first has its `sched_ext_ops`, and clang's options.

    `vmlinux_h` is the header of kernel types that the tree has, None if it has none for this machine.
    """

    name: str
    tree: Path
    sources: tuple[Path, ...]
    cflags: tuple[str, ...]
    vmlinux_h: Path | None


def read_scx(tree: Path, name: str) -> ScxScheduler:
    """What the tree at `tree` says of scheduler `name`, such as `scx_rusty`, in the build script of its folder.

    Raises KtstrError if there is no such tree or scheduler. A scheduler without a BPF source of its own, as those of
    scx_rustland_core are, has no `sources`.
    """
    if not (tree / "scheds").is_dir():
        raise KtstrError(f"tree={tree}: not a checkout of scx: it has no folder scheds")
    scripts = {path.parent.name: path for top in _FOLDERS for path in sorted((tree / top).glob("*/build.rs"))}
    if name not in scripts:
        raise KtstrError(
            f"scx={name}: {tree} has no such scheduler{near(name, scripts)}; it has {', '.join(sorted(scripts))}"
        )
    folder, text = scripts[name].parent, scripts[name].read_text(encoding="utf-8")
    found = _SOURCE.findall(text)
    # The skeleton's first: the object is called after it.
    sources = [folder / path for _, path in sorted(found, key=lambda one: one[0] != "enable_skel")]
    for source in sources:
        if not source.is_file():
            raise KtstrError(f"scx={name}: {scripts[name]} names {source}, and there is no such file")
    include = tree / "scheds" / "include"
    options = _OPTIONS.findall(text) if _SETS_OPTIONS in text else []
    machine = machine_of_host().kernel_arch
    header = tree / "scheds" / "vmlinux" / "arch" / machine / "vmlinux.h"
    return ScxScheduler(
        name=name,
        tree=tree,
        sources=tuple(sources),
        cflags=(
            *_CFLAGS,
            *(flag for text in options for flag in text.split()),
            f"-D__SCX_TARGET_ARCH_{machine}",
            *(f"-I{path}" for path in (include, include / "bpf-compat")),
        ),
        vmlinux_h=header if header.is_file() else None,
    )
