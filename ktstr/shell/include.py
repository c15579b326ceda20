"""The files in a session's guest besides the agent: busybox and the user's files, with the libraries they need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.guest.elf import read_elf
from ktstr.guest.initramfs import Packed, program_files
from ktstr.guest.tree import files_below, packed_file

__all__ = ["INCLUDED", "Included", "included", "tools"]

INCLUDED = "/include-files"
"""The folder in the guest that holds the user's files."""

_WHY = "given by --include-files"
_SESSION = Path(__file__).with_name("session.sh")
_SYSTEM_FOLDERS = "/usr/sbin:/sbin"  # bpftool may be here, and a user's PATH may lack them


@dataclass
class Included:
    """The files to pack, and a line for each file that was left out."""

    files: list[Packed] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def tools() -> list[Packed]:
    """busybox, the session's script, and bpftool if the host has it; KtstrError if busybox is missing."""
    busybox = find_busybox()
    if busybox is None:
        raise KtstrError("busybox is missing: it is the guest's shell; install it (Debian: busybox-static)")
    files = program_files(busybox, "/bin/busybox", "the shell and its tools")
    files.append(Packed("/ktstr/session.sh", _SESSION, 0o644, "begins a session"))
    bpftool = shutil.which("bpftool", path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}")
    # Ubuntu's is a script that runs the bpftool of the running kernel; there is nothing to pack then.
    if bpftool is not None and read_elf(Path(bpftool)) is not None:
        files += program_files(Path(bpftool), "/ktstr/bin/bpftool", "looks at BPF programs and maps")
    return files


def find_busybox() -> Path | None:
    """The host's busybox, or None if it has none."""
    found = shutil.which("busybox")
    return Path(found) if found else None


def included(paths: Sequence[Path]) -> Included:
    """The given files and folders, below INCLUDED under their own names, and the libraries of programs among them.

    Links are followed. Raises KtstrError if a given file cannot be packed. A file within a given folder that cannot be
    packed is left out, with a line that says why.
    """
    result = Included()
    for path in paths:
        try:
            here = path.expanduser().resolve(strict=True)
            name = path.name if path.name not in ("", "..") else here.name
            if not here.is_dir():
                result.files += packed_file(here, f"{INCLUDED}/{name}", _WHY)
                continue
            for file, place in files_below(here, f"{INCLUDED}/{name}"):
                try:
                    result.files += packed_file(file, place, _WHY)
                except (KtstrError, OSError) as error:
                    result.left_out.append(_in_one_line(error))
        # RuntimeError: a loop of links, or a ~name that is not a user
        except (OSError, RuntimeError) as error:
            raise KtstrError(f"--include-files: {_in_one_line(error)}") from None
        except KtstrError as error:
            raise KtstrError(f"--include-files: {error}") from None
    return result


def _in_one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return " ".join(str(error).split())
