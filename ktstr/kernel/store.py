"""The kernels in the cache: `<cache>/kernels/<key>/` with `vmlinux`, `config` and `manifest.json`."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.base import seal
from ktstr.base.cache import cache_dir, find, refusals
from ktstr.base.lock import acquired
from ktstr.base.machine import machine_of_host
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Version, parse_version

__all__ = [
    "Entry",
    "breakable",
    "cached",
    "came_along",
    "entries",
    "find_kernel",
    "hold",
    "newest",
    "note_wanted",
    "remove",
    "version_of",
    "write",
]

_KIND = "kernels"
_POLL_S = 0.05
_SCHED_EXT = re.compile(r"^CONFIG_SCHED_CLASS_EXT=y$", re.MULTILINE)
_BREAKABLE = re.compile(r"^CONFIG_LKDTM=y$", re.MULTILINE)
_MANIFEST = "manifest.json"


def write(folder: Path, image: bytes, config: str, manifest: Mapping[str, Any]) -> None:
    """Fill a new entry; `manifest` has `version`, `release`, `source`, `image_sha256` and any further facts."""
    (folder / "vmlinux").write_bytes(image)
    (folder / "config").write_text(config)
    facts = {
        "machine": machine_of_host().name,
        "sched_ext": _SCHED_EXT.search(config) is not None,
        **manifest,
    }
    (folder / _MANIFEST).write_text(json.dumps(facts, indent=2) + "\n")


def find_kernel(key: str) -> Kernel | None:
    """The cached kernel with this key, or None."""
    folder = find(_KIND, key)
    return _load(folder) if folder else None


def cached() -> list[Kernel]:
    """The cached kernels for this host's machine, newest first."""
    folder = cache_dir() / _KIND
    with refusals():
        entries = [path for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []
    kernels = [kernel for path in sorted(entries) if (kernel := _load(path)) is not None]
    return sorted(kernels, key=version_of, reverse=True)


def breakable(kernel: Kernel) -> bool:
    """Whether it warns and panics on request (CONFIG_LKDTM=y); `kernel-build --config lkdtm` builds such a kernel."""
    return _BREAKABLE.search(kernel.config.read_text()) is not None


@dataclass(frozen=True)
class Entry:
    """A kernel of the cache, the size of its files in bytes, and its age in seconds."""

    kernel: Kernel
    size: int
    age_s: float


def entries() -> list[Entry]:
    """The cached kernels, newest version first."""
    return [
        Entry(
            kernel,
            sum(file.stat().st_size for file in kernel.image.parent.iterdir()),
            max(0.0, time.time() - kernel.image.parent.stat().st_mtime),
        )
        for kernel in cached()
    ]


# Held until the process ends, because a process that resolved a kernel may start guests of it at any time.
_HELD: dict[str, int] = {}


def hold(kernel: Kernel) -> Kernel:
    """Keep `kernel` in the cache for as long as this process lives."""
    if kernel.key not in _HELD:
        with refusals():
            while (descriptor := acquired(_use_file(kernel.key), shared=True)) is None:
                time.sleep(_POLL_S)  # another process removes it, which is soon done
        _HELD[kernel.key] = descriptor
    return kernel


def remove(kernel: Kernel) -> bool:
    """Remove a kernel from the cache; False if a process uses it."""
    with refusals():
        descriptor = acquired(_use_file(kernel.key))
    if descriptor is None:
        return False
    try:
        folder = kernel.image.parent
        # Renamed first, so that a kill leaves no half of an entry.
        gone = folder.with_name(f".{folder.name}.removed")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        seal.seal_of(folder).unlink(missing_ok=True)
        shutil.rmtree(gone)
        folder.with_name(f".{folder.name}.lock").unlink(missing_ok=True)
        _use_file(kernel.key).unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def came_along(kernel: Kernel) -> bool:
    """Whether nobody asked for it: a bisection or a build of schedulers fetched it. `auto` does not mean such a one."""
    return _along_file(kernel.key).exists()


def note_wanted(kernel: Kernel, *, along: bool) -> None:
    """Note why a kernel was fetched just now, `along` with something else or for itself."""
    if along:
        _along_file(kernel.key).touch()
    else:
        _along_file(kernel.key).unlink(missing_ok=True)


def _along_file(key: str) -> Path:
    return cache_dir() / _KIND / f".{key}.along"


def _use_file(key: str) -> Path:
    return cache_dir() / _KIND / f".{key}.use"


def version_of(kernel: Kernel) -> Version:
    """The kernel's version in a form that orders."""
    return parse_version(kernel.version)


def newest(kernels: list[Kernel]) -> Kernel | None:
    """The newest release, and of one version the one made last; a release candidate only if there is nothing else."""
    return max(
        kernels,
        key=lambda one: (version_of(one).released, version_of(one), one.image.stat().st_mtime),
        default=None,
    )


def _load(folder: Path) -> Kernel | None:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        if manifest["machine"] != machine_of_host().name:
            return None
        kernel = Kernel(
            key=folder.name,
            version=manifest["version"],
            release=manifest["release"],
            source=manifest["source"],
            image=folder / "vmlinux",
            image_sha256=manifest["image_sha256"],
            config=folder / "config",
            sched_ext=manifest["sched_ext"],
        )
    except (OSError, ValueError, KeyError) as error:
        print(f"ktstr: {folder}: left out, its {_MANIFEST} cannot be read ({error!r})", file=sys.stderr)
        return None
    if seal.is_sealed(folder) and (damage := seal.damage(folder)):
        print(f"ktstr: {folder}: left out: {damage}; it is made again when it is asked for", file=sys.stderr)
        return None
    return kernel
