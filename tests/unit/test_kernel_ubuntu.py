"""Ubuntu's kernels from a local archive in its formats: named, verified, fetched."""

from __future__ import annotations

import pytest
from debian_archive import FRESH, DebianArchive, SigningKey, config
from debian_kernels import versions
from local_server import Server

from ktstr.base.errors import KtstrError
from ktstr.kernel.resolve import candidates, resolve
from ktstr.kernel.settings import ubuntu_settings


@pytest.fixture
def ubuntu(archive: DebianArchive, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> DebianArchive:
    """A signed archive of Ubuntu, beside Debian's settings, which lead nowhere."""
    monkeypatch.setenv("KTSTR_UBUNTU_MIRROR", archive.server.url)
    monkeypatch.setenv("KTSTR_UBUNTU_KEYRING", str(key.keyring))
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    made = DebianArchive(archive.server, key, "Ubuntu")
    made.add_ubuntu_kernel("6.17.0-5", "6.17.0-5.5", "questing")
    made.add_ubuntu_kernel("6.17.0-14", "6.17.0-14.14", "questing-updates")
    made.add_ubuntu_kernel("7.0.0-3", "7.0.0-3.3", "resolute")
    for suite in ("questing", "questing-updates", "resolute"):
        made.publish(suite, dates=FRESH)
    return made


@pytest.mark.usefixtures("ubuntu")
def test_a_kernel_of_ubuntus_is_named_by_its_series() -> None:
    assert versions("ubuntu:6.17") == ["6.17"]
    assert versions("ubuntu:latest") == ["7.0"]
    assert versions("ubuntu:6.16..7.0") == ["6.17", "7.0"]
    (candidate,) = candidates("ubuntu:6.17")
    assert candidate.release == "6.17.0-14-generic", "the newest package of the series"


@pytest.mark.usefixtures("ubuntu")
def test_it_is_fetched_and_verified_from_the_signature_down() -> None:
    (kernel,) = resolve("ubuntu:6.17")
    assert (kernel.version, kernel.release) == ("6.17", "6.17.0-14-generic")
    assert kernel.image.read_bytes().startswith(b"\x7fELF")
    assert kernel.config.read_text() == config("6.17.0-14")
    assert kernel.source.startswith("Ubuntu questing-updates, linux-image-6.17.0-14-generic_6.17.0-14.14_")
    assert kernel.source.endswith(", signature verified")
    assert (kernel.origin, kernel.plain) == ("ubuntu", False)
    assert resolve(kernel.key) == [kernel]


def test_an_image_that_was_changed_is_refused(ubuntu: DebianArchive) -> None:
    assert versions("ubuntu:7.0") == ["7.0"]
    path = next(one for one in ubuntu.server.files if "linux-image-7.0.0-3" in one)
    ubuntu.server.files[path] = ubuntu.server.files[path][:-1] + b"x"
    with pytest.raises(KtstrError, match="SHA-256"):
        resolve("ubuntu:7.0")


def test_an_archive_that_somebody_else_signed_is_refused(
    ubuntu: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = ubuntu.server
    for path in [one for one in server.files if one.endswith("InRelease")]:
        server.files[path] = server.files[path].replace(b"Origin: Ubuntu", b"Origin: Ubunto")
    with pytest.raises(KtstrError, match=r"^Ubuntu \S+ release file from http://\S+: bad signature"):
        versions("ubuntu:7.0")
    monkeypatch.setenv("KTSTR_UBUNTU_MIRROR", f"{server.url}/nothing")
    with pytest.raises(KtstrError, match=r"has none of the suites devel, .*; see KTSTR_UBUNTU_MIRROR$"):
        versions("ubuntu:7.0")


def test_a_host_of_ubuntus_uses_its_own_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KTSTR_UBUNTU_MIRROR", raising=False)
    monkeypatch.delenv("KTSTR_UBUNTU_KEYRING", raising=False)
    settings = ubuntu_settings()
    assert (settings.origin, settings.mirror_override) == ("Ubuntu", None)
    assert settings.default_mirror.endswith("/ubuntu")
    assert all("ubuntu" in keyring.name for keyring in settings.keyrings)
