"""The QEMU program: which one is used, its version, and what its results depend on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ktstr.base.answer import ask
from ktstr.base.cache import digest as cache_digest
from ktstr.base.cache import file_digest
from ktstr.base.errors import KtstrError
from ktstr.base.machine import Board, Machine, machine_of_host

__all__ = ["OLDEST", "Qemu", "find_qemu", "help_of", "packages_of"]

OLDEST = (7, 2)
"""The oldest release that works: Debian 12's, the oldest on which the options in this folder were measured."""


_EMULATORS = re.compile(r"^qemu-system-")


@dataclass(frozen=True)
class Qemu:
    """A QEMU program.

    `version` is as it prints it (`7.2.22`). `has_fast_firmware` says whether the machine's fast firmware is installed,
    which not all systems package. `digest` is a key over the contents of the program and its firmware.
    """

    path: Path
    version: str
    has_fast_firmware: bool = False
    digest: str = ""

    @property
    def release(self) -> tuple[int, int]:
        """The version's first two numbers."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


@cache
def find_qemu() -> Qemu:
    """The QEMU to use: `KTSTR_QEMU` if it is set, else `qemu-system-<machine>` from PATH.

    Raises KtstrError if there is none, it cannot be run, it is older than OLDEST, or ktstr does not run on this host.
    """
    machine = machine_of_host()
    chosen = os.environ.get("KTSTR_QEMU")
    program = f"qemu-system-{machine.name}"
    found = shutil.which(chosen or program)
    if found is None:
        if chosen:
            raise KtstrError(f"KTSTR_QEMU={chosen}: no such program")
        raise KtstrError(
            f"{program} is not installed; run `ktstr setup`, or `ktstr doctor` for what is missing"
        )
    try:
        banner, folders = _output_of(found, "--version"), _output_of(found, "-L", "help")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KtstrError(f"{found}: cannot be run: {error}") from None
    match = re.search(r"version (\d+\.\d+(?:\.\d+)?)", banner)
    if match is None:
        raise KtstrError(f"{found}: not QEMU: --version printed {banner.splitlines()[:1]!r}")
    firmware = _firmware(machine.board, folders)
    qemu = Qemu(
        Path(found),
        match[1],
        any(path.name == machine.board.fast_firmware for path in firmware),
        # The banner counts, too, because the program may be a wrapper around the one that runs guests.
        cache_digest(banner, file_digest(Path(found)), *(file_digest(path) for path in firmware)),
    )
    if qemu.release < OLDEST:
        raise KtstrError(f"{found}: QEMU {qemu.version} is too old; 7.2 or later is needed")
    return qemu


@cache
def help_of(path: Path) -> str:
    """What the program prints for -help: the options that it was built with."""
    return _output_of(str(path), "-help")


def packages_of(machine: Machine) -> dict[str, str]:
    """The packages that have QEMU for a machine, by family of distributions."""
    return {family: f"qemu-system-{name}" for family, name in machine.emulator_packages.items()}


def _firmware(board: Board, folders: str) -> list[Path]:
    """The board's firmware in the folders that QEMU looks in, a line each."""
    return [
        path
        for folder in folders.splitlines()
        for name in board.firmware
        if (path := Path(folder.strip(), name)).is_file()
    ]


def _output_of(*command: str) -> str:
    return ask(command, timeout_s=30, names=_EMULATORS).text
