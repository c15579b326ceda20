"""Archives: Debian packages, and source archives as they are unpacked.

An input is a byte that chooses how it is packed, and what is packed. The generator compresses it and mends the
checksums of tar headers, so that damage reaches what lies behind them.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import zstandard
from debian_archive import config, elf, tar
from fuzz_target import Target

from ktstr.kernel.archive.deb import read_files
from ktstr.kernel.archive.unpack import unpack, unpack_debian

__all__ = ["PACKAGES", "SOURCES", "ar", "mended"]

_BLOCK = 512
_PACKERS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("tar", bytes),
    ("tar.gz", lambda data: gzip.compress(data, 1, mtime=0)),
    ("tar.bz2", lambda data: bz2.compress(data, 1)),
    ("tar.xz", lambda data: lzma.compress(data, preset=0)),
    ("tar.zst", lambda data: zstandard.compress(data, 1)),
)
_AS_IT_IS = 0x80  # bit of the first byte: the rest is the whole file


def mended(data: bytes) -> bytes:
    """A tar archive whose headers have the checksums that they should have."""
    mended, at = bytearray(data), 0
    while at + _BLOCK <= len(mended):
        header = mended[at : at + _BLOCK]
        if not any(header):
            at += _BLOCK
            continue
        header[148:156] = b" " * 8
        mended[at + 148 : at + 156] = b"%06o\0 " % sum(header)
        try:
            size = int(bytes(header[124:136]).strip(b" \0") or b"0", 8)
        except ValueError:
            size = 0
        at += _BLOCK + (size + _BLOCK - 1) // _BLOCK * _BLOCK
    return bytes(mended)


def ar(members: dict[str, bytes]) -> bytes:
    """An ar archive, as Debian packages are."""
    made = b"!<arch>\n"
    for name, content in members.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        made += content + b"\n" * (len(content) % 2)
    return made


def _packed(data: bytes, top: str) -> tuple[str, bytes]:
    """The name `<top>.tar...` and the bytes of an input's tar archive."""
    suffix, pack = _PACKERS[(data[0] & 0x7F) % len(_PACKERS)]
    return f"{top}.{suffix}", data[1:] if data[0] & _AS_IT_IS else pack(mended(data[1:]))


def _package(data: bytes, _folder: Path) -> None:
    if not data:
        return
    if data[0] == 0xFF:
        package = data[1:]
    else:
        name, content = _packed(data, "data")
        package = ar({"debian-binary": b"2.0\n", name: content})
    read_files(io.BytesIO(package), "x.deb", lambda path: not path.endswith("/skipped"), 1 << 20)


def _source(data: bytes, folder: Path) -> None:
    if not data:
        return
    tree, archive = folder / "in" / "tree", folder / "archive"
    tree.mkdir(parents=True)
    try:
        if data[0] & 0x40:
            name, content = _packed(bytes([data[0] & ~0x40]) + data[1:], "linux-source-7.3")
            archive.write_bytes(
                ar({"debian-binary": b"2.0\n", "data.tar": tar({f"./usr/src/{name}": content})})
            )
            unpack_debian(archive, "x.deb", tree)
        else:
            name, content = _packed(data, "linux-7.3")
            archive.write_bytes(content)
            unpack(archive, name, tree)
    finally:
        outside = [
            path for path in (*folder.iterdir(), *(folder / "in").iterdir()) if path not in (archive, tree)
        ]
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    assert outside == [folder / "in"], outside


def _link(name: str, target: str, type: bytes = tarfile.SYMTYPE) -> dict[str, bytes | tarfile.TarInfo]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = type, target
    return {name: member}


def _in_format(format: int, **headers: str) -> bytes:
    """An archive with a long name, and PAX headers if the format has them."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=format) as archive:
        member = tarfile.TarInfo("linux/" + "long/" * 40 + "name")
        member.size, member.mtime, member.pax_headers = 4, 1700000000, headers
        archive.addfile(member, io.BytesIO(b"text"))
    return data.getvalue()


def _archives() -> list[bytes]:
    folder = tarfile.TarInfo("linux/x/y")
    folder.type = tarfile.DIRTYPE
    sparse = bytearray(tar({"linux/sparse": b"text"}))
    # Two pieces of a file of a MiB, in the old format of GNU tar.
    pieces = b"".join(b"%011o\0%011o\0" % piece for piece in ((0, 2), (1 << 19, 2)))
    sparse[156:157], sparse[257:265], sparse[386 : 386 + len(pieces)] = b"S", b"ustar  \0", pieces
    sparse[483:495] = b"%011o\0" % (1 << 20)
    made = [
        tar({"linux/Makefile": b"VERSION = 7\n", "linux/x/y": folder, "linux/x/z/file": b"text"}),
        tar({**_link("linux/x/y/z/up", "../../.."), **_link("linux/out", "x/y"), "linux/a": b""}),
        tar({**_link("linux/hard", "linux/a", tarfile.LNKTYPE), "linux/a": b"1"}),
        tar({"./boot/config-7.3": config("7.3.4").encode(), "./boot/vmlinuz-7.3": elf(600)}),
        _in_format(tarfile.PAX_FORMAT, comment="x", mtime="1.5", size="4", path="linux/other"),
        _in_format(tarfile.GNU_FORMAT),
        _in_format(tarfile.PAX_FORMAT, **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
        bytes(sparse),
    ]
    # Of the zeros at the end, which fill a tape's record, two blocks say that it is the end.
    return [one[: (len(one.rstrip(b"\0")) + _BLOCK - 1) // _BLOCK * _BLOCK + 2 * _BLOCK] for one in made]


def _seeds() -> list[bytes]:
    made = [bytes([number % len(_PACKERS)]) + data for number, data in enumerate(_archives())]
    whole = [bytes([_AS_IT_IS | number]) + pack(_archives()[0]) for number, (_, pack) in enumerate(_PACKERS)]
    return list(dict.fromkeys([*made, *(bytes([0]) + data for data in _archives()), *whole]))


def _package_seeds() -> list[bytes]:
    package = ar({"debian-binary": b"2.0\n", "control.tar.xz": b"xxx", "data.tar": _archives()[3]})
    return [*_seeds(), b"\xff" + package]


def _source_seeds() -> list[bytes]:
    return [*_seeds(), *(bytes([one[0] | 0x40]) + one[1:] for one in _seeds()[:4])]


PACKAGES = Target("packages", _package_seeds, _package)
"""Debian packages: ar, then tar in its compressions."""
SOURCES = Target("sources", _source_seeds, _source)
"""Source archives, and Debian's packages of them, unpacked into a folder."""
