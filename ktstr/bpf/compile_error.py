"""Why a scheduler's source does not compile, in one line, from what clang printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KernelLacks, KtstrError
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import BuildError, Compiler

__all__ = ["compile_error", "cpu_of"]

_DEFAULT_CPU = "v3"
# The first clang with signed division (-mcpu=v4).
_SIGNED_DIVISION = 18
_WHERE = r"(?P<where>[^\s:]+:\d+(?::\d+)?)"
_ERROR = re.compile(rf"^{_WHERE}: (?:fatal )?error: (?P<what>.*)$", re.MULTILINE)
_CALLED = re.compile(
    r"^(?:call to undeclared function|implicit declaration of function) '(?P<name>[^']+)'"
    r"[^;]*(?:; (?P<near>did you mean '[^']+'))?"
)
_IDENTIFIER = re.compile(
    r"^use of undeclared identifier '(?P<name>(?:SCX_|scx_bpf_|__COMPAT_)\w+)'(?:; (?P<near>did you mean '[^']+'))?"
)
_MEMBER = re.compile(
    r"^(?:no member named|field designator) '(?P<name>[^']+)'"
    r" (?:in|does not refer to any field in type) '(?:const |volatile )*(?P<type>(?:struct|union) [^']+)'"
)
# An assertion of the vmlinux.h that ktstr writes, for a kfunc that the kernel's build made only half.
_HALF_MADE = re.compile(
    r"^static assertion failed:? \"?(?P<what>no program can call \w+: this kernel's BTF has no \w+)"
)
_HEADER = re.compile(r"^'(?P<name>[^']+)' file not found")
_KFUNC = re.compile(r"scx_bpf_|bpf_(?:cpumask|task|cgroup|rcu|iter|kptr|list|rbtree|throw)_")
_CPU = re.compile(
    r"^error: unknown target CPU '(?P<cpu>[^']*)'\s*note: valid target CPU values are: (?P<valid>.*)$", re.M
)
# What the BPF backend says, of which some releases say no place, and some repeat the whole program graph.
_DIVISION = re.compile(r"unsupport(?:ed)? signed division", re.IGNORECASE)
_PLACE = re.compile(r", (?P<where>[^\s,:]+:\d+:\d+)")
_BACKEND = re.compile(
    rf"^(?:fatal )?error: (?:{_WHERE}: )?(?:in function (?P<in>\S+) .*?: )?(?P<what>.*)$", re.MULTILINE
)
# Who has the headers that sources name most, in Debian's names.
_HEADERS = (
    (re.compile(r"(?:asm|asm-generic|linux)/"), "linux-libc-dev"),
    (re.compile(r"gnu/stubs-32\.h"), "libc6-dev-i386"),
    (
        re.compile(r"(?:bits|sys|arpa|netinet|net|gnu)/|(?:stdio|stdlib|string|errno|limits|unistd)\.h"),
        "libc6-dev",
    ),
    (re.compile(r"(?:features|inttypes|math|signal|time|pthread|sched|assert|ctype)\.h"), "libc6-dev"),
    (re.compile(r"(?:gelf|libelf)\.h"), "libelf-dev"),
    (re.compile(r"zlib\.h"), "zlib1g-dev"),
)
_OWN_HEADERS = re.compile(r"bpf/|vmlinux\.h$|ktstr/")


def cpu_of(flags: Sequence[str]) -> str:
    """The BPF instruction set that these options of clang compile for: of several, the last one counts."""
    chosen = [flag.partition("=")[2] for flag in flags if re.match(r"-?-mcpu=", flag)]
    return chosen[-1] if chosen else _DEFAULT_CPU


def compile_error(
    source: Path, failed: BuildError, clang: Compiler, cpu: str, kernel: Kernel | None = None
) -> KtstrError:
    """The error of a compilation of `source` for BPF `cpu` that failed, with its cause.

    KernelLacks if the source needs what `kernel` lacks (None: that is not known).
    """
    # Places are told from the source's folder, in which its author works.
    output, name = failed.output.replace(f"{source.parent}/", ""), source.name
    told = f"(clang {clang.version} with -mcpu={cpu}; full log: {failed.log})"
    error = _ERROR.search(output)
    if error and kernel is not None and (lacking := _lacking(error["where"], error["what"], kernel)):
        return KernelLacks(f"{lacking} {told}")
    if error and (header := _HEADER.match(error["what"])):
        return KtstrError(
            f"{error['where']}: header {header['name']} is missing{_owner(header['name'])} {told}"
        )
    if wrong := _CPU.search(output):
        return KtstrError(
            f"{name}: -mcpu={wrong['cpu']}: clang {clang.version} has no such BPF instruction set; it has"
            f" {wrong['valid']}; a newer clang in KTSTR_CLANG may have it {told}"
        )
    if error is None and (division := _DIVISION.search(output)):
        found = _PLACE.search(output, division.end())
        place = found["where"].removeprefix("./") if found else name
        newer = (
            "-mcpu=v4"
            if clang.major >= _SIGNED_DIVISION
            else f"clang {_SIGNED_DIVISION} or later with -mcpu=v4"
        )
        return KtstrError(
            f"{place}: signed division, which BPF of -mcpu={cpu} does not have:"
            f" divide unsigned numbers, or take {newer} (bpf_cflags, KTSTR_CLANG) {told}"
        )
    if error is None and (backend := _BACKEND.search(output)):
        place = f"{backend['where']}: " if backend["where"] else ""
        inside = f" (in function {backend['in']})" if backend["in"] else ""
        return KtstrError(f"{name}: does not compile: {place}error: {backend['what']}{inside} {told}")
    first = failed.first.replace(f"{source.parent}/", "")
    return KtstrError(f"{name}: does not compile: {first} {told}")


def _lacking(where: str, what: str, kernel: Kernel) -> str | None:
    """What the kernel lacks, and who needs it, in one line; None if the error is another one."""
    if (called := _CALLED.match(what)) and _KFUNC.match(called["name"]):
        near = f" ({called['near']}?)" if called["near"] else ""
        return (
            f"kernel {kernel.version} has no kfunc {called['name']}{near}, which {where} calls:"
            f" #ifdef KTSTR_HAS_{called['name']} is for sources that can do without"
        )
    if found := _HALF_MADE.match(what):
        return f"kernel {kernel.version}: {found['what']}, and {where} calls it"
    if found := _IDENTIFIER.match(what):
        near = f" ({found['near']}?)" if found["near"] else ""
        return f"kernel {kernel.version} has no {found['name']}{near}, which {where} uses"
    if found := _MEMBER.match(what):
        return f"kernel {kernel.version} has no member {found['name']} in {found['type']}, which {where} uses"
    return None


def _owner(header: str) -> str:
    """Who has a missing header, as the end of a sentence."""
    if _OWN_HEADERS.match(header):
        return "; bpf/ are libbpf's headers, vmlinux.h and ktstr/ are written by ktstr: is the name right?"
    for pattern, package in _HEADERS:
        if pattern.match(header):
            return f": install it (Debian: {package})"
    return ": -I in bpf_cflags says where a project's own headers are"
