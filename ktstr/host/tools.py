"""The tools that ktstr uses on the host: how each is found, what needs it, and which package has it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.toolchain.compiler import bpf_clang, host_compiler, system_archive
from ktstr.toolchain.llvm import find_toolchain
from ktstr.vm.host import emulator_packages, emulator_version
from ktstr.vm.names import EMULATOR

__all__ = ["TOOLS", "Check", "Need", "Tool", "Unusable", "check"]

Need = Literal["required", "advised", "optional"]
"""How much ktstr depends on a tool."""


class Unusable(Exception):
    """A tool is missing or not the one that is needed; the message says which in a few words."""


@dataclass(frozen=True)
class Tool:
    """A tool: `find` returns its version or raises Unusable.

    `needed_for` are the verbs that use it. `need` is `required` if `nox -s test` fails without it, `advised` if
    `nox -s setup` installs it as well, `optional` if it does not. `packages` names the
    packages, space-separated, by family (`debian`, `fedora`, `arch`) and, if a release differs, by
    distribution and version (`debian 12`).
    """

    name: str
    find: Callable[[], str]
    needed_for: str
    packages: Mapping[str, str] = field(hash=False)
    need: Need = "required"


@dataclass(frozen=True)
class Check:
    """The result of looking for a tool: its `version`, or the `problem` in a few words."""

    tool: Tool
    version: str = ""
    problem: str = ""

    @property
    def found(self) -> bool:
        """Whether the tool can be used."""
        return not self.problem


def check(tools: Iterable[Tool]) -> list[Check]:
    """Look for each of `tools`."""
    results = []
    for tool in tools:
        try:
            results.append(Check(tool, version=tool.find()))
        except Unusable as why:
            results.append(Check(tool, problem=str(why)))
    return results


def _first_line(*command: str) -> str:
    """The first line that a command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        raise Unusable("missing") from None
    if done.returncode:
        raise Unusable(f"does not run (status {done.returncode})")
    return (done.stdout.strip().splitlines() or [""])[0]


def _version(text: str) -> str:
    match = re.search(r"\d+(\.\d+)+", text)
    return match[0] if match else text


def _program(*names: str, option: str = "--version") -> Callable[[], str]:
    """Finds the first of `names` that is in PATH, which prints its version when it is given `option`."""

    def find() -> str:
        for name in names:
            if path := shutil.which(name):
                return _version(_first_line(path, option))
        raise Unusable("missing")

    return find


def _in_short(error: KtstrError) -> Unusable:
    """An error of a search in the few words of a table: a version that is too old, a bad setting, or "missing"."""
    text = str(error).split(";")[0]
    if old := re.search(r"[\d.]+ is too old", text):
        return Unusable(old[0])
    if without := re.search(r"needs (.*) \(Debian", text):
        return Unusable(f"no {without[1]}")
    return Unusable(text if re.match(r"[A-Z_]+=", text) else "missing")


def _emulator() -> str:
    try:
        return emulator_version()
    except KtstrError as error:
        raise _in_short(error) from error


def _c_compiler() -> str:
    try:
        return host_compiler().version
    except KtstrError as error:
        raise _in_short(error) from error


def _archive(lib: str) -> Path:
    try:
        return system_archive(host_compiler(), lib)
    except KtstrError:
        raise Unusable("missing") from None


def _library(lib: str, header: str, *macros: str) -> Callable[[], str]:
    """Finds `lib<lib>.a` and its header, in which `macros` are the parts of the version."""

    def find() -> str:
        _archive(lib)
        text = f"#include <{header}>\n" + "".join(f"\n{macro}" for macro in macros)
        command = [*host_compiler().command, "-E", "-P", "-x", "c", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unusable(f"{header} is missing")
        return ".".join(part.strip('"') for part in done.stdout.split()[-len(macros) :])

    return find


def _static_libelf() -> str:
    # elfutils defines the number after the point: 188 for 0.188.
    return "0." + _library("elf", "elfutils/version.h", "_ELFUTILS_VERSION")()


def _static_zstd() -> str:
    # From elfutils 0.189 on a static libelf may need it; the archive itself shows it.
    if b"ZSTD_compress" not in _archive("elf").read_bytes():
        return "not needed"
    return _library("zstd", "zstd.h", "ZSTD_VERSION_MAJOR", "ZSTD_VERSION_MINOR", "ZSTD_VERSION_RELEASE")()


def _clang() -> str:
    try:
        return bpf_clang().version
    except KtstrError as error:
        raise _in_short(error) from error


def _sched_ext_toolchain() -> str:
    try:
        return find_toolchain().clang.version
    except KtstrError as error:
        raise _in_short(error) from error


def _debian_keyring() -> str:
    from ktstr.kernel.settings import debian_settings, kernels_dir

    keyring = next((one for one in debian_settings().keyrings if one.is_file()), None)
    if keyring is None:
        raise Unusable("missing")
    return "those of ktstr" if keyring.parent == kernels_dir() else "present"


def _packages(debian: str, fedora: str, arch: str, **releases: str) -> dict[str, str]:
    named = {key.replace("_", " "): value for key, value in releases.items()}
    return {"debian": debian, "fedora": fedora, "arch": arch, **named}


TOOLS = (
    Tool(EMULATOR, _emulator, "test, guest", emulator_packages()),
    Tool("C compiler", _c_compiler, "test, guest", _packages("gcc", "gcc", "gcc")),
    Tool(
        "static C library",
        _library("c", "features.h", "__GLIBC__", "__GLIBC_MINOR__"),
        "test, guest",
        _packages("libc6-dev", "glibc-static", "glibc"),
    ),
    Tool("clang", _clang, "test, guest (BPF)", _packages("clang", "clang", "clang", debian_12="clang-16")),
    Tool(
        "static libelf",
        _static_libelf,
        "test, guest (BPF)",
        _packages("libelf-dev", "elfutils-libelf-devel elfutils-libelf-devel-static", "libelf"),
    ),
    Tool(
        "static zlib",
        _library("z", "zlib.h", "ZLIB_VERSION"),
        "test, guest (BPF)",
        _packages("zlib1g-dev", "zlib-devel zlib-static", "zlib"),
    ),
    Tool(
        "static zstd",
        _static_zstd,
        "test, guest (BPF)",
        _packages("libzstd-dev", "libzstd-devel libzstd-static", "zstd"),
    ),
    Tool("make", _program("make"), "test, guest (BPF)", _packages("make", "make", "make")),
    Tool(
        "LLVM tools",
        _sched_ext_toolchain,
        "test, sched-build",
        _packages("llvm lld", "llvm lld", "llvm lld", debian_12="llvm-16 lld-16"),
    ),
    Tool("flex", _program("flex"), "kernel-build", _packages("flex", "flex", "flex"), need="advised"),
    Tool("bison", _program("bison"), "kernel-build", _packages("bison", "bison", "bison"), need="advised"),
    Tool("bc", _program("bc"), "kernel-build", _packages("bc", "bc", "bc"), need="advised"),
    Tool(
        "pahole",
        _program("pahole"),
        "kernel-build",
        _packages("pahole", "dwarves", "pahole"),
        need="advised",
    ),
    Tool("git", _program("git"), "test", _packages("git", "git", "git")),
    Tool(
        "OpenPGP verifier",
        _program("gpgv", "sqv"),
        "kernel-fetch",
        _packages("gpgv", "gnupg2", "gnupg"),
        need="advised",
    ),
    Tool(
        "Debian's keys",
        _debian_keyring,
        "kernel-fetch",
        _packages("debian-archive-keyring", "debian-keyring", "debian-archive-keyring"),
        need="advised",
    ),
    Tool("cpio", _program("cpio"), "unit", _packages("cpio", "cpio", "cpio"), need="advised"),
    Tool("GnuPG", _program("gpg"), "unit", _packages("gnupg", "gnupg2", "gnupg"), need="advised"),
    # It has no --version, but every help begins with it.
    Tool(
        "busybox",
        _program("busybox", option="--help"),
        "shell",
        _packages("busybox-static", "busybox", "busybox"),
        need="advised",
    ),
    Tool(
        "bpftool",
        _program("bpftool"),
        "shell",
        _packages("bpftool", "bpftool", "bpf"),
        need="optional",
    ),
    Tool("gdb", _program("gdb"), "replay --gdb", _packages("gdb", "gdb", "gdb"), need="optional"),
    Tool(
        "ccache",
        _program("ccache"),
        "faster builds",
        _packages("ccache", "ccache", "ccache"),
        need="optional",
    ),
)
"""Every tool of the host that ktstr looks for, in the order in which `ktstr doctor` shows them."""
