"""Which mirror the host uses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from debian_archive import DebianArchive, unsigned

from ktstr.kernel.archive import mirror as module
from ktstr.kernel.archive.apt import open_archive
from ktstr.kernel.archive.mirror import mirrors, mirrors_from_apt
from ktstr.kernel.settings import debian_settings, kernels_dir


def apt(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


ONE_LINE = """\
# deb http://commented.example/debian stable main
deb-src http://source.example/debian stable main
deb cdrom:[Debian]/debian stable main
deb http://security.example/debian-security stable-security main
deb http://vendor.example/apt tool main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian/ stable main contrib # ours
deb http://later.example/debian stable main
"""
DEB822 = """\
Types: deb
URIs: http://disabled.example/debian
Suites: stable
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: stable
Components: main

Types: deb deb-src
# A comment between the fields
URIs: http://security.example/debian-security http://two.example/debian
Suites: stable stable-updates
Components: main
"""


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, []),
        ({"sources.list": ONE_LINE}, ["http://one.example/debian/", "http://later.example/debian"]),
        ({"sources.list.d/debian.sources": DEB822}, ["http://two.example/debian"]),
        (
            {"sources.list": ONE_LINE, "sources.list.d/b.sources": DEB822},
            ["http://two.example/debian", "http://one.example/debian/", "http://later.example/debian"],
        ),
        ({"sources.list": "deb http://archive.example/ubuntu noble main\n"}, []),
        ({"sources.list": "deb http://one.example/debian stable contrib\n"}, []),
        ({"sources.list": "nonsense\ndeb\n", "sources.list.d/x.sources": "nonsense\n"}, []),
    ],
)
def test_what_may_be_a_mirror_of_the_main_archive(
    tmp_path: Path, files: dict[str, str], found: list[str]
) -> None:
    assert mirrors_from_apt(apt(tmp_path, files)) == found


def test_ubuntus_archive_is_found_in_the_same_files(tmp_path: Path) -> None:
    files = {"sources.list": ONE_LINE + "deb http://azure.archive.example/ubuntu/ noble main universe\n"}
    assert mirrors_from_apt(apt(tmp_path, files), "Ubuntu") == ["http://azure.archive.example/ubuntu/"]


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", "http://mine.example/debian/")
    assert mirrors(debian_settings()) == ([], "http://mine.example/debian")


@pytest.fixture
def sources(archive: DebianArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a host's apt has, to be filled: addresses below the server's."""
    monkeypatch.delenv("KTSTR_DEBIAN_MIRROR")
    monkeypatch.setattr(module, "APT", tmp_path)
    given: list[str] = []
    monkeypatch.setattr(
        module, "mirrors_from_apt", lambda *_: [f"{archive.server.url}/{one}" for one in given]
    )
    return given


def publish(archive: DebianArchive, folder: str, origin: str) -> None:
    """An archive of `origin` in a folder of the server, which has only a release file."""
    archive.publish("stable")
    text = archive.server.files["dists/stable/InRelease"]
    archive.server.files[f"{folder}/dists/stable/InRelease"] = text.replace(b"Debian", origin.encode(), 1)


def test_a_vendors_archive_for_debian_is_not_debians_mirror(
    archive: DebianArchive, sources: list[str]
) -> None:
    publish(archive, "vendor/debian", "Tailscale")
    publish(archive, "mirror/debian", "Debian")
    sources += ["vendor/debian", "mirror/debian"]
    assert open_archive().url == f"{archive.server.url}/mirror/debian"


def test_an_archive_signed_by_somebody_else_is_not_debians_mirror(
    signed: DebianArchive, sources: list[str]
) -> None:
    publish(signed, "mirror/debian", "Debian")
    signed.server.files["vendor/debian/dists/stable/InRelease"] = unsigned("Origin: Debian")
    sources += ["vendor/debian", "mirror/debian"]
    assert open_archive().url == f"{signed.server.url}/mirror/debian"


def test_the_default_is_used_if_no_archive_is_debians(archive: DebianArchive, sources: list[str]) -> None:
    publish(archive, "vendor/debian", "Docker")
    sources += ["vendor/debian", "gone/debian"]
    assert open_archive().url == debian_settings().default_mirror


def test_a_mirror_that_cannot_be_reached_is_still_the_hosts(
    archive: DebianArchive, sources: list[str]
) -> None:
    publish(archive, "vendor/debian", "Docker")
    sources += ["vendor/debian"]
    open_archive()
    sources += ["mirror/debian"]
    archive.server.stop()
    assert open_archive().url == f"{archive.server.url}/mirror/debian"


def test_an_empty_keyring_setting_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert debian_settings().keyrings
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", "")
    assert debian_settings().keyrings == ()


def test_the_settings_folder_is_found() -> None:
    assert (kernels_dir() / "sources.toml").is_file()


def test_a_host_without_debians_keys_has_those_of_ktstr(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Debian 13 signs with is in the file that comes with ktstr."""
    monkeypatch.delenv("KTSTR_DEBIAN_KEYRING", raising=False)
    own = debian_settings().keyrings[-1]
    assert own == kernels_dir() / "debian-archive-keyring.pgp"
    if not shutil.which("gpg"):
        pytest.skip("needs gpg to read keys")
    command = ["gpg", "--batch", "--with-colons", "--show-keys", str(own)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "41587F7DB8C774BCCF131416762F67A0B2C39DE4" in listed
    assert "Debian Stable Release Key (13/trixie)" in listed


def test_the_hosts_own_keys_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KTSTR_DEBIAN_KEYRING", raising=False)
    assert all(path.is_absolute() for path in debian_settings().keyrings)
    assert debian_settings().keyrings[0] == Path("/usr/share/keyrings/debian-archive-keyring.pgp")
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", str(tmp_path / "mine.gpg"))
    assert debian_settings().keyrings == (tmp_path / "mine.gpg",)
