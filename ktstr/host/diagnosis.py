"""What `ktstr doctor` reports of the host, as data."""

from __future__ import annotations

import platform
import re
import shlex
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from ktstr.base.cache import cache_dir, disk_usage
from ktstr.base.errors import KtstrError
from ktstr.base.installed import installed
from ktstr.host.distribution import Distribution, distribution
from ktstr.host.remote import RemoteCache, remote_cache, shared_with
from ktstr.host.setup import install_hint, lacking
from ktstr.host.tools import TOOLS, Check, check
from ktstr.vm.host import probe

__all__ = ["Acceleration", "Diagnosis", "diagnose"]

_OF_EXTRA = re.compile(r";.*\bextra\s*==")  # a requirement's marker (PEP 508)


@dataclass(frozen=True)
class Acceleration:
    """How a guest would run here: accelerator and clock, or neither, and `reason` why."""

    accelerator: str | None
    clock: str | None
    reason: str


@dataclass(frozen=True)
class Diagnosis:
    """The host as ktstr sees it; sizes are in bytes. The version of a missing Python package is None.

    `remote` is None if no remote cache is named; `shared_with` then is empty, else says what others must have, too.
    """

    host: Distribution
    checks: tuple[Check, ...]
    acceleration: Acceleration
    python: str
    python_packages: dict[str, str | None]
    cache: Path
    cache_size: int
    cache_free: int
    remote: RemoteCache | None = None
    shared_with: str = ""

    @property
    def able(self) -> bool:
        """Whether the host has everything that `nox -s test` requires."""
        return not lacking(self.checks, "required") and None not in self.python_packages.values()

    @property
    def remedy(self) -> str:
        """The command that installs what is required or advised and missing; empty if nothing is."""
        missing = lacking(self.checks, "required", "advised")
        if missing:
            return install_hint(missing, self.host)
        return "" if self.able else f"pip install {shlex.quote(installed().requirement)}"


def diagnose() -> Diagnosis:
    """Examine the host. If it has /dev/kvm, a small guest is booted to find out whether KVM works."""
    cache, remote = cache_dir(), remote_cache()
    return Diagnosis(
        host=distribution(),
        checks=tuple(check(TOOLS)),
        acceleration=_acceleration(),
        python=platform.python_version(),
        python_packages=_python_packages(),
        cache=cache,
        cache_size=disk_usage(cache),
        cache_free=shutil.disk_usage(cache).free,
        remote=remote,
        shared_with=shared_with() if remote else "",
    )


def _acceleration() -> Acceleration:
    try:
        found = probe()
    except KtstrError as error:
        return Acceleration(None, None, str(error))
    return Acceleration(found.name, found.clock, found.reason)


def _python_packages() -> dict[str, str | None]:
    """The packages that ktstr depends on, with their versions; those of an extra only if they are there."""
    found: dict[str, str | None] = {}
    for requirement in requires("ktstr") or ():
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert match is not None
        try:
            found[match[0]] = version(match[0])
        except PackageNotFoundError:
            if not _OF_EXTRA.search(requirement):
                found[match[0]] = None
    return found
