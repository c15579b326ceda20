"""A stand-in for a kernel's source: its makefile takes what ktstr gives kbuild's, and builds in a moment."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from ktstr.kernel.build import Recipe, Toolset
from ktstr.kernel.fragment import wanted
from ktstr.kernel.sources.source import Code

__all__ = ["TOOLSET", "files", "recipe", "tarball", "write"]

TOOLSET = Toolset(("CC=gcc",), False, "gcc of the test")

# KTSTR_TEST_OBJECTS gets a line for each object that is begun; the second waits while KTSTR_TEST_HOLD exists.
_MAKEFILE = """\
# SPDX-License-Identifier: GPL-2.0
VERSION = {version}
PATCHLEVEL = {patchlevel}
SUBLEVEL = {sublevel}
EXTRAVERSION =
NAME = Stand-in

OBJECTS := $(addprefix $(O)/,one.o two.o three.o)

allnoconfig:
\t@grep -v CONFIG_LACKING= $(KCONFIG_ALLCONFIG) > $(O)/.config

vmlinux: $(OBJECTS)
\t@echo "  LD      vmlinux"
\t@$(CC) -nostdlib -static -Wl,-e,0 -o $(O)/vmlinux $^
\t@mkdir -p $(O)/include/config
\t@echo {version}.{patchlevel}.{sublevel} > $(O)/include/config/kernel.release
\t@touch $(O)/System.map

$(O)/%.o: %.c
\t@echo "  CC      $*.o"
\t@if [ -n "$$KTSTR_TEST_OBJECTS" ]; then echo $* >> "$$KTSTR_TEST_OBJECTS"; fi
\t@if [ $* = two ]; then while [ -e "$${{KTSTR_TEST_HOLD:-/nonexistent}}" ]; do sleep 0.02; done; fi
\t@$(CC) -c -o $@ $<

$(O)/two.o: $(O)/one.o
$(O)/three.o: $(O)/two.o
"""
_KCONFIG = """\
config MACHINE
\tbool "A machine"

config LACKING
\tbool "What a machine has"
\tdepends on MACHINE && 64BIT
"""


def files(version: str = "9.1.2") -> dict[str, bytes]:
    """The files by path."""
    major, minor, patch = version.split(".")
    makefile = _MAKEFILE.format(version=major, patchlevel=minor, sublevel=patch)
    sources = {f"{name}.c": f"int {name};\n".encode() for name in ("one", "two", "three")}
    return {"Makefile": makefile.encode(), "Kconfig": _KCONFIG.encode(), **sources}


def write(folder: Path, content: Mapping[str, bytes]) -> Path:
    """The files below `folder`."""
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def tarball(content: Mapping[str, bytes | tarfile.TarInfo], top: str = "linux-9.1.2") -> bytes:
    """A `.tar.xz` as kernel.org's are; a value that is a TarInfo is written as it is, its name included."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=0) as archive:
        for name, data in content.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data, io.BytesIO(bytes(data.size)))
                continue
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def recipe(content: Mapping[str, bytes] | None = None, *settings: str, id: str = "id") -> Recipe:
    """A recipe for the files."""
    code = Code(id, "the test", lambda folder: write(folder, files() if content is None else content))
    return Recipe(code, wanted((), settings), TOOLSET)
