"""Indices of a Debian archive: release files, packages, sources. Their addresses and digests are signed, at best."""

from __future__ import annotations

import lzma
from pathlib import Path

from fuzz_target import Target

from ktstr.base.machine import machine_of_host
from ktstr.kernel.archive.apt import Archive, PoolFile, Release
from ktstr.kernel.archive.signature import open_signed
from ktstr.kernel.archive.source_package import _newest
from ktstr.kernel.images.debian import CLOUD

__all__ = ["INDICES"]

_PACKAGES = f"main/binary-{machine_of_host().debian_architecture}/Packages.xz"
_FLAVOUR = f"cloud-{machine_of_host().debian_architecture}"


class _Archive(Archive):
    """An archive whose files are all the same one, beside the cache."""

    def __init__(self, content: bytes, folder: Path) -> None:
        super().__init__("http://localhost/debian", (), 3600)
        self._content, self._folder = content, folder

    def pool_file(self, file: PoolFile, what: str) -> Path:
        path = self._folder / "packed"
        path.write_bytes(self._content)
        return path


def _run(data: bytes, folder: Path) -> None:
    """The first byte chooses what the rest is."""
    kind, text = data[:1], data[1:]
    if kind == b"r":
        _release(text)
    elif kind == b"s":
        signed = open_signed(text, (), "release file")
        assert not signed.verified
    elif kind in (b"p", b"P", b"z"):
        release = Release("stable", "stable", 0.0, True, "verified", f"SHA256:\n {'0' * 64} 1 {_PACKAGES}\n")
        stanzas = _stanzas(text, kind == b"z", release, _PACKAGES, folder)
        CLOUD.kernels_in(stanzas, "stable", "verified")
    elif kind == b"S":
        index = "main/source/Sources.xz"
        release = Release("stable", "stable", 0.0, True, "verified", f"SHA256:\n {'0' * 64} 1 {index}\n")
        archive = _Archive(lzma.compress(text, preset=0), folder)
        _newest(archive, release, "libbpf", "1.2")


def _stanzas(text: bytes, packed: bool, release: Release, index: str, folder: Path) -> list[dict[str, str]]:
    archive = _Archive(text if packed else lzma.compress(text, preset=0), folder)
    return archive.stanzas(release, index, lambda _name: True, "kernels")


def _release(text: bytes) -> None:
    release = Release("stable", "stable", 0.0, True, "verified", text.decode(errors="replace"))
    assert "\n" not in release.trust
    file = release.index_file(_PACKAGES)
    assert file is None or file.size >= 0
    assert release.date.tzinfo is not None


def _seeds() -> list[bytes]:
    release = (
        "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 01 Jan 2000 00:00:00 UTC\n"
        "Valid-Until: Fri, 01 Jan 2100 00:00:00 UTC\nAcquire-By-Hash: yes\nSHA256:\n"
        f" {'0' * 64} 17 {_PACKAGES}\n"
    )
    signed = (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{release}\n"
        "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
    )
    names = ("linux-base", "linux-binary", "linux-image")
    packages = "\n".join(
        f"Package: {name}-7.3.4+deb13-{_FLAVOUR}\nVersion: 7.3.4-1~bpo13+1\nFilename: pool/main/l/x.deb\n"
        f"Size: 17\nSHA256: {'0' * 64}\nDescription: test\n more\n"
        for name in names
    )
    sources = (
        "Package: libbpf\nBinary: libbpf-dev\nVersion: 1.5.0-3\nDirectory: pool/main/libb/libbpf\n"
        f"Checksums-Sha256:\n {'0' * 64} 17 libbpf_1.5.0-3.dsc\n {'1' * 64} 18 libbpf_1.5.0.orig.tar.gz\n"
    )
    return [
        b"r" + release.encode(),
        b"s" + signed.encode(),
        b"p" + packages.encode(),
        b"S" + sources.encode(),
        b"z" + lzma.compress(packages.encode(), preset=0),
    ]


INDICES = Target("indices", _seeds, _run)
"""Release files, and indices of packages and sources."""
