"""The host's distribution: the names of its packages and how they are installed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ktstr.host.tools import Tool

__all__ = ["FAMILIES", "Distribution", "Family", "distribution", "root_prefix"]


@dataclass(frozen=True)
class Family:
    """Distributions with one package manager: `install` is its command, `yes` what keeps it from asking."""

    key: str
    name: str
    install: tuple[str, ...]
    yes: str
    refresh: tuple[str, ...] = ()


FAMILIES = (
    Family(
        key="debian",
        name="Debian/Ubuntu",
        install=("apt-get", "install", "--no-install-recommends"),
        yes="--yes",
        refresh=("apt-get", "update"),
    ),
    Family(
        key="fedora",
        name="Fedora",
        install=("dnf", "install", "--setopt=install_weak_deps=False"),
        yes="--assumeyes",
    ),
    Family(key="arch", name="Arch", install=("pacman", "-S", "--needed"), yes="--noconfirm"),
)
"""The families of distributions whose package names ktstr knows."""


@dataclass(frozen=True)
class Distribution:
    """A release of a distribution (`debian 12`), as os-release(5) names it; `family` is None if unknown."""

    release: str
    family: Family | None

    def packages(self, tools: Iterable[Tool]) -> list[str]:
        """The packages that have `tools`, each once."""
        names: list[str] = []
        for tool in tools:
            names += self.package_names(tool).split()
        return list(dict.fromkeys(names))

    def package_names(self, tool: Tool) -> str:
        """The packages of one tool here, space-separated; empty if the distribution is not known."""
        if self.family is None:
            return ""
        return tool.packages.get(self.release, tool.packages[self.family.key])

    def install_command(self, packages: Iterable[str]) -> list[str]:
        """The command that installs `packages`, to be run as root; empty if it is not known."""
        return [*self.family.install, *packages] if self.family else []


def distribution(os_release: Mapping[str, str] | None = None) -> Distribution:
    """The distribution described by `os_release`, the fields of os-release(5); the host's by default."""
    if os_release is None:
        try:
            os_release = platform.freedesktop_os_release()
        except OSError:
            os_release = {}
    kin = [os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()]
    family = next((family for name in kin for family in FAMILIES if family.key == name), None)
    return Distribution(f"{kin[0]} {os_release.get('VERSION_ID', '')}".strip(), family)


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root without a question; None if that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n"] if allowed else None
