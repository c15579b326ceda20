"""Schedulers with a program of their own, built from programs/*.c with a BPF object in it."""

from __future__ import annotations

from pathlib import Path

from ktstr import Scheduler
from ktstr.bpf import build as bpf
from ktstr.bpf.build import build_bpf
from ktstr.bpf.libbpf import libbpf
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import compile_static

__all__ = ["PROGRAMS", "SCHEDULERS", "misbehaving", "program_with"]

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
PROGRAMS = Path(__file__).parent / "programs"


def program_with(bpf_object: Path, name: str, folder: Path) -> Path:
    """programs/<name>.c, which has the object in it and attaches it with libbpf."""
    embedded = folder / "object.c"
    numbers = ",".join(str(byte - 256 * (byte > 127)) for byte in bpf_object.read_bytes())
    embedded.write_text(
        f"const char object[] __attribute__((aligned(8))) = {{{numbers}}};\n"
        f"const unsigned int object_size = {bpf_object.stat().st_size};\n"
    )
    library = libbpf()
    compat = Path(bpf.__file__).with_name("compat") / "libelf.c"
    sources = [PROGRAMS / f"{name}.c", embedded, compat]
    return compile_static(name, sources, [PROGRAMS, library.include, library.uapi], library.link())


def misbehaving(kernel: Kernel, folder: Path, *arguments: str) -> Scheduler:
    """The fixture with a program that does as programs/misbehaves.c says of these arguments."""
    program = program_with(build_bpf(SCHEDULERS / "fixture.bpf.c", kernel), "misbehaves", folder)
    return Scheduler(name="misbehaves", binary_path=program, sched_args=arguments)
