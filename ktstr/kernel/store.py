"""The kernels in the cache: `<cache>/kernels/<key>/` with `vmlinux`, `config` and `manifest.json`."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.base import seal
from ktstr.base.cache import cache_dir, file_digest, find, refusals
from ktstr.base.errors import KtstrError
from ktstr.base.lock import acquired
from ktstr.base.machine import machine_of_host
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Version, parse_version

__all__ = [
    "Damaged",
    "Entry",
    "breakable",
    "cached",
    "came_along",
    "damaged",
    "entries",
    "find_kernel",
    "hold",
    "make_room",
    "newest",
    "note_wanted",
    "remove",
    "remove_key",
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
    with refusals():
        kernels = [kernel for path in _folders() if (kernel := _load(path)) is not None]
    return sorted(kernels, key=version_of, reverse=True)


def _folders() -> list[Path]:
    folder = cache_dir() / _KIND
    return sorted(path for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []


@dataclass(frozen=True)
class Damaged:
    """What lies in a kernel's place and is none, and why: its key, the size of its files in bytes, and its age."""

    key: str
    why: str
    size: int
    age_s: float


def damaged() -> list[Damaged]:
    """The entries that are damaged, by their keys."""
    with refusals():
        return [
            Damaged(path.name, why, _bytes(path), max(0.0, time.time() - path.lstat().st_mtime))
            for path in _folders()
            if isinstance(why := _read(path), str)
        ]


def make_room(key: str) -> None:
    """Remove the entry of that key if it is damaged, so that the kernel is fetched or built again; it is said."""
    for one in damaged():
        if one.key == key and remove_key(key):
            print(f"ktstr: kernel {key}: {one.why}; making it again", file=sys.stderr, flush=True)


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)


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
            _bytes(kernel.image.parent),
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
    return remove_key(kernel.key)


def remove_key(key: str) -> bool:
    """Remove what has this key, whatever it is; False if a process uses it."""
    with refusals():
        descriptor = acquired(_use_file(key))
    if descriptor is None:
        return False
    try:
        folder = cache_dir() / _KIND / key
        # Renamed first, so that a kill leaves no half of an entry.
        gone = folder.with_name(f".{key}.removed")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        seal.seal_of(folder).unlink(missing_ok=True)
        if gone.is_dir() and not gone.is_symlink():
            shutil.rmtree(gone)
        else:
            gone.unlink()
        for suffix in ("lock", "along", "use"):
            folder.with_name(f".{key}.{suffix}").unlink(missing_ok=True)
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
    """The kernel of an entry; None if it is of another machine, or damaged, which is said once."""
    found = _read(folder)
    if isinstance(found, str):
        _say_damaged(folder, found)
        return None
    return found


@functools.cache
def _say_damaged(folder: Path, why: str) -> None:
    print(
        f"ktstr: {folder}: left out: {why}; it is made again when it is asked for, and "
        f"`ktstr kernel-clean --key {folder.name}` removes it",
        file=sys.stderr,
        flush=True,
    )


def _read(folder: Path) -> Kernel | str | None:
    """The kernel of an entry, or what is wrong with the entry; None if it is of another machine."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        if manifest["machine"] != machine_of_host().name:
            return None
        kernel = Kernel(
            key=folder.name,
            version=str(parse_version(manifest["version"])),
            release=manifest["release"],
            source=manifest["source"],
            image=folder / "vmlinux",
            image_sha256=manifest["image_sha256"],
            config=folder / "config",
            sched_ext=manifest["sched_ext"],
        )
    except OSError as error:
        return f"{_MANIFEST}: {error.strerror}"
    except KeyError as error:
        return f"{_MANIFEST}: has no {error.args[0]}"
    except (ValueError, TypeError, AttributeError, KtstrError):
        return f"{_MANIFEST}: not what was written"
    return (seal.damage(folder) if seal.is_sealed(folder) else _unsealed_damage(folder, manifest)) or kernel


def _unsealed_damage(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """What is plainly wrong with a kernel that was kept before there were seals, or copied without its seal."""
    for name in ("vmlinux", "config"):
        try:
            with (folder / name).open("rb") as file:
                head, size = file.read(64), os.fstat(file.fileno()).st_size
        except OSError as error:
            return f"{name}: {error.strerror}"
        # ELF's table of sections is the last thing in an image: where it begins, and its entries' size and number.
        if head[:4] == b"\x7fELF" and len(head) == 64:
            begin, (length, count) = (
                int.from_bytes(head[40:48], "little"),
                struct.unpack_from("<HH", head, 58),
            )
            if size < begin + length * count:
                return f"{name}: cut short, {size} bytes of {begin + length * count}"
    wanted = manifest.get("config_sha256")
    if wanted and file_digest(folder / "config") != wanted:
        return "config: its content has changed"
    return None
