"""Schedulers given as BPF: compiled for a kernel, and the loader that attaches them in the guest."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.per_environment import kept_file, per_environment
from ktstr.base.remote import settings as remote
from ktstr.base.stamp import Stamp, stamp_of
from ktstr.bpf.compile_error import compile_error, cpu_of
from ktstr.bpf.libbpf import Libbpf, libbpf
from ktstr.bpf.object_file import Section, check_object_file, sections
from ktstr.guest.agent import INCLUDE
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import BuildError, bpf_clang, compile_static, run_compiler
from ktstr.toolchain.includes import system_includes
from ktstr.toolchain.preprocessed import preprocessed_digest

__all__ = ["build_bpf", "build_loader", "compile_bpf", "sections", "stripped", "vmlinux_header"]

_HERE = Path(__file__).parent

# The kernel's name of a machine, for bpf_tracing.h, by the number that an ELF file has for it.
_MACHINES = {62: "x86", 183: "arm64", 243: "riscv"}
_FLAGS = (
    *("-target", "bpf", f"-mcpu={cpu_of(())}", "-O2", "-Wall", "-Werror"),
    # With the headers' text in the debug information the verifier's log shows it, although paths are mapped.
    *("-g", "-gdwarf-5", "-gembed-source"),
    # Kernels from 6.19 on embed one struct in another without a name; only this dialect can say so.
    *("-fms-extensions", "-Wno-microsoft-anon-tag"),
)


@kept_file
def build_loader() -> Path:
    """The loader, a static executable for the guest; `ktstr/bpf/loader/main.c` describes its use."""
    return _compile("loader", libbpf(), diverted=("bpf_prog_load",))


def build_bpf(
    source: Path,
    kernel: Kernel,
    cflags: tuple[str, ...] = (),
    more: tuple[Path, ...] = (),
    types: Path | None = None,
    headers: Path | None = None,
) -> Path:
    """The object of scheduler `source` for `kernel`: a `.bpf.c` is compiled, a `.bpf.o` is returned as it is.

    `more` are sources and objects that are linked with it. `cflags` go to clang after ktstr's own; relative paths in
    them start in the source's folder. `types` is another `vmlinux.h` than the kernel's own, `headers` a folder of
    further headers, whose warnings do not count. Raises KtstrError with the cause and the log's path if one does not
    compile or they do not link, and if the object is not BPF or has no struct_ops map; KernelLacks if it needs what
    the kernel does not have.
    """
    objects = [compile_bpf(one.absolute(), kernel, cflags, types, headers) for one in (source, *more)]
    if more:
        objects = [_linked(source, objects)]
    _check_object(objects[0], source, is_scheduler=True)
    return objects[0]


def stripped(path: Path) -> Path:
    """A BPF object without its DWARF, which a guest need not read; the same if libbpf's linker does not accept it."""
    linker = _own_program("bpf_link")

    def make(directory: Path) -> None:
        run_compiler(path.name, [str(linker), str(directory / path.name), str(path)])

    key = f"{path.name}-{cache.digest(cache.file_digest(linker), cache.file_digest(path))}"
    try:
        return cache.entry("bpf", key, f"stripping {path.name}", make, shared=key) / path.name
    except BuildError:
        return path


def compile_bpf(
    source: Path,
    kernel: Kernel,
    cflags: tuple[str, ...],
    types: Path | None = None,
    headers: Path | None = None,
) -> Path:
    """The object of one source or object; errors as of `build_bpf`."""
    if not source.is_file():
        raise KtstrError(f"bpf={source}: no such file; must be a .bpf.c or a .bpf.o")
    if source.name.endswith(".bpf.o"):
        _check_object(source, source)
        return source
    if not source.name.endswith(".bpf.c"):
        raise KtstrError(f"bpf={source}: must be named .bpf.c (compiled with clang) or .bpf.o")
    clang, library, header = bpf_clang(), libbpf(), types or vmlinux_header(kernel)
    further = (headers,) if headers else ()
    places = (source.parent, header.parent, INCLUDE, library.include, *further)
    command = [
        *(*clang.command, *_FLAGS, f"-D__TARGET_ARCH_{_architecture(kernel)}"),
        *(f"-I{folder}" for folder in (header.parent, INCLUDE, library.include)),
        *(part for folder in further for part in ("-isystem", str(folder))),
        # After all others: the kernel's own types come first.
        *(part for folder in system_includes(clang) for part in ("-idirafter", folder)),
        # The object must not depend on this machine's paths.
        *(f"-ffile-prefix-map={folder}=." for folder in places),
        *(*cflags, str(source)),
    ]
    linker = _own_program("bpf_link")
    name = source.name.removesuffix(".c") + ".o"

    def compiled(arguments: list[str]) -> None:
        try:
            run_compiler(name, arguments, cwd=source.parent)
        except BuildError as error:
            # What another kernel's types lack says nothing about this one.
            raise compile_error(source, error, clang, cpu_of(cflags), None if types else kernel) from None

    # Clang runs in the source's folder, where it finds the source under its mapped path and puts its lines into BTF.
    # The key is what the compiler reads, so a change in any header makes a new object.
    def key(*places: Path) -> str:
        text = preprocessed_digest(command, source, clang.banner, compiled, places)
        return f"{name}-{cache.digest(clang.banner, *_FLAGS, *cflags, cache.file_digest(linker), text)}"

    def make(directory: Path) -> None:
        whole = directory / f"{name}.whole"
        compiled([*command, "-c", "-o", str(whole)])
        _check_object(whole, source)
        run_compiler(name, [str(linker), str(directory / name), str(whole)])
        whole.unlink()

    shared = key(*places) if remote.is_set() else ""
    return cache.entry("bpf", key(), f"compiling {source.name}", make, shared=shared) / name


def _linked(source: Path, objects: list[Path]) -> Path:
    """The object that libbpf's linker makes of several; it has the name of `source`'s."""
    linker = _own_program("bpf_link")
    name = source.name.removesuffix(".c").removesuffix(".o") + ".o"
    listed = ", ".join(path.name for path in objects)

    def make(directory: Path) -> None:
        try:
            run_compiler(name, [str(linker), str(directory / name), *map(str, objects)])
        except BuildError as error:
            said = [line.removeprefix("libbpf: ") for line in error.output.splitlines() if line.strip()]
            reason = re.sub(r"'[^']*/([^/']+)'", r"'\1'", said[0]) if said else error.first
            raise KtstrError(f"{listed}: do not link: {reason} (full log: {error.log})") from None

    digest = cache.digest(cache.file_digest(linker), *map(cache.file_digest, objects))
    key = f"{name}-linked-{digest}"
    return cache.entry("bpf", key, f"linking {listed}", make, shared=key) / name


def vmlinux_header(kernel: Kernel) -> Path:
    """`vmlinux.h` of a kernel: its types and its kfuncs' prototypes as C, from the BTF in its image."""
    return _vmlinux_header(kernel, (stamp_of(kernel.image),))


@kept_file
def _vmlinux_header(kernel: Kernel, stamps: tuple[Stamp | None]) -> Path:
    generator = _own_program("vmlinux_h")
    btf_section = next((one for one in sections(kernel.image) if one.name == ".BTF"), None)
    if btf_section is None:
        raise KtstrError(
            f"kernel {kernel.release} ({kernel.image}): has no BTF; CONFIG_DEBUG_INFO_BTF must be set"
        )

    def make(directory: Path) -> None:
        raw, header = directory / "btf", directory / "vmlinux.h"
        raw.write_bytes(_part(kernel.image, btf_section))
        run_compiler("vmlinux.h", [str(generator), str(raw), str(header)])
        raw.unlink()

    btf = _part_digest(kernel.image, btf_section, stamps)
    key = cache.digest(btf, cache.file_digest(generator))
    what = f"writing vmlinux.h of kernel {kernel.release}"
    return cache.entry("vmlinux-h", key, what, make, shared=key) / "vmlinux.h"


@per_environment
def _part_digest(path: Path, section: Section, _: tuple[Stamp | None]) -> str:
    """The digest of a section of an ELF file, found once for the same stamp."""
    return cache.digest(_part(path, section))


def _part(path: Path, section: Section) -> bytes:
    with path.open("rb") as file:
        file.seek(section.offset)
        return file.read(section.size)


@kept_file
def _own_program(program: str) -> Path:
    """A program of ktstr's that works on BPF objects on this host."""
    return _compile(program, libbpf())


def _compile(program: str, library: Libbpf, diverted: tuple[str, ...] = ()) -> Path:
    """The static executable of the C files in folder `program` beside this one; it has its own `diverted` functions."""
    sources = [*sorted((_HERE / program).glob("*.c")), _HERE / "compat" / "libelf.c"]
    includes = [INCLUDE, library.include, library.uapi]
    # Whatever the host's archives are, the program does the same with them.
    return compile_static(
        program, sources, includes, library.link(), diverted=diverted, libs_of=library.source_sha256
    )


def _check_object(path: Path, source: Path, *, is_scheduler: bool = False) -> None:
    """Raise KtstrError if the object at `path` is not BPF, or no scheduler; `source` is what the user gave."""
    check_object_file(path, f"bpf={source}")
    names = [one.name for one in sections(path)]
    # "?" marks one that is left out unless the program that loads it asks for it.
    if is_scheduler and not any(name.lstrip("?") in (".struct_ops", ".struct_ops.link") for name in names):
        raise KtstrError(f'bpf={source}: not a scheduler: it has no SEC(".struct_ops.link") variable')


def _architecture(kernel: Kernel) -> str:
    machine = _machine(kernel.image)
    if machine not in _MACHINES:
        raise KtstrError(
            f"kernel {kernel.release} ({kernel.image}): not an ELF image of x86-64, arm64 or RISC-V"
        )
    return _MACHINES[machine]


def _machine(path: Path) -> int | None:
    """The machine number of a little-endian 64-bit ELF file, or None for any other file."""
    with path.open("rb") as file:
        head = file.read(20)
    return (
        struct.unpack_from("<H", head, 18)[0] if len(head) == 20 and head.startswith(b"\x7fELF\2\1") else None
    )
