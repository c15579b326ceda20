"""A small Fedora repository in the real formats, for a local web server: metalink, repomd.xml, primary.xml, RPMs."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import zstandard
from debian_archive import boot_image, config, elf
from local_server import Server

from ktstr.base.machine import machine_of_host

__all__ = ["FedoraRepository", "cpio", "rpm"]

_PACKAGE = """<package type="rpm"><name>{name}</name><arch>{arch}</arch>
<version epoch="0" ver="{version}" rel="{release}"/>
<checksum type="sha256" pkgid="YES">{sha256}</checksum><summary>test</summary>
<size package="{size}" installed="1" archive="1"/><location href="{path}"/></package>
"""
_PRIMARY = """<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
{packages}</metadata>"""
_REPOMD = """<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
<data type="filelists"><location href="repodata/other.xml.zst"/></data>
<data type="primary"><checksum type="sha256">{sha256}</checksum><location href="{path}"/><size>{size}</size></data>
</repomd>"""
_METALINK = """<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
<files><file name="repomd.xml"><size>{size}</size>
<verification><hash type="md5">0</hash><hash type="sha256">{sha256}</hash></verification>
<resources><url protocol="rsync" preference="100">rsync://gone.example/repodata/repomd.xml</url>
<url protocol="https" preference="99">{gone}/repodata/repomd.xml</url>
<url protocol="https" preference="98">{url}/repodata/repomd.xml</url></resources></file></files></metalink>"""


def cpio(files: Mapping[str, bytes]) -> bytes:
    """An archive in the newc format, its names as in an RPM."""
    packed = b""
    for name, content in {**files, "TRAILER!!!": b""}.items():
        path = name if name == "TRAILER!!!" else f"./{name}"
        fields = [1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path) + 1, 0]
        packed += b"070701" + b"".join(b"%08x" % one for one in fields) + path.encode() + b"\0"
        packed += bytes(-len(packed) % 4) + content
        packed += bytes(-len(packed) % 4)
    return packed


def rpm(files: Mapping[str, bytes]) -> bytes:
    """A package of format 4: a lead, a signature's header that has to be padded, a header, the payload."""

    def header(data: bytes) -> bytes:
        return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", 1, len(data)) + bytes(16) + data

    signature = header(b"sig")
    lead = b"\xed\xab\xee\xdb\x03\x00".ljust(96, b"\0")
    return lead + signature + bytes(-len(signature) % 8) + header(b"data") + zstandard.compress(cpio(files))


@dataclass
class FedoraRepository:
    """Packages of one repository, published on a server by `publish`."""

    server: Server
    name: str
    packages: list[str] = field(default_factory=list)

    def add_kernel(self, version: str, release: str) -> str:
        """A kernel as Fedora publishes them; the path of its package."""
        machine = machine_of_host().name
        folder = f"lib/modules/{version}-{release}.{machine}"
        image = boot_image(elf(seed=len(self.packages)))
        package = rpm(
            {f"{folder}/config": config(version).encode(), f"{folder}/vmlinuz": image, "other": b"x" * 9}
        )
        path = f"Packages/k/kernel-core-{version}-{release}.{machine}.rpm"
        self.server.files[f"{self.name}/{path}"] = package
        about = {"name": "kernel-core", "arch": machine, "version": version, "release": release, "path": path}
        digest = hashlib.sha256(package).hexdigest()
        self.packages.append(_PACKAGE.format(**about, size=len(package), sha256=digest))
        return f"{self.name}/{path}"

    def publish(self) -> None:
        """Write the list of packages, the repomd.xml and the metalink, whose first mirror is gone."""
        primary = zstandard.compress(_PRIMARY.format(packages="".join(self.packages)).encode())
        digest = hashlib.sha256(primary).hexdigest()
        path = f"repodata/{digest}-primary.xml.zst"
        repomd = _REPOMD.format(sha256=digest, path=path, size=len(primary)).encode()
        url = f"{self.server.url}/{self.name}"
        metalink = _METALINK.format(
            size=len(repomd),
            sha256=hashlib.sha256(repomd).hexdigest(),
            url=url,
            gone=f"{self.server.url}/gone",
        )
        self.server.files |= {
            f"{self.name}/{path}": primary,
            f"{self.name}/repodata/repomd.xml": repomd,
            f"metalink/{self.name}": metalink.encode(),
        }
