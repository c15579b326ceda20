"""Fedora's kernels from a local repository in its formats: named, verified, fetched."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from debian_archive import DebianArchive, config
from debian_kernels import left_behind, versions
from fedora_repository import FedoraRepository, rpm

from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.rpm import read_rpm_files
from ktstr.kernel.resolve import resolve


@pytest.fixture
def fedora(archive: DebianArchive, monkeypatch: pytest.MonkeyPatch) -> FedoraRepository:
    """The repository of updates, beside Debian's settings; there are no others."""
    monkeypatch.setenv("KTSTR_FEDORA_METALINK", f"{archive.server.url}/metalink/{{repository}}")
    made = FedoraRepository(archive.server, "updates-released-f44")
    made.add_kernel("7.2.4", "200.fc44")
    made.add_kernel("7.2.11", "200.fc44")
    made.add_kernel("7.3.0", "0.rc7.20261101gitabc.60.fc44")
    made.publish()
    return made


@pytest.mark.usefixtures("fedora")
def test_a_kernel_of_fedoras_is_named_by_its_version() -> None:
    assert versions("fedora:7.2") == versions("fedora:latest") == ["7.2.11"]
    assert versions("fedora:7.2.4") == ["7.2.4"]
    assert versions("fedora:mainline") == ["7.3-rc7"]


@pytest.mark.usefixtures("fedora")
def test_it_is_fetched_and_verified_from_the_metalink_down() -> None:
    (kernel,) = resolve("fedora:7.2")
    assert (kernel.version, kernel.release[:15]) == ("7.2.11", "7.2.11-200.fc44")
    assert kernel.image.read_bytes().startswith(b"\x7fELF")
    assert kernel.config.read_text() == config("7.2.11")
    assert kernel.source.startswith("Fedora updates-released-f44, kernel-core-7.2.11-200.fc44.")
    assert kernel.source.endswith(".rpm, checked against Fedora's metalink")
    assert (kernel.origin, kernel.plain) == ("fedora", False)
    assert resolve(kernel.key) == [kernel]
    assert left_behind() == [kernel.key]


def test_a_repository_that_is_not_the_metalinks_is_refused(fedora: FedoraRepository) -> None:
    fedora.server.files[f"{fedora.name}/repodata/repomd.xml"] += b"<!-- -->"
    with pytest.raises(
        KtstrError, match=r"repomd\.xml: its SHA-256 is none of those in the metalink; refused$"
    ):
        versions("fedora:7.2")


def test_a_package_that_was_changed_is_refused(fedora: FedoraRepository) -> None:
    path = next(path for path in fedora.server.files if "kernel-core-7.2.11" in path)
    fedora.server.files[path] = fedora.server.files[path][:-1] + b"x"
    with pytest.raises(KtstrError, match="SHA-256"):
        resolve("fedora:7.2")


def test_a_page_of_a_proxy_is_no_metalink(fedora: FedoraRepository) -> None:
    fedora.server.files[f"metalink/{fedora.name}"] = b"<html><p>log in</html>"
    with pytest.raises(
        KtstrError, match=r"^Fedora updates-released-f44 repository: not XML: .*; a proxy or a login page"
    ):
        versions("fedora:7.2")


def test_no_repository_at_all_is_said(fedora: FedoraRepository) -> None:
    del fedora.server.files[f"metalink/{fedora.name}"]
    with pytest.raises(
        KtstrError, match=r"has none of the repositories rawhide, .*; see KTSTR_FEDORA_METALINK$"
    ):
        versions("fedora:7.2")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda whole: b"x" + whole[1:], "not an RPM package"),
        (lambda whole: whole[:100], "it ends too early"),
        (lambda whole: whole[:-9], r"."),
        (lambda whole: whole[:96] + b"x" + whole[97:], "a header without its magic number"),
        (lambda whole: whole[:104] + b"\xff" * 8 + whole[112:], r"a header of \d+ bytes"),
    ],
)
def test_a_damaged_package_is_one_line(damage: object, why: str) -> None:
    assert callable(damage)
    whole = rpm({"lib/modules/7.2/config": b"CONFIG_X=y\n"})
    assert read_rpm_files(io.BytesIO(whole), "a.rpm", lambda _: True, 99) == {
        "lib/modules/7.2/config": b"CONFIG_X=y\n"
    }
    with pytest.raises(KtstrError, match=rf"^a\.rpm: not a whole RPM package: {why}"):
        read_rpm_files(io.BytesIO(damage(whole)), "a.rpm", lambda _: True, 99)


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    whole = rpm({"lib/modules/7.2/config": bytes(100)})
    with pytest.raises(
        KtstrError, match=r"^a\.rpm: lib/modules/7\.2/config: 100 bytes, accepted are at most 99$"
    ):
        read_rpm_files(io.BytesIO(whole), "a.rpm", lambda _: True, 99)
