"""The shared libraries that an ELF program needs, found as the dynamic loader finds them.

Format: the System V gABI's ELF-64; search order: ld.so(8).
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections import deque
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ktstr.base.errors import KtstrError

__all__ = ["Elf", "Library", "built_for", "closure", "read_elf"]

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 1, 5, 15, 29
# EM_* of elf.h.
_MACHINES = {
    3: "i386",
    20: "powerpc",
    21: "ppc64",
    22: "s390x",
    40: "arm (32 bits)",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    247: "BPF",
    258: "loongarch",
}
_DEFAULT_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


@dataclass(frozen=True)
class Elf:
    """What the loader reads of a program or library. `interpreter` is None for a static program."""

    machine: int
    interpreter: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]


@dataclass(frozen=True)
class Library:
    """A library: the name it is asked for by (a path, for the interpreter), its file here, and who asked."""

    name: str
    source: Path
    needed_by: str


def read_elf(path: Path) -> Elf | None:
    """The dynamic section of an ELF-64 file, or None for anything else (a script, a text)."""
    data = path.read_bytes()
    # Little-endian 64-bit, which is what x86-64 and aarch64 Linux use.
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    try:
        return _read(data)
    except (struct.error, OverflowError, ValueError):
        raise KtstrError(
            f"{path}: a damaged ELF file: its program headers lead outside it (is it whole?)"
        ) from None


def built_for(path: Path) -> str | None:
    """The name of the machine that an ELF file is for, whatever its word size and byte order.

    None if that machine is not known, or if it is no ELF file.
    """
    with path.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        return None
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return _MACHINES.get(number)


def closure(program: Path) -> list[Library]:
    """Every library that `program` needs, its interpreter included; each once, in the order found.

    Searched like ld.so: DT_RPATH of the file and of those that loaded it (all only where the file has no
    DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, the loader's cache, the default folders. Raises KtstrError naming a
    missing library and who needs it.
    """
    top = read_elf(program)
    if top is None or (top.interpreter is None and not top.needed):
        return []
    found: dict[str, Library] = {}
    # $ORIGIN is the folder of a program's real file, but that in which a library was found.
    queue: deque[tuple[Path, Elf, tuple[str, ...]]] = deque([(program.resolve(), top, ())])
    if top.interpreter is not None:
        interpreter = Path(top.interpreter)
        if not interpreter.is_file():
            raise KtstrError(f"{program}: its interpreter {interpreter} is not on this machine")
        found[top.interpreter] = Library(top.interpreter, interpreter.resolve(), program.name)
    while queue:
        file, elf, inherited = queue.popleft()
        own = _expand(elf.rpath, file) if not elf.runpath else ()
        rpaths = own + inherited
        for name in elf.needed:
            if name in found:
                continue
            path = _find(name, elf, file, () if elf.runpath else rpaths)
            if path is None:
                raise KtstrError(f"{program}: library {name} (needed by {file.name}) is not on this machine")
            library = read_elf(path)
            if library is None or library.machine != elf.machine:
                raise KtstrError(f"{program}: library {path} (needed by {file.name}) is for another machine")
            found[name] = Library(name, path.resolve(), file.name)
            queue.append((path, library, rpaths))
    return list(found.values())


def _read(data: bytes) -> Elf:
    machine = struct.unpack_from("<H", data, 18)[0]
    phoff = struct.unpack_from("<Q", data, 32)[0]
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    interpreter: str | None = None
    for i in range(phnum):
        kind, _flags, offset, vaddr, _paddr, filesz = struct.unpack_from(
            "<IIQQQQ", data, phoff + i * phentsize
        )
        if kind == _PT_LOAD:
            if offset + filesz > len(data):
                raise ValueError("a segment that is not in the file")
            loads.append((vaddr, offset, filesz))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, filesz)
        elif kind == _PT_INTERP:
            interpreter = data[offset : offset + filesz].rstrip(b"\0").decode()
    tags: list[tuple[int, int]] = []
    if dynamic is not None:
        for at in range(dynamic[0], dynamic[0] + dynamic[1], 16):
            tag, value = struct.unpack_from("<qQ", data, at)
            if tag == 0:
                break
            tags.append((tag, value))
    strings = next((value for tag, value in tags if tag == _DT_STRTAB), 0)

    def text(offset: int) -> str:
        for vaddr, file_offset, filesz in loads:
            if vaddr <= strings + offset < vaddr + filesz:
                start = strings + offset - vaddr + file_offset
                return data[start : data.index(b"\0", start)].decode()
        raise ValueError("a string outside every segment")

    def paths(wanted: int) -> tuple[str, ...]:
        return tuple(part for tag, value in tags if tag == wanted for part in text(value).split(":") if part)

    needed = tuple(text(value) for tag, value in tags if tag == _DT_NEEDED)
    return Elf(machine, interpreter, needed, paths(_DT_RPATH), paths(_DT_RUNPATH))


def _expand(folders: tuple[str, ...], file: Path) -> tuple[str, ...]:
    origin = str(file.parent.absolute())
    return tuple(
        folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin).replace("$LIB", "lib")
        for folder in folders
    )


def _find(name: str, elf: Elf, file: Path, rpaths: tuple[str, ...]) -> Path | None:
    if "/" in name:
        return Path(name) if Path(name).is_file() else None
    environment = tuple(part for part in os.environ.get("LD_LIBRARY_PATH", "").split(":") if part)
    for folder in (*rpaths, *environment, *_expand(elf.runpath, file)):
        if (path := Path(folder) / name).is_file():
            return path
    for path in (*_loader_cache().get(name, ()), *(Path(folder) / name for folder in _DEFAULT_FOLDERS)):
        # The cache also lists libraries of other machines (32-bit ones): the first that fits counts.
        if path.is_file() and (library := read_elf(path)) and library.machine == elf.machine:
            return path
    return None


@cache
def _loader_cache() -> dict[str, tuple[Path, ...]]:
    """What `ldconfig -p` prints: `name (kind) => path`."""
    for program in ("ldconfig", "/sbin/ldconfig"):
        try:
            text = subprocess.run([program, "-p"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        listed: dict[str, tuple[Path, ...]] = {}
        for line in text.splitlines():
            name, arrow, path = line.strip().partition(" => ")
            if arrow:
                name = name.split(" ")[0]
                listed[name] = (*listed.get(name, ()), Path(path))
        return listed
    return {}
