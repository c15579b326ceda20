"""Why a scheduler's BPF was not loaded or attached, read from what its program and libbpf printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ktstr.events.rejection import Rejection, rejections

__all__ = ["LoadFailure", "read_load_failure"]

LoadStage = Literal["start", "relocate", "load", "verify", "attach"]

_AT = re.compile(r" @ (?P<where>[^@\s]+:\d+)$")
_NO_MEMORY = re.compile(r"ENOMEM|\(-12\)")
_LOADER = "loader: "


@dataclass(frozen=True)
class LoadFailure:
    """What stopped a scheduler on its way into the kernel."""

    stage: LoadStage
    """How far it had come."""
    what: str
    """What happened, as a predicate of the scheduler: `was refused by the verifier: ...`."""


@dataclass(frozen=True)
class _Pattern:
    """A line that names a cause, and what it says of the scheduler on kernel `release`."""

    stage: LoadStage
    line: re.Pattern[str]
    what: Callable[[re.Match[str], str], str]


# libbpf's words are those of its src/libbpf.c, 1.5 to 1.7. The first pattern that fits any line wins.
_PATTERNS = (
    # Said only by releases before these sections, such as Debian 12's 1.1. What fails then is of no help.
    _Pattern(
        "load",
        re.compile(
            r"elf: skipping unrecognized data section\(\d+\) (?P<section>\??\.struct_ops(?:\.link)?)$"
        ),
        lambda found, _: (
            f"was built with a libbpf that does not know {found['section']}, where its sched_ext_ops are;"
            " it needs 1.5 or later"
        ),
    ),
    _Pattern(
        "start",
        re.compile(r"error while loading shared libraries: (?P<what>.*)"),
        lambda found, _: f"could not start: {found['what']}",
    ),
    _Pattern(
        "relocate",
        re.compile(r"the kernel has no sched_ext \(.*\)$"),
        lambda _, release: f"needs sched_ext, which kernel {release} lacks (CONFIG_SCHED_CLASS_EXT)",
    ),
    _Pattern(
        "relocate",
        re.compile(r"extern \(func ksym\) '(?P<name>[^']*)': not found in kernel or module BTFs"),
        lambda found, release: f"calls kfunc {found['name']}, which kernel {release} lacks",
    ),
    _Pattern(
        "relocate",
        re.compile(r"extern \(func ksym\) '(?P<name>[^']*)': func_proto \[\d+\] incompatible with"),
        lambda found, release: (
            f"calls kfunc {found['name']} with other arguments or another result than it has on kernel {release}"
        ),
    ),
    _Pattern(
        "relocate",
        re.compile(r"extern (?:\([^)]*\) )?'(?P<name>[^']*)'(?: \([^)]*\))?: (?:not found in|not resolved)"),
        lambda found, release: f"needs variable {found['name']} of the kernel, which kernel {release} lacks",
    ),
    _Pattern(
        "relocate",
        re.compile(r"failed to open system Kconfig|extern \(kcfg\) '(?P<name>[^']*)': value .*"),
        lambda found, release: (
            f"needs the configuration of kernel {release}, which has no value for {found['name'] or 'it'}"
        ),
    ),
    _Pattern(
        "relocate",
        re.compile(
            r"struct_ops init_kern (?P<map>\S+): Cannot find member (?P<member>\S+) in kernel BTF"
            r"|struct_ops init_kern: (?:struct )?(?P<struct>\S+) is not found in kernel BTF"
        ),
        lambda found, release: (
            f"sets sched_ext_ops.{found['member']} in {found['map']}, which kernel {release} lacks"
            if found["member"]
            else f"needs struct {found['struct']}, which kernel {release} lacks"
        ),
    ),
    _Pattern(
        "relocate",
        re.compile(r"(?:failed to find|can't find) BTF for extern '(?P<name>[^']*)'"),
        lambda found, _: f"uses symbol {found['name']}, which no source of it defines",
    ),
    _Pattern(
        "relocate",
        re.compile(
            r"prog '(?P<program>[^']*)': failed to find kernel BTF type ID of '(?P<name>[^']*)': (?P<error>.*)"
        ),
        lambda found, release: (
            f"has program {found['program']} for {found['name']}, which kernel {release} lacks"
        ),
    ),
    _Pattern(
        "load",
        re.compile(r"failed to alloc map '(?P<map>[^']*)' content buffer: -12"),
        lambda found, _: (
            f"could not be loaded: there is no memory for map {found['map']}; memory_mb= gives the guest more memory"
        ),
    ),
    _Pattern(
        "load",
        re.compile(r"map '(?P<map>[^']*)': failed to create: (?P<error>.*)"),
        lambda found, _: (
            f"could not be loaded: map {found['map']} was refused by the kernel: {found['error']}"
            f"{'; memory_mb= gives the guest more memory' if _NO_MEMORY.search(found['error']) else ''}"
        ),
    ),
)
_SETTING_UP = re.compile(
    r"^loader: (?P<what>program \S+ returned -?\d+, not 0|running program \S+ was refused by the kernel: .*)$"
)
_ATTACHING = re.compile(
    r"^loader: attaching (?P<what>.*) was refused by the kernel: (?P<error>.*)$"
    r"|^libbpf: map '(?P<map>[^']*)': failed to auto-attach: (?P<other>.*)$"
)


def read_load_failure(log: Sequence[str], release: str) -> LoadFailure | None:
    """The failure in the lines that a scheduler's program printed on kernel `release`; None if they name none."""
    short = re.match(r"\d+\.\d+(?:\.\d+)?(?:-rc\d+)?", release)
    kernel = short[0] if short else release or "of the guest"
    for pattern in _PATTERNS:
        for line in log:
            if found := pattern.line.search(line):
                return LoadFailure(pattern.stage, pattern.what(found, kernel))
    if refused := rejections(log):
        more = f" (and {len(refused) - 1} more programs)" if len(refused) > 1 else ""
        return LoadFailure("verify", f"was refused by the verifier: {_reason(refused[0])}{more}")
    for line in log:
        if "refused by the verifier" in line:
            return LoadFailure("verify", f"was refused by the verifier: {line.removeprefix(_LOADER).strip()}")
    for line in log:
        if found := _SETTING_UP.match(line):
            return LoadFailure("load", f"could not be set up: {found['what']}")
        if found := _ATTACHING.match(line):
            what, error = found["what"] or found["map"], found["error"] or found["other"]
            return LoadFailure("attach", f"could not be attached: {what} was refused by the kernel: {error}")
    return None


def _reason(one: Rejection) -> str:
    where = _AT.search(one.source)
    return f"{one.program}: {one.reason}{f' (at {where[1]})' if where else ''}"
