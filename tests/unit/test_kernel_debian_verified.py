"""What is fetched from an archive is verified, from the signature down to each package."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from debian_archive import DebianArchive, SigningKey, config
from debian_kernels import left_behind, versions
from local_server import cut

from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.resolve import resolve


def test_a_series_gives_its_newest_verified_from_the_signature_down(signed: DebianArchive) -> None:
    for version in ("7.0.2", "7.0.13", "7.1"):
        signed.add_kernel(version)
    signed.publish("stable")
    (kernel,) = resolve("7.0")
    assert kernel.version == "7.0.13"
    assert kernel.release == signed.release("7.0.13")[0]
    assert kernel.image.read_bytes().startswith(b"\x7fELF")
    assert kernel.config.read_text() == config("7.0.13")
    assert kernel.sched_ext
    assert kernel.source.endswith("signature verified")
    assert kernel.key.startswith("7.0.13-debian-")
    assert resolve(kernel.key) == [kernel]
    assert not list((cache_dir() / "downloads").glob("[0-9a-f]*"))


def test_a_kernel_without_sched_ext_says_so(archive: DebianArchive) -> None:
    archive.add_kernel("6.12.1", sched_ext=False)
    archive.publish("stable")
    assert not resolve("6.12")[0].sched_ext


def test_without_a_keyring_the_source_says_so(signed: DebianArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", "/nowhere/keyring.gpg")
    signed.add_kernel("7.0.1")
    signed.publish("stable")
    assert resolve("7.0")[0].source.endswith("signature not checked: no keyring")


def test_a_changed_release_file_is_refused(signed: DebianArchive) -> None:
    signed.add_kernel("7.0.1")
    signed.publish("stable")
    path = "dists/stable/InRelease"
    signed.server.files[path] = signed.server.files[path].replace(b"Origin: Debian", b"Origin: Debiam")
    with pytest.raises(KtstrError, match=r"Debian stable release file from .*: bad signature"):
        resolve("7.0")
    assert not left_behind()


def test_text_around_the_signed_text_is_refused(signed: DebianArchive) -> None:
    signed.publish("stable")
    path = "dists/stable/InRelease"
    whole = signed.server.files[path]
    for content in (
        b"Origin: Evil\n" + whole,
        whole + b"\nOrigin: Evil\n",
        whole + whole,
        b"<html>log in</html>",
    ):
        signed.server.files[path] = content
        with pytest.raises(KtstrError, match="not a clear-signed text"):
            resolve("7.0")


def test_a_key_that_the_keyring_lacks_is_refused(
    signed: DebianArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        other = SigningKey.make(Path(folder, "home"))
        monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", str(other.keyring))
        signed.publish("stable")
        with pytest.raises(KtstrError, match=r"not signed by a valid key of .*keyring\.gpg|bad signature"):
            resolve("7.0")
        other.close()


def test_a_download_is_resumed(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1", size=300_000)
    archive.publish("stable")
    archive.server.faults[path] = [cut(200_000)]
    assert resolve("7.0")[0].version == "7.0.1"
    ranges = [asked for asked_path, asked in archive.server.asked if asked_path == path]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")
    assert len(ranges) == 2


def test_a_package_with_another_hash_leaves_nothing(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1")
    archive.publish("stable")
    archive.server.files[path] = archive.server.files[path][:-9] + b"different"
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.1 .*: SHA-256 is"):
        resolve("7.0")
    assert not left_behind()


def test_a_truncated_package_leaves_nothing(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1")
    archive.publish("stable")
    archive.server.files[path] = archive.server.files[path][:1000]
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.1 .*: has 1000 bytes, expected [0-9]+"):
        resolve("7.0")
    assert not left_behind()


def test_an_index_with_another_hash_is_refused(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.publish("stable")
    for path, content in archive.server.files.items():
        if "binary-" in path and path.startswith("dists/"):
            archive.server.files[path] = content[:-1] + b"?"
    with pytest.raises(KtstrError, match=r"Debian stable index: .*SHA-256 is"):
        resolve("7.0")


def test_an_index_is_found_by_its_plain_name_too(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.publish("stable", by_hash=False)
    assert versions("7.0") == ["7.0.1"]


def test_a_missing_package_is_named(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1")
    archive.publish("stable")
    del archive.server.files[path]
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.1 .*: not found on the mirror"):
        resolve("7.0")
