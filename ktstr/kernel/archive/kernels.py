"""Debian's packages of kernels: which they are, and the versions in their names.

The package that holds `vmlinuz` is `linux-binary-<release>` from 6.19 on and `linux-image-<release>` before
(which from 6.19 on is empty). The configuration is in the latter, from 6.19 on in `linux-base-<release>`. A source is
in `linux-source-<series>`, an image with DWARF in `linux-image-<release>-dbg`.
"""

from __future__ import annotations

import re

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.archive.apt import Archive, PoolFile
from ktstr.kernel.archive.deb822 import Stanza
from ktstr.kernel.spec import Version, parse_version

__all__ = ["kernel_stanzas", "pool_file", "upstream_version"]

# What is kept of an index: the kernels' packages and those with the kernel's source.
_KERNEL_PACKAGES = re.compile(r"linux-(image|binary|base|source)-[0-9].*")
_UPSTREAM = re.compile(
    r"(?:[0-9]+:)?(?P<version>[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,5})?)(?:~rc(?P<rc>[0-9]{1,3}))?[-+~].*"
)


def kernel_stanzas(archive: Archive, suite: str) -> list[Stanza]:
    """The stanzas of a suite's packages with kernels and their sources; none if there is no such suite."""
    release = archive.release(suite)
    if release is None:
        return []
    index = f"main/binary-{machine_of_host().debian_architecture}/Packages.xz"
    return archive.stanzas(
        release, index, lambda name: _KERNEL_PACKAGES.fullmatch(name) is not None, "kernels"
    )


def upstream_version(package_version: str) -> Version | None:
    """The kernel's version in `7.0.13-1~bpo13+1` or `7.3~rc7-1~exp1`; None if it is in no such form."""
    match = _UPSTREAM.fullmatch(package_version)
    if match is None:
        return None
    return parse_version(match["version"] + (f"-rc{match['rc']}" if match["rc"] else ""))


def pool_file(stanza: Stanza) -> PoolFile:
    """The package file of a stanza; KtstrError if the index does not describe it."""
    try:
        return PoolFile(stanza["Filename"], int(stanza["Size"]), stanza["SHA256"])
    except (KeyError, ValueError):
        raise KtstrError(
            f"the archive's index: package {stanza['Package']} {stanza['Version']}: must have Filename, Size and SHA256"
        ) from None
