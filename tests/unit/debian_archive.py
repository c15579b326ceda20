"""A small archive of Debian or Ubuntu in the real formats, for a local web server."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import random
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from local_server import Server

from ktstr.base.machine import machine_of_host

FRESH = "Sat, 01 Jan 2000 00:00:00 UTC", "Fri, 01 Jan 2100 00:00:00 UTC"


def elf(size: int = 20_000, seed: int = 1) -> bytes:
    """Something that begins like an x86-64 ELF executable and does not compress."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62)
    return header + random.Random(seed).randbytes(size - len(header))


def boot_image(image: bytes, payload: bytes | None = None) -> bytes:
    """A vmlinuz as the kernel's build lays it out: a setup of two sectors, then the payload behind some code."""
    payload = zstandard.compress(image) + struct.pack("<I", len(image)) if payload is None else payload
    setup_sectors, code = 2, b"\xcc" * 64
    header = bytearray((setup_sectors + 1) * 512)
    header[0x1F1] = setup_sectors
    header[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", header, 0x206, 0x20F)
    struct.pack_into("<II", header, 0x248, len(code), len(payload))
    return bytes(header) + code + payload + b"\x90" * 100


def config(version: str, sched_ext: bool = True) -> str:
    ext = "CONFIG_SCHED_CLASS_EXT=y" if sched_ext else "# CONFIG_SCHED_CLASS_EXT is not set"
    return f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 {version} Kernel Configuration\n#\n{ext}\n"


def tar(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar archive; a value that is a TarInfo is written as it is, without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def deb(files: Mapping[str, bytes | tarfile.TarInfo], compression: str = "xz") -> bytes:
    """A binary package: an ar archive with a version, a control part and the files."""
    packers: dict[str, Callable[[bytes], bytes]] = {
        "xz": lzma.compress,
        "gz": gzip.compress,
        "zst": zstandard.compress,
        "": bytes,
    }
    data = f"data.tar.{compression}" if compression else "data.tar"
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tar({"./control": b"Package: x\n"})),
        data: packers[compression](tar(files)),
    }
    ar = b"!<arch>\n"
    for name, content in members.items():
        ar += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        ar += content + b"\n" * (len(content) % 2)
    return ar


@dataclass(frozen=True)
class SigningKey:
    """A throwaway key and the keyring that holds it."""

    home: Path
    keyring: Path

    @classmethod
    def make(cls, home: Path) -> SigningKey:
        home.mkdir(mode=0o700)
        gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
        new = [*gpg, "--passphrase", "", "--quick-gen-key", "test@example.org", "ed25519", "sign", "never"]
        subprocess.run(new, check=True, capture_output=True)
        keyring = home / "keyring.gpg"
        subprocess.run([*gpg, "--export", "--output", str(keyring)], check=True, capture_output=True)
        return cls(home, keyring)

    def sign(self, text: str) -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--clearsign"]
        return subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)


def unsigned(text: str) -> bytes:
    """What looks signed: for hosts that cannot check signatures."""
    armour = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n{armour}".encode()


@dataclass
class DebianArchive:
    """Packages by suite, published on a server by `publish`."""

    server: Server
    key: SigningKey | None = None
    origin: str = "Debian"
    packages: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def add(self, suite: str, name: str, version: str, content: bytes, *, listed: bool = True) -> str:
        """Put a package into the pool and, if `listed`, into the suite's index; its path."""
        architecture = machine_of_host().debian_architecture
        path = f"pool/main/l/linux/{name}_{version}_{architecture}.deb"
        self.server.files[path] = content
        stanza = (
            f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nFilename: {path}\n"
            f"Size: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\nDescription: test\n more\n"
        )
        stanzas = self.packages.setdefault(suite, [])
        if listed:
            stanzas.append(stanza)
        return path

    def add_kernel(
        self,
        version: str,
        suite: str = "stable",
        *,
        sched_ext: bool = True,
        size: int = 20_000,
        flavour: str = "cloud-",
    ) -> str:
        """A kernel as Debian publishes them from 7.2 on; the path of the package with the image."""
        release, package_version = self.release(version, flavour)
        folder = f"./usr/lib/modules/{release}"
        image = boot_image(elf(size, seed=zlib.crc32(version.encode())))
        self.add(
            suite,
            f"linux-base-{release}",
            package_version,
            deb({f"{folder}/config": config(version, sched_ext).encode()}),
        )
        return self.add(suite, f"linux-binary-{release}", package_version, deb({f"{folder}/vmlinuz": image}))

    @staticmethod
    def release(version: str, flavour: str = "cloud-") -> tuple[str, str]:
        """(what uname prints, the package's version) for an upstream version."""
        return (
            f"{version}+deb13-{flavour}{machine_of_host().debian_architecture}",
            f"{version.replace('-rc', '~rc')}-1",
        )

    def add_ubuntu_kernel(self, release: str, package_version: str, suite: str) -> None:
        """A kernel as Ubuntu publishes them: `6.17.0-8` in packages that are compressed with zstd."""
        name = f"{release}-generic"
        image = boot_image(elf(seed=zlib.crc32(package_version.encode())))
        modules = {
            f"./boot/config-{name}": config(release).encode(),
            f"./boot/System.map-{name}": b"0 T _text\n",
        }
        self.add(suite, f"linux-image-{name}", package_version, deb({f"./boot/vmlinuz-{name}": image}, "zst"))
        self.add(suite, f"linux-modules-{name}", package_version, deb(modules, "zst"))

    def add_source(self, suite: str, name: str, version: str, content: bytes) -> str:
        """A source package with an upstream tarball; the tarball's path."""
        upstream = version.rpartition("-")[0]
        path = f"pool/main/{name[0]}/{name}/{name}_{upstream}.orig.tar.gz"
        self.server.files[path] = content
        self.sources.setdefault(suite, []).append(
            f"Package: {name}\nBinary: {name}-dev\nVersion: {version}\nDirectory: {path.rpartition('/')[0]}\n"
            f"Checksums-Sha256:\n {'0' * 64} 17 {name}_{version}.dsc\n"
            f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}_{upstream}.orig.tar.gz\n"
        )
        return path

    def publish(
        self,
        suite: str,
        *,
        directory: str | None = None,
        codename: str = "",
        dates: tuple[str, str] = FRESH,
        by_hash: bool = True,
    ) -> None:
        """Write a suite's indexes and its signed release file."""
        directory = directory or suite
        indexes = {
            f"main/binary-{machine_of_host().debian_architecture}/Packages": "\n".join(
                self.packages.get(suite, [])
            ),
            "main/source/Sources": "\n".join(self.sources.get(suite, [])),
        }
        lines = []
        for name, text in indexes.items():
            packed = lzma.compress(text.encode())
            sha256 = hashlib.sha256(packed).hexdigest()
            folder = f"dists/{directory}/{name.rpartition('/')[0]}"
            self.server.files[f"dists/{directory}/{name}.xz"] = packed
            if by_hash:
                self.server.files[f"{folder}/by-hash/SHA256/{sha256}"] = packed
            lines.append(f" {sha256} {len(packed)} {name}.xz")
        text = "\n".join(
            [
                f"Origin: {self.origin}",
                f"Suite: {suite}",
                f"Codename: {codename or suite}",
                f"Date: {dates[0]}",
                f"Valid-Until: {dates[1]}",
                "Acquire-By-Hash: yes",
                "SHA256:",
                *lines,
            ]
        )
        signed = self.key.sign(text + "\n") if self.key else unsigned(text)
        self.server.files[f"dists/{directory}/InRelease"] = signed
