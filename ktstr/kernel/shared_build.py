"""Kernels that another machine has built of the same source, with the same options and the same tools.

A published kernel is not shared as such: its package is, and is verified like one that a mirror sent.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from ktstr.base.cache import cache_dir, entry, file_digest, share
from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.base.machine import machine_of_host
from ktstr.base.remote.settings import is_set
from ktstr.base.scratch import scratch
from ktstr.kernel.spec import parse_version

__all__ = ["fetch_built", "share_built"]

_KIND = "kernels"


class _Manifest(msgspec.Struct, frozen=True):
    """What `manifest.json` of a kernel that was built says, as far as it can be compared."""

    version: str
    release: str
    source: str
    machine: str
    sched_ext: bool
    image_sha256: str
    config_sha256: str
    code: str
    toolset: str


def fetch_built(digest: str, code: str, toolset: str) -> str | None:
    """The key of the kernel that a recipe of this `digest` makes, taken from a remote cache; None if there is none.

    `code` and `toolset` are what the kernel's manifest must say. Its image and configuration are those of the manifest.
    """
    if not is_set():
        return None
    from ktstr.base.remote.store import fetch_entry

    with scratch("kernel") as folder:

        def check(folder: Path) -> str | None:
            return _wrong(folder, code, toolset)

        if not fetch_entry(cache_dir(), _KIND, f"built-{digest}", folder, check=check):
            return None
        key = f"{_manifest(folder).version}-built-{digest}"

        def make(partial: Path) -> None:
            shutil.copytree(folder, partial, dirs_exist_ok=True)

        entry(_KIND, key, f"keeping kernel {key}", make)
    return key


def share_built(digest: str, path: Path) -> None:
    """Give the kernel built in `path` to the remote cache, if this machine writes to one."""
    share(_KIND, f"built-{digest}", path)


def _wrong(folder: Path, code: str, toolset: str) -> str | None:
    """What is wrong with a kernel from elsewhere, in a few words, or None."""
    try:
        found = _manifest(folder)
        parse_version(found.version)
        digests = file_digest(folder / "vmlinux"), file_digest(folder / "config")
    except (OSError, ValueError, KtstrError) as error:
        return f"not a kernel: {error}"
    if (found.machine, found.code, found.toolset) != (machine_of_host().name, code, toolset):
        return "a kernel of other sources or tools"
    if digests != (found.image_sha256, found.config_sha256):
        return "not the image and configuration that its manifest names"
    return None


def _manifest(folder: Path) -> _Manifest:
    return from_json((folder / "manifest.json").read_bytes(), _Manifest)
