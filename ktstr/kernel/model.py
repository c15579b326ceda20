"""A kernel that can be booted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Kernel"]


@dataclass(frozen=True)
class Kernel:
    """A kernel in the cache, ready to boot.

    `key` is the cache key, `version` the upstream version (`7.0.13`), `release` what `uname -r` prints in
    the guest, `source` where it came from and how far that was verified, in words. `image` is the
    decompressed ELF image (booted through its PVH entry), `image_sha256` its digest, `config` its build
    configuration. `sched_ext` says whether the configuration has CONFIG_SCHED_CLASS_EXT=y.
    """

    key: str
    version: str
    release: str
    source: str
    image: Path
    image_sha256: str
    config: Path
    sched_ext: bool

    @property
    def origin(self) -> str:
        """The name of the source of its image (`debian`, `debian-rt`), `built`, or `image` for a user's own file."""
        return self.key.removeprefix(f"{self.version}-").rpartition("-")[0]

    @property
    def plain(self) -> bool:
        """Whether a version alone can mean it: one of another flavour or distribution, or in a file, must be named."""
        return self.origin in ("built", "debian")

    @property
    def built(self) -> bool:
        """Whether it was built here, from source."""
        return "-built-" in self.key
