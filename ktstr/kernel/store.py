"""The kernels in the cache: `<cache>/kernels/<key>/` with `vmlinux`, `config` and `manifest.json`."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ktstr.cache import cache_dir, find
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Version, parse_version

__all__ = ["cached", "find_kernel", "newest", "version_of", "write"]

_KIND = "kernels"
_SCHED_EXT = re.compile(r"^CONFIG_SCHED_CLASS_EXT=y$", re.MULTILINE)
_MANIFEST = "manifest.json"


def write(folder: Path, image: bytes, config: str, manifest: Mapping[str, Any]) -> None:
    """Fill a new entry; `manifest` has `version`, `release`, `source`, `image_sha256` and whatever else."""
    (folder / "vmlinux").write_bytes(image)
    (folder / "config").write_text(config)
    facts = {
        "machine": platform.machine(),
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
    entries = [path for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []
    kernels = [kernel for path in sorted(entries) if (kernel := _load(path)) is not None]
    return sorted(kernels, key=version_of, reverse=True)


def version_of(kernel: Kernel) -> Version:
    """The kernel's version in a form that orders."""
    return parse_version(kernel.version)


def newest(kernels: list[Kernel]) -> Kernel | None:
    """The newest release; a release candidate only where there is nothing else."""
    return max(kernels, key=lambda kernel: (version_of(kernel).released, version_of(kernel)), default=None)


def _load(folder: Path) -> Kernel | None:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        if manifest["machine"] != platform.machine():
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
    return kernel
