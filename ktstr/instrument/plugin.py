"""The instruments' plugins: shared libraries that the machine emulator loads, built from `c/*.c` on first use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.values import shown
from ktstr.toolchain.compiler import compile_shared

__all__ = [
    "COUNTS",
    "EXPLORE",
    "INTERFACES",
    "build_plugin",
    "counts_file",
    "counts_files",
    "known_instruments",
]

COUNTS = "counts"
"""The instrument that counts the instructions of the guest's BPF programs, by address."""
EXPLORE = "explore"
"""The plugin that has CPUs stand still (ktstr/instrument/interleaving.py). No instrument: the guest feels it."""
INTERFACES = (1, 2, 3)
"""The versions of the emulator's interface for which a plugin can be built."""

_C = Path(__file__).parent / "c"
_INSTRUMENTS = (COUNTS,)
# The number of the files' form. With another one, remembered results have no counts that could be read.
_FORMATS = {COUNTS: 2, EXPLORE: 1}
_PARTS = {
    COUNTS: ("calls", "cpu"),
    EXPLORE: ("block", "choice", "meanwhile", "news", "still"),
}


def build_plugin(instrument: str, interface: int) -> Path:
    """The plugin of `instrument` for that version of the interface, from the cache or built by the host's compiler."""
    names = (
        *(instrument, *_PARTS[instrument]),
        *("args", "insn", f"insn_{machine_of_host().name}", "out", "owner", f"api_{interface}"),
    )
    # Version 2 is version 1 with another number.
    parts = [_C / "api_1.c"] if interface == 2 else []
    return compile_shared(f"{instrument}-{interface}.so", [_C / f"{name}.c" for name in names], parts)


def known_instruments(names: Sequence[object]) -> tuple[str, ...]:
    """`names` as a job has them; KtstrError if there is no such instrument."""
    if unknown := [name for name in names if name not in _INSTRUMENTS]:
        raise KtstrError(f"instrument {shown(unknown[0])}: must be one of {', '.join(_INSTRUMENTS)}")
    return tuple(str(name) for name in names)


def counts_file(instrument: str) -> str:
    """The name of the file in a run's folder that the plugin writes."""
    return f"{instrument}-{_FORMATS[instrument]}.bin"


def counts_files(instruments: Iterable[str] = (*_INSTRUMENTS, EXPLORE)) -> list[str]:
    """The files of `instruments`; without an argument those of all plugins that there are."""
    return [counts_file(instrument) for instrument in instruments]
