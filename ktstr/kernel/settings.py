"""The settings of kernel sources: `kernels/sources.toml`."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError

__all__ = [
    "ArchiveSettings",
    "FedoraSettings",
    "KernelOrgSettings",
    "debian_settings",
    "fedora_settings",
    "kernel_org_settings",
    "kernels_dir",
    "schedulers_series",
    "source_order",
    "ubuntu_settings",
]


@dataclass(frozen=True)
class ArchiveSettings:
    """A table of an archive in Debian's format, with the environment's overrides applied; the file explains each.

    `origin` is what the archive's release files call it.
    """

    origin: str
    default_mirror: str
    mirror_override: str | None
    suites: tuple[str, ...]
    index_fresh_s: float
    keyrings: tuple[Path, ...]


@dataclass(frozen=True)
class FedoraSettings:
    """The `[fedora]` table, with the environment's override applied; the file explains each."""

    metalink: str
    repositories: tuple[str, ...]


@dataclass(frozen=True)
class KernelOrgSettings:
    """The `[kernel_org]` table, with the environment's overrides applied; the file explains each."""

    releases: str
    mirror: str
    keyrings: tuple[Path, ...]


def kernels_dir() -> Path:
    """The `kernels/` folder: inside the package if ktstr is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "kernels", package.parent / "kernels"):
        if (folder / "sources.toml").is_file():
            return folder
    raise KtstrError(f"kernels/sources.toml: not in {package} nor beside it; install ktstr again")


@cache
def _sources() -> dict[str, Any]:
    return tomllib.loads((kernels_dir() / "sources.toml").read_text())


def debian_settings() -> ArchiveSettings:
    """Settings for reading Debian's archive. `KTSTR_DEBIAN_KEYRING` set but empty: check no signature."""
    return _archive_settings("Debian")


def ubuntu_settings() -> ArchiveSettings:
    """Settings for reading Ubuntu's archive. `KTSTR_UBUNTU_KEYRING` set but empty: check no signature."""
    return _archive_settings("Ubuntu")


def _archive_settings(origin: str) -> ArchiveSettings:
    """A keyring of the list that has no folder is one of `kernels/`; that of the variable is the user's."""
    table = _sources()[origin.lower()]
    keyring = os.environ.get(f"KTSTR_{origin.upper()}_KEYRING")
    listed = [kernels_dir() / path for path in table["keyrings"]]
    return ArchiveSettings(
        origin=origin,
        default_mirror=table["mirror"],
        mirror_override=os.environ.get(f"KTSTR_{origin.upper()}_MIRROR") or None,
        suites=tuple(table["suites"]),
        index_fresh_s=float(table["index_fresh_s"]),
        keyrings=tuple(listed if keyring is None else [Path(keyring)] if keyring else []),
    )


def fedora_settings() -> FedoraSettings:
    """Settings for reading Fedora's repositories."""
    table = _sources()["fedora"]
    metalink = os.environ.get("KTSTR_FEDORA_METALINK") or table["metalink"]
    return FedoraSettings(metalink=metalink, repositories=tuple(table["repositories"]))


def kernel_org_settings() -> KernelOrgSettings:
    """Settings for kernel.org. `KTSTR_KERNEL_ORG_KEYRING` set but empty: check no signature."""
    table = _sources()["kernel_org"]
    keyring = os.environ.get("KTSTR_KERNEL_ORG_KEYRING")
    keyrings = table["keyrings"] if keyring is None else [keyring] if keyring else []
    return KernelOrgSettings(
        releases=os.environ.get("KTSTR_KERNEL_ORG_RELEASES") or table["releases"],
        mirror=(os.environ.get("KTSTR_KERNEL_ORG_MIRROR") or table["mirror"]).rstrip("/"),
        keyrings=tuple(Path(path).expanduser() for path in keyrings),
    )


def source_order() -> tuple[str, ...]:
    """The names of the sources of code, in the order to ask them."""
    chosen = os.environ.get("KTSTR_SOURCES")
    return (
        tuple(name.strip() for name in chosen.split(",")) if chosen else tuple(_sources()["build"]["order"])
    )


def schedulers_series() -> str:
    """The kernel series whose own schedulers are built, or `newest`."""
    return str(_sources()["schedulers"]["series"])
