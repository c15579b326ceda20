"""What fuzzing has found, each by its cause: the mended decoders refuse it in one line."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
import zlib
from pathlib import Path

import pytest
from debian_archive import boot_image, elf, tar
from fuzz_archives import ar
from test_btf_damage import Blob

from ktstr.base.errors import KtstrError
from ktstr.base.topology import parse_cpu_list
from ktstr.events.btf.names import type_name
from ktstr.events.btf.reader import read_btf
from ktstr.events.stream import Nonsense, parse_events
from ktstr.kernel.archive import apt
from ktstr.kernel.archive.apt import Archive, PoolFile, Release
from ktstr.kernel.archive.deb import read_files
from ktstr.kernel.archive.kernels import pool_file
from ktstr.kernel.archive.plain import most_plain
from ktstr.kernel.archive.unpack import unpack_stream
from ktstr.kernel.images.file import image_kernel
from ktstr.run.replay import read_sidecar

INDEX = "main/source/Sources.xz"
DIGEST = "0" * 64


def of_package(content: bytes, name: str = "data.tar") -> dict[str, bytes]:
    return read_files(io.BytesIO(ar({name: content})), "x.deb", lambda _path: True, 1 << 20)


def refused(content: bytes, why: str, name: str = "data.tar") -> None:
    with pytest.raises(KtstrError, match=rf"^x\.deb: not a whole Debian package: {why}$"):
        of_package(content, name)


def with_size(size: bytes) -> bytes:
    """A tar archive whose only member claims a size."""
    data = bytearray(tar({"a": b"text"}))
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def test_a_size_before_the_member_begins_is_no_size() -> None:
    package = ar({"other": b"", "data.tar": b""}).replace(b"0         `\n", b"-60       `\n", 1)
    with pytest.raises(KtstrError, match="broken ar header"):
        read_files(io.BytesIO(package), "x.deb", lambda _path: True, 1)


def test_a_member_is_not_longer_than_an_archive_can_be() -> None:
    refused(with_size(b"\x80" + (2**80).to_bytes(11)), f"a member of {2**80} bytes")
    refused(with_size(b"\xff" * 11 + b"\x01"), "a member of -255 bytes")


def test_a_size_in_an_extended_header_is_checked_as_well() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.pax_headers = {"size": str(2**70)}
        archive.addfile(member)
    refused(data.getvalue(), f"a: a member of {2**70} bytes")


def test_an_extended_header_is_short() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.pax_headers = {"comment": "7" * 9000}
        archive.addfile(member)
    refused(data.getvalue(), r"an extended header of 90\d\d bytes")


def test_what_holds_implausibly_much_is_not_read_to_its_end() -> None:
    packed = lzma.compress(tar({"a": bytes(64 << 20)}), preset=1)
    assert len(packed) < 20_000
    with pytest.raises(
        KtstrError, match=r"hold more than \d+ when decompressed, which is more than any kernel's; refused$"
    ):
        read_files(io.BytesIO(ar({"data.tar.xz": packed})), "x.deb", lambda _path: True, 1 << 30)


def test_xz_gets_no_more_memory_than_a_kernel_needs() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(b"text", filters=filters, check=lzma.CHECK_NONE))
    assert packed[16:17] == b"\x10"
    packed[16] = 40  # a dictionary of 4 GiB - 1
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    refused(bytes(packed), "Memory usage limit exceeded", "data.tar.xz")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"l/a": b"1", "l/a/b": b"2"}, "l/a/b: cannot be unpacked: (Not a directory|File exists)"),
        ({"l/a": b"1", "l//a": b"2"}, "l//a: cannot be unpacked: File exists"),
        ({"l/" + "n" * 300: b"1"}, "l/n{300}: cannot be unpacked: File name too long"),
    ],
)
def test_a_path_that_cannot_be_made_is_named(members: dict[str, bytes], why: str, tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=rf"^s\.tar: {why}$"):
        unpack_stream(io.BytesIO(tar(dict(members))), "s.tar", tmp_path)


def test_a_time_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("l/a")
        member.pax_headers = {"mtime": "1e40"}
        archive.addfile(member)
    data.seek(0)
    with pytest.raises(
        KtstrError, match=r"^s\.tar: not a whole source archive: l/a: a time that no file can have$"
    ):
        unpack_stream(data, "s.tar", tmp_path)


def test_an_image_names_a_version_that_can_be_part_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz"
    for release in ("7.3.4-" + "x" * 300, "7.3.4/../../secret", "7" * 5000 + ".3"):
        path.write_bytes(boot_image(elf(200) + f"Linux version {release} (me)".encode()))
        with pytest.raises(KtstrError, match=r"not a Linux image: it names no version$"):
            image_kernel(path, tmp_path)


def test_an_image_claims_no_implausible_size(tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz"
    path.write_bytes(
        boot_image(b"", b"\x28\xb5\x2f\xfd" + bytes(100) + most_plain(200).to_bytes(4, "little"))
    )
    with pytest.raises(KtstrError, match=r"damaged: the payload claims to hold \d+ bytes$"):
        image_kernel(path, tmp_path)


def release(text: str) -> Release:
    return Release("stable", "stable", 0.0, True, "verified", text)


@pytest.mark.parametrize("line", [f"{DIGEST} 17x {INDEX}", f"{DIGEST} -1 {INDEX}", f"../{DIGEST} 17 {INDEX}"])
def test_a_release_file_has_digests_and_sizes(line: str) -> None:
    with pytest.raises(KtstrError, match=rf"^Debian stable release file: {INDEX}: no digest and size: '"):
        release(f"SHA256:\n {line}\n").index_file(INDEX)


def test_a_date_that_there_cannot_be_is_none() -> None:
    strange = release(
        f"Date: Sat, 01 Jan {'9' * 30} 00:00:00 UTC\nValid-Until: Fri, 01 Jan 1999 00:00:00\n UTC\n"
    )
    assert strange.date.year == 1970
    assert strange.trust == "verified, index expired Fri, 01 Jan 1999 00:00:00 UTC"


class Indexed(Archive):
    """An archive whose index is `text`."""

    def __init__(self, text: bytes, folder: Path) -> None:
        super().__init__("http://localhost", (), 1)
        self._packed = folder / "packed"
        self._packed.write_bytes(lzma.compress(text, preset=0))

    def pool_file(self, file: PoolFile, what: str) -> Path:
        return self._packed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"Package: a\nSize: 1\n", "Debian stable index: package 'a': has no version: ''"),
        (b"Package: a\nVersion: !\n", "Debian stable index: package 'a': has no version: '!'"),
        (
            b"x" * (5 << 20),
            r"Debian stable index: http://\S+: larger than any index \(0 entries, \d+ bytes\); refused",
        ),
        (
            b"\n\n" * (2 << 20),
            r"Debian stable index: http://\S+: larger than any index \(\d+ entries, \d+ bytes\); refused",
        ),
    ],
    ids=["none", "no version", "an entry", "entries"],
)
def test_an_index_is_bounded_and_names_versions(text: bytes, why: str, tmp_path: Path) -> None:
    archive = Indexed(text, tmp_path)
    with pytest.raises(KtstrError, match=f"^{why}$"):
        archive.stanzas(release(f"SHA256:\n {DIGEST} 17 {INDEX}\n"), INDEX, lambda _name: True, "found")


def test_a_package_that_an_index_does_not_describe_is_named() -> None:
    with pytest.raises(
        KtstrError, match=r"^the archive's index: package a 1: must have Filename, Size and SHA256$"
    ):
        pool_file({"Package": "a", "Version": "1", "Size": "1"})


def test_a_list_of_more_cpus_than_a_word_counts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^CPU list '0-9{25}': more than 8192 CPUs$"):
        parse_cpu_list("0-" + "9" * 25)
    line = json.dumps({"ev": "cpu", "cpu": 0, "llc": "0", "threads": "0-" + "9" * 25})
    with pytest.raises(Nonsense, match="not a list of CPUs"):
        parse_events(line + "\n")


def test_a_sidecar_is_text_and_has_an_outcome(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.json"
    whole = {
        "schema": 1,
        "nodeid": "a.py::b",
        "test": "b",
        "kernel": {"version": "7.0"},
        "topology": "1n1l1c1t",
    }
    whole |= {"seed": 1, "clock": "real", "runs": []}
    for change, why in (
        ({"outcome": "failed", "clock": "\ud800"}, "surrogates"),
        ({}, "missing required field `outcome`"),
    ):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(KtstrError, match=f"not a test's sidecar of schema 1: .*{why}"):
            read_sidecar(path)


def test_the_name_of_a_type_is_one_line() -> None:
    blob = Blob()
    number = blob.integer("int\nBUG SUMMARY: \x1b[1m")
    assert type_name(read_btf(blob.bytes()), number) == "int\ufffdBUG SUMMARY: \ufffd[1m"


def test_a_kept_release_file_that_is_no_text_is_fetched_again(tmp_path: Path) -> None:
    """By nox -s faults: one flipped bit."""
    kept = tmp_path / "stable.json"
    kept.write_bytes(b'{"archive": "a", "suite": "stable", "text": "caf\xe6", "fetched": 1, "trust": "t"}')
    assert apt._load(kept) is None
