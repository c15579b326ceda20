"""A BPF object that is swept by itself: whether it is one, and what its guest needs."""

from __future__ import annotations

import re
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.bpf.build import build_loader, stripped
from ktstr.bpf.object_file import check_object_file, data_mb, program_sections
from ktstr.declare.scheduler import Scheduler
from ktstr.guest.initramfs import Packed, program_files, size_mb
from ktstr.run.open_check import check_opens
from ktstr.run.program import Program
from ktstr.vm.job import default_memory_mb

__all__ = ["object_memory_mb", "object_program", "object_scheduler", "openable"]

_EACH = ("--each", "/sys/fs/bpf")
# Guest seconds. A program of a million instructions, which is the most, takes 45 to be refused, and its log as long.
_LEAST_S, _A_SECTION_S, _A_MIB_S, _MOST_S = 300.0, 30.0, 30.0, 3600.0
# Maps are filled from a copy, so that they take twice their size. A larger object is given more by --memory-mb.
_COPIES, _MOST_DATA_MB = 2, 2048


def object_scheduler(path: Path, attach_timeout_s: float | None) -> Scheduler:
    """The scheduler of a cell with an object: the object's name, which nobody declared, and the time that it may take.

    KtstrError if the file at `path` is no whole BPF object.
    """
    try:
        check_object_file(path, f"--object {path}")
        needs_s = 60 + _A_SECTION_S * program_sections(path) + _A_MIB_S * path.stat().st_size / 2**20
    except OSError as error:
        raise KtstrError(f"--object {path}: {error.strerror}") from None
    return Scheduler(
        name=re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".o").removesuffix(".bpf")),
        bpf=path,
        attach_timeout_s=attach_timeout_s or min(max(_LEAST_S, needs_s), _MOST_S),
    )


def object_program(path: Path, release: str) -> Program:
    """The loader with the object, to be verified on kernel `release`; KtstrError if libbpf cannot open it."""
    loader, in_guest = "/ktstr/bin/loader", "/ktstr/object.bpf.o"
    files = program_files(build_loader(), loader, "loads the programs of a BPF object")
    packed = Packed(in_guest, openable(path, release), 0o644, "the BPF object")
    return Program((*files, packed), (loader, in_guest, *_EACH))


def openable(path: Path, release: str) -> Path:
    """The object without its DWARF, or as it is; KtstrError if libbpf cannot open it."""
    loader = build_loader()
    try:
        check_opens(loader, path, _EACH, release)
    except KtstrError as error:
        raise KtstrError(f"--object {path}: {error}") from None
    smaller = stripped(path)
    try:
        check_opens(loader, smaller, _EACH, release)
    except KtstrError:
        return path  # it is damaged, and libbpf's linker has made it worse
    return smaller


def object_memory_mb(path: Path, topology: Topology, program: Program) -> int | None:
    """The MiB that the guest needs for the object's globals; None if they add little."""
    data = min(_COPIES * data_mb(path), _MOST_DATA_MB) // 64 * 64
    return default_memory_mb(topology, size_mb(program.files)) + data + 64 if data else None
