"""What a run's numbers depend on beside the project: the machine, and the versions of the tools."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.report.about_schema import HostRecord
from ktstr.report.github import in_github
from ktstr.toolchain.compiler import bpf_clang, host_compiler
from ktstr.vm.names import EMULATOR_KEY

__all__ = ["cpu_model", "host_record"]

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def host_record(ktstr: str, emulator: str) -> HostRecord:
    """This machine and its tools; `ktstr` and `emulator` are versions (empty: no guest ran)."""
    tools: dict[str, str] = {"ktstr": ktstr, "python": platform.python_version()}
    if emulator:
        tools[EMULATOR_KEY] = emulator
    versions: Mapping[str, Callable[[], str]] = {
        "cc": lambda: host_compiler().banner,
        "clang": lambda: bpf_clang().banner,
    }
    for name, version in versions.items():
        try:
            tools[name] = version()
        except KtstrError:  # a run that needed it has said so
            continue
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": cpu_model(_text(Path("/proc/cpuinfo"))) or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "governor": _text(_GOVERNOR).strip() or None,
        "kernel": platform.release(),
        "memory_mb": pages >> 20,
        "ci": in_github(),
        "tools": tools,
    }


def cpu_model(cpuinfo: str) -> str:
    """The model of the first CPU in the text of /proc/cpuinfo; empty if it has none, as on arm64."""
    found = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
