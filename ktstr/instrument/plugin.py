"""The instruments' plugins: shared libraries that the machine emulator loads, built from `c/*.c` on first use."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.values import shown
from ktstr.toolchain.compiler import compile_shared

__all__ = [
    "COUNTS",
    "INSTRUMENTS",
    "INTERFACES",
    "build_plugin",
    "counts_file",
    "counts_files",
    "is_whole",
    "known_instruments",
]

COUNTS = "counts"
"""The instrument that counts the instructions of the guest's BPF programs, by address."""
INTERFACES = (1, 2, 3)
"""The versions of the emulator's interface for which a plugin can be built."""

_C = Path(__file__).parent / "c"
INSTRUMENTS = (COUNTS,)
"""The names of all instruments."""
_WHOLE = struct.pack("<QQ", 6, 0)  # PART_END of c/out.h
# The number of the files' form. With another one, remembered results have no counts that could be read.
_FORMAT = 2


def build_plugin(instrument: str, interface: int) -> Path:
    """The plugin of `instrument` for that version of the interface, from the cache or built by the host's compiler."""
    names = (
        *(instrument, "calls", "cpu", "insn", f"insn_{machine_of_host().name}", "out", "owner"),
        f"api_{interface}",
    )
    # Version 2 is version 1 with another number.
    parts = [_C / "api_1.c"] if interface == 2 else []
    return compile_shared(f"{instrument}-{interface}.so", [_C / f"{name}.c" for name in names], parts)


def known_instruments(names: Sequence[object]) -> tuple[str, ...]:
    """`names` as a job has them; KtstrError if there is no such instrument."""
    if unknown := [name for name in names if name not in INSTRUMENTS]:
        raise KtstrError(f"instrument {shown(unknown[0])}: must be one of {', '.join(INSTRUMENTS)}")
    return tuple(str(name) for name in names)


def counts_file(instrument: str) -> str:
    """The name of the file in a run's folder that the instrument writes."""
    return f"{instrument}-{_FORMAT}.bin"


def counts_files(instruments: Iterable[str] = INSTRUMENTS) -> list[str]:
    """The files of `instruments`; without an argument those of all that there are."""
    return [counts_file(instrument) for instrument in instruments]


def is_whole(file: Path) -> bool:
    """Whether an instrument's file is there and ends as the instrument ends it."""
    try:
        with file.open("rb") as opened:
            opened.seek(-len(_WHOLE), 2)
            return opened.read() == _WHOLE
    except OSError:
        return False
