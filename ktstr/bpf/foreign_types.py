"""The types of another kernel than the one under test, for a source that those do not fit: CO-RE relocates it."""

from __future__ import annotations

import shutil
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.bpf.build import vmlinux_header
from ktstr.kernel.resolve import resolve

__all__ = ["types_header"]

_NAME = "vmlinux.h"


def types_header(given: Path | str) -> Path:
    """The `vmlinux.h` that is meant: a header's path, whatever its name, or that of a kernel, as `--kernel` names it.

    Raises KtstrError if there is no such file or kernel.
    """
    if isinstance(given, str):
        try:
            return vmlinux_header(resolve(given)[0])
        except KtstrError as error:
            raise KtstrError(f"vmlinux_h={given}: {error}") from None
    if not given.is_file():
        raise KtstrError(
            f"vmlinux_h={given}: no such file; must be a header of a kernel's types, or a kernel"
        )
    if given.name == _NAME:
        return given

    def make(directory: Path) -> None:
        shutil.copyfile(given, directory / _NAME)

    return cache.entry("vmlinux-h", cache.file_digest(given), f"copying {given.name}", make) / _NAME
