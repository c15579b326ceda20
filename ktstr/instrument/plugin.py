"""The instruments' plugins: shared libraries that the machine emulator loads, built from `c/*.c` on first use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.values import shown
from ktstr.instrument.layout import hooks_of, layout_of
from ktstr.instrument.sched_ext import interface_of
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import compile_shared

__all__ = [
    "COUNTS",
    "EXPLORE",
    "INSTRUMENTS",
    "INTERFACES",
    "TIMELINE",
    "build_plugin",
    "counts_file",
    "counts_files",
    "known_instruments",
    "plugin_arguments",
]

COUNTS = "counts"
"""The instrument that counts the instructions of the guest's BPF programs, by address."""
EXPLORE = "explore"
"""The plugin that has CPUs stand still (ktstr/instrument/interleaving.py). No instrument: the guest feels it."""
TIMELINE = "timeline"
"""The instrument that notes which task ran where and when, wakeups, and the calls of the scheduler's callbacks."""
INSTRUMENTS = (COUNTS, TIMELINE)
"""The names of all instruments."""
INTERFACES = (1, 2, 3)
"""The versions of the emulator's interface for which a plugin can be built."""

_C = Path(__file__).parent / "c"
# Its C files beside its own, and those that there are for each architecture.
_PARTS = {
    COUNTS: (
        ("args", "calls", "cpu", "flags", "functions", "insn", "out", "owner"),
        ("insn", "registers"),
    ),
    EXPLORE: (
        ("args", "block", "choice", "cpu", "insn", "meanwhile", "news", "out", "owner", "still"),
        ("insn",),
    ),
    TIMELINE: (
        ("args", "clock", "cpu", "insn", "moments", "out", "owner"),
        ("clock_insn", "insn", "registers"),
    ),
}
# The number of the files' form. With another one, remembered results have no counts that could be read.
_FORMATS = {COUNTS: 4, EXPLORE: 1, TIMELINE: 1}


def build_plugin(instrument: str, interface: int) -> Path:
    """The plugin of `instrument` for that version of the interface, from the cache or built by the host's compiler."""
    parts, of_machine = _PARTS[instrument]
    machine = machine_of_host().name
    names = (instrument, *parts, *(f"{name}_{machine}" for name in of_machine), f"api_{interface}")
    # Version 2 is version 1 with another number.
    included = [_C / "api_1.c"] if interface == 2 else []
    return compile_shared(f"{instrument}-{interface}.so", [_C / f"{name}.c" for name in names], included)


def plugin_arguments(instrument: str, kernel: Kernel) -> str:
    """What the instrument has to be told about the guest's kernel; KtstrError if the kernel's image does not say it."""
    first, last = machine_of_host().bpf_code
    where = f"from={first:x},to={last:x},layout={layout_of(kernel).for_plugin}"
    if instrument == EXPLORE:
        return where
    if instrument == TIMELINE:
        return f"{where},hooks={hooks_of(kernel).for_plugin}"
    return f"{where},functions={interface_of(kernel).for_plugin}"


def known_instruments(names: Sequence[object]) -> tuple[str, ...]:
    """`names` as a job has them; KtstrError if there is no such instrument."""
    if unknown := [name for name in names if name not in INSTRUMENTS]:
        raise KtstrError(f"instrument {shown(unknown[0])}: must be one of {', '.join(INSTRUMENTS)}")
    return tuple(str(name) for name in names)


def counts_file(instrument: str) -> str:
    """The name of the file in a run's folder that the plugin writes."""
    return f"{instrument}-{_FORMATS[instrument]}.bin"


def counts_files(instruments: Iterable[str] = (*INSTRUMENTS, EXPLORE)) -> list[str]:
    """The files of `instruments`; without an argument those of all plugins that there are."""
    return [counts_file(instrument) for instrument in instruments]
