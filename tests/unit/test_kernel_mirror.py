"""Which mirror the host uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.kernel.archive.mirror import mirror, mirror_from_apt
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
        ({}, None),
        ({"sources.list": ONE_LINE}, "http://one.example/debian/"),
        ({"sources.list.d/debian.sources": DEB822}, "http://two.example/debian"),
        (
            {"sources.list.d/a.list": ONE_LINE, "sources.list.d/b.sources": DEB822},
            "http://one.example/debian/",
        ),
        ({"sources.list": "deb http://archive.example/ubuntu noble main\n"}, None),
        ({"sources.list": "deb http://one.example/debian stable contrib\n"}, None),
        ({"sources.list": "nonsense\ndeb\n", "sources.list.d/x.sources": "nonsense\n"}, None),
    ],
)
def test_the_first_mirror_of_the_main_archive(
    tmp_path: Path, files: dict[str, str], found: str | None
) -> None:
    assert mirror_from_apt(apt(tmp_path, files)) == found


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", "http://mine.example/debian/")
    assert mirror(debian_settings()) == "http://mine.example/debian"


def test_an_empty_keyring_setting_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert debian_settings().keyrings
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", "")
    assert debian_settings().keyrings == ()


def test_the_settings_folder_is_found() -> None:
    assert (kernels_dir() / "sources.toml").is_file()
