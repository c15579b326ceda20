"""Kernel sources from a local kernel.org in the real formats, and every way in which it can be bad."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import kernel_source
import pytest
from debian_archive import SigningKey, unsigned
from interrupted import end
from invoke.context import Context
from local_server import Server, cut, hold, status

from ktstr.base import download
from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.resolve import candidates, resolve
from ktstr.kernel.sources import kernel_org
from ktstr.kernel.sources.maintained import maintained
from ktstr.kernel.sources.offers import fetch_code, find_offers
from ktstr.kernel.sources.source import Offer
from ktstr.kernel.spec import Longterm, Mainline, parse_version
from ktstr.kernel.spec import parse as parse_spec
from ktstr.tasks.kernel import kernel_build

# As it was served on a day of 2024, cut down to what is read.
RELEASES = {
    "latest_stable": {"version": "9.2.1"},
    "releases": [
        {
            "moniker": "mainline",
            "version": "9.3-rc2",
            "iseol": False,
            "source": "https://git.kernel.org/x.tar.gz",
        },
        {"moniker": "stable", "version": "9.2.1", "iseol": False},
        {"moniker": "stable", "version": "9.0.9", "iseol": True},
        {"moniker": "longterm", "version": "9.1.2", "iseol": False},
        {"moniker": "linux-next", "version": "next-20241122", "iseol": False},
    ],
}


@dataclass
class KernelOrg:
    """A kernel.org on a local server: its tarballs, and the list of their hashes, signed if it has a key."""

    server: Server
    key: SigningKey | None = None

    def add(self, version: str, content: bytes) -> str:
        path = f"linux/v9.x/linux-{version}.tar.xz"
        self.server.files[path] = content
        return path

    def publish(self) -> None:
        lines = [
            f"{hashlib.sha256(content).hexdigest()}  {path.rpartition('/')[2]}"
            for path, content in self.server.files.items()
            if path.endswith(".tar.xz")
        ]
        # As in the real list, there are other files, too.
        text = "\n".join([*lines, f"{'0' * 64}  ChangeLog-9.2.1", f"{'0' * 64}  patch-9.2.1.xz"])
        signed = self.key.sign(text + "\n") if self.key else unsigned(text)
        self.server.files["linux/v9.x/sha256sums.asc"] = signed
        self.server.files["releases.json"] = json.dumps(RELEASES).encode()


@pytest.fixture
def site(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelOrg:
    """A site with 9.1.2 and 9.2.1, unsigned, that the settings point to; an empty cache."""
    for name in ("KTSTR_OFFLINE", "KTSTR_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_SOURCES", "kernel.org")
    monkeypatch.setenv("KTSTR_KERNEL_ORG_MIRROR", f"{server.url}/linux")
    monkeypatch.setenv("KTSTR_KERNEL_ORG_RELEASES", f"{server.url}/releases.json")
    monkeypatch.setenv("KTSTR_KERNEL_ORG_KEYRING", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "_BACKOFF_S", (0.0,) * 4)
    monkeypatch.setattr(download, "_CONNECT_BACKOFF_S", (0.0,))
    site = KernelOrg(server)
    for version in ("9.1.2", "9.2.1"):
        # Large enough to break off in: what arrives is written in pieces of 64 KiB.
        content = kernel_source.files(version) | {"blob": random.Random(version).randbytes(300_000)}
        site.add(version, kernel_source.tarball(content, f"linux-{version}"))
    site.publish()
    return site


@pytest.fixture
def signed(site: KernelOrg, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> KernelOrg:
    """The same, signed with a key that the keyring has."""
    site.key = key
    site.publish()
    monkeypatch.setenv("KTSTR_KERNEL_ORG_KEYRING", str(key.keyring))
    return site


def offer(spec: str) -> Offer:
    (one,) = find_offers(parse_spec(spec))  # type: ignore[arg-type]
    return one


def place(spec: str, folder: Path) -> Path:
    """The tree that a spec means, unpacked."""
    folder.mkdir()
    return fetch_code(offer(spec)).place(folder)


def nothing_kept() -> bool:
    """Whether the cache holds no file but locks."""
    return not [path for path in cache_dir().rglob("*") if path.is_file() and not path.name.endswith(".lock")]


@pytest.mark.parametrize(
    ("spec", "version"),
    [("9.1", "9.1.2"), ("9.1.2", "9.1.2"), ("9", "9.2.1"), ("latest", "9.2.1"), ("longterm", "9.1.2")],
)
def test_what_a_spec_means(spec: str, version: str, site: KernelOrg) -> None:
    assert str(offer(spec).version) == version


def test_a_range_is_the_newest_of_each_series(site: KernelOrg) -> None:
    site.add("9.1.1", b"older")
    site.publish()
    found = find_offers(parse_spec("9.0..9.9"))  # type: ignore[arg-type]
    assert [str(one.version) for one in found] == ["9.1.2", "9.2.1"]


def test_the_list_of_releases_says_which_series_have_ended(site: KernelOrg) -> None:
    ended = {str(one.version): one.ended for one in maintained()}
    assert ended == {"9.3-rc2": False, "9.2.1": False, "9.0.9": True, "9.1.2": False}


def test_a_candidate_has_no_signed_hash_so_mainline_is_the_newest_release(site: KernelOrg) -> None:
    assert [str(one.version) for one in kernel_org.offers(Mainline())] == ["9.2.1"]
    assert [one.version for one in kernel_org.offers(Longterm())] == [parse_version("9.1.2")]


def test_a_signed_tarball_is_verified_and_unpacked(signed: KernelOrg, tmp_path: Path) -> None:
    tree = place("9.1", tmp_path / "tree")
    unpacked = {path.name: path.read_bytes() for path in tree.iterdir() if path.name != "blob"}
    assert unpacked == kernel_source.files("9.1.2")
    assert offer("9.1").where == "kernel.org, linux-9.1.2.tar.xz, signature verified"


def test_without_a_keyring_the_output_says_so(site: KernelOrg) -> None:
    assert offer("9.1").where.endswith("signature not checked: no keyring")


def test_kernel_list_shows_what_would_be_built(site: KernelOrg) -> None:
    (one,) = candidates("kernel.org:9.1")
    assert (str(one.version), one.kernel, one.published) == ("9.1.2", None, None)
    assert site.server.times_asked("linux/v9.x/linux-9.1.2.tar.xz") == 0


@pytest.fixture
def toolset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for a kernel needs less than a kernel."""
    for module in ("build", "offered"):
        monkeypatch.setattr(f"ktstr.kernel.{module}.find_toolset", lambda **_: kernel_source.TOOLSET)


@pytest.mark.usefixtures("toolset")
def test_a_kernel_is_built_from_a_download_once(
    site: KernelOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        kernel_build(Context(), kernel="kernel.org:9.1")
    first, second = capsys.readouterr().out.splitlines()
    key, _, source = first.partition("  ")
    assert second == first
    assert source == "built from kernel.org, linux-9.1.2.tar.xz, signature not checked: no keyring"
    # The size, and the file itself.
    assert site.server.times_asked("linux/v9.x/linux-9.1.2.tar.xz") == 2
    assert not [path for path in (cache_dir() / "downloads").iterdir() if path.suffix != ".lock"]
    kept = {path.name for path in (tmp_path / "target/ktstr/kernels" / key).iterdir()}
    assert kept == {"junit.xml", "build.log", "config", "manifest.json"}


@pytest.mark.usefixtures("toolset")
def test_a_version_without_an_image_is_built(
    site: KernelOrg, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", "http://127.0.0.1:9")
    (kernel,) = resolve("9.1")
    assert (kernel.version, kernel.built) == ("9.1.2", True)
    assert "building it from kernel.org, linux-9.1.2.tar.xz" in capsys.readouterr().err
    assert resolve("9.1") == [kernel]


def test_a_changed_list_is_a_bad_signature(signed: KernelOrg) -> None:
    path = "linux/v9.x/sha256sums.asc"
    signed.server.files[path] = signed.server.files[path].replace(b"linux-9.1.2", b"linux-9.1.3")
    with pytest.raises(
        KtstrError, match=r"^kernel\.org's checksums of 9\.x: bad signature .*changed after signing$"
    ):
        offer("9.1")
    assert nothing_kept()


def test_a_wrong_hash_is_refused(site: KernelOrg, tmp_path: Path) -> None:
    path = "linux/v9.x/linux-9.1.2.tar.xz"
    site.server.files[path] = bytes(len(site.server.files[path]))
    with pytest.raises(
        KtstrError, match=r"^source of kernel 9\.1\.2: .*: SHA-256 is [0-9a-f]{64}, expected "
    ):
        place("9.1", tmp_path / "tree")
    assert nothing_kept()


def test_a_tarball_that_is_published_truncated_is_refused(site: KernelOrg, tmp_path: Path) -> None:
    content = site.server.files["linux/v9.x/linux-9.1.2.tar.xz"]
    site.add("9.1.2", content[:-100])
    site.publish()
    with pytest.raises(KtstrError, match=r"^linux-9\.1\.2\.tar\.xz: not a whole source archive: "):
        place("9.1", tmp_path / "tree")


def test_a_broken_connection_is_resumed(site: KernelOrg, tmp_path: Path) -> None:
    path = "linux/v9.x/linux-9.1.2.tar.xz"
    # The first request asks for the size only.
    site.server.faults[path] = [cut(0), cut(200_000)]
    place("9.1", tmp_path / "tree")
    (resumed,) = [asked for one, asked in site.server.asked if one == path and asked]
    assert 0 < int(resumed.removeprefix("bytes=").rstrip("-")) <= 200_000


def test_a_server_that_keeps_breaking_off_is_abandoned(site: KernelOrg, tmp_path: Path) -> None:
    path = "linux/v9.x/linux-9.1.2.tar.xz"
    site.server.faults[path] = [cut(0), *[cut(100)] * 9]
    with pytest.raises(KtstrError, match=r"^source of kernel 9\.1\.2: 127\.0\.0\.1:[0-9]+: "):
        place("9.1", tmp_path / "tree")


def test_a_stalled_connection_is_given_up(
    site: KernelOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_TIMEOUT_S", (5.0, 0.1))
    release = threading.Event()
    stalled = hold(100, threading.Event(), release)
    site.server.faults["linux/v9.x/linux-9.1.2.tar.xz"] = [cut(0), *[stalled] * 9]
    try:
        with pytest.raises(KtstrError, match=r"^source of kernel 9\.1\.2: 127\.0\.0\.1:[0-9]+: .*timed out"):
            place("9.1", tmp_path / "tree")
    finally:
        release.set()


def test_a_missing_file_is_one_line(site: KernelOrg, tmp_path: Path) -> None:
    chosen = offer("9.1")
    del site.server.files["linux/v9.x/linux-9.1.2.tar.xz"]
    with pytest.raises(KtstrError, match=r"^source of kernel 9\.1\.2: .*\.tar\.xz: not found on the mirror$"):
        fetch_code(chosen)
    assert nothing_kept()


def test_a_redirect_is_followed(site: KernelOrg, tmp_path: Path) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"{site.server.url}/mirror/linux-9.1.2.tar.xz")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    path = "linux/v9.x/linux-9.1.2.tar.xz"
    site.server.files["mirror/linux-9.1.2.tar.xz"] = site.server.files[path]
    site.server.files[path] = b"not this one"
    site.server.faults[path] = [elsewhere] * 2
    tree = place("9.1", tmp_path / "tree")
    assert (tree / "Kconfig").is_file()


def test_a_refusing_server_is_one_line(site: KernelOrg) -> None:
    site.server.faults["linux/v9.x/sha256sums.asc"] = [status(403)]
    with pytest.raises(KtstrError, match=r"^kernel\.org's checksums of 9\.x: .*the server answered 403"):
        offer("9.1")


def test_a_login_page_is_not_a_list(site: KernelOrg) -> None:
    site.server.files["linux/v9.x/sha256sums.asc"] = b"<html>Please log in</html>"
    site.server.files["releases.json"] = b"<html>Please log in</html>"
    with pytest.raises(KtstrError, match="not a clear-signed text; a proxy or a login page"):
        offer("9.1")
    with pytest.raises(KtstrError, match=r"not a releases\.json; a proxy or a login page"):
        offer("latest")


def test_an_unknown_version_is_refused_with_the_sources_asked(site: KernelOrg) -> None:
    with pytest.raises(KtstrError, match=r"^kernel source 9\.7: kernel\.org has none$"):
        offer("9.7")


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    ("evil", "message"),
    [
        (
            member("linux-9.1.2/../../evil"),
            r"linux-9\.1\.2/\.\./\.\./evil: leads out of the archive's folder",
        ),
        (member("/etc/evil"), r"/etc/evil: leads out of the archive's folder"),
        (
            member("linux-9.1.2/evil", tarfile.SYMTYPE, "/etc/passwd"),
            r"a link to /etc/passwd, out of the folder",
        ),
        (member("linux-9.1.2/evil", tarfile.SYMTYPE, "../../x"), r"a link to \.\./\.\./x, out of the folder"),
        (
            member("linux-9.1.2/a/evil", tarfile.SYMTYPE, "b/../../../x"),
            r"a link to b/\.\./\.\./\.\./x, out of",
        ),
        (
            member("linux-9.1.2/evil", tarfile.LNKTYPE, "/etc/passwd"),
            "neither a file, a folder nor a symbolic link",
        ),
        (member("linux-9.1.2/evil", tarfile.CHRTYPE), "neither a file, a folder nor a symbolic link"),
    ],
)
def test_an_archive_that_would_write_elsewhere_is_refused(
    evil: tarfile.TarInfo, message: str, site: KernelOrg, tmp_path: Path
) -> None:
    site.add("9.1.2", kernel_source.tarball({**kernel_source.files(), "evil": evil}))
    site.publish()
    with pytest.raises(KtstrError, match=rf"^linux-9\.1\.2\.tar\.xz: .*{message}") as caught:
        place("9.1", tmp_path / "tree")
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "tree"}


def test_links_inside_are_kept_and_nothing_is_written_through_one(site: KernelOrg, tmp_path: Path) -> None:
    content: dict[str, bytes | tarfile.TarInfo] = {
        "include": member("linux-9.1.2/include/asm", tarfile.SYMTYPE, "../arch"),
        **kernel_source.files(),
        "arch/Kconfig": b"",
        "include/asm/through": b"",
    }
    site.add("9.1.2", kernel_source.tarball(content))
    site.publish()
    with pytest.raises(
        KtstrError, match=r"^linux-9\.1\.2\.tar\.xz: include/asm: cannot be unpacked: File exists$"
    ):
        place("9.1", tmp_path / "tree")
    assert not (tmp_path / "tree/arch/through").exists()


FETCH = """\
import sys
from ktstr.kernel.sources.offers import fetch_code, find_offers
from ktstr.kernel.spec import parse
print(fetch_code(find_offers(parse("9.1"))[0]).id)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_download_continues(how: signal.Signals, site: KernelOrg) -> None:
    path = "linux/v9.x/linux-9.1.2.tar.xz"
    reached, release = threading.Event(), threading.Event()
    site.server.faults[path] = [cut(0), hold(200_000, reached, release)]
    first = subprocess.Popen([sys.executable, "-c", FETCH], stderr=subprocess.DEVNULL, env=os.environ)
    assert reached.wait(30)
    part = cache_dir() / "downloads" / f"{hashlib.sha256(site.server.files[path]).hexdigest()}.part"
    while not (part.is_file() and part.stat().st_size):
        threading.Event().wait(0.02)
    end(first, how)
    release.set()
    second = subprocess.run(
        [sys.executable, "-c", FETCH], capture_output=True, text=True, check=True, env=os.environ
    )
    assert any(asked for one, asked in site.server.asked if one == path)
    assert second.stdout.strip() == hashlib.sha256(site.server.files[path]).hexdigest()
