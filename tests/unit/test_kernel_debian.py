"""Kernels out of a real local archive: found, verified, fetched, and found again without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import kernel_source
import pytest
from debian_archive import DebianArchive, SigningKey, boot_image, config, deb, elf, tar
from invoke.context import Context
from local_server import Server, cut, hold

from ktstr.base import download
from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.source_package import fetch_source
from ktstr.kernel.build import build
from ktstr.kernel.images.debug import debug_image, fetch_debug_image
from ktstr.kernel.resolve import cached, candidates, resolve
from ktstr.kernel.source_tree import fetch_tree
from ktstr.tasks.kernel import kernel_fetch, kernel_list

RESOLVE = "import sys; from ktstr.kernel.resolve import resolve; print(resolve(sys.argv[1])[0].key)"


@pytest.fixture
def archive(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebianArchive:
    """An unsigned archive that the settings point to, and an empty cache."""
    for name in ("KTSTR_OFFLINE", "KTSTR_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_SOURCES", "debian-source")
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", server.url)
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "_BACKOFF_S", (0.0,) * 4)
    monkeypatch.setattr(download, "_CONNECT_BACKOFF_S", (0.0,))
    return DebianArchive(server)


@pytest.fixture
def signed(archive: DebianArchive, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> DebianArchive:
    """The same, signed with a key that the keyring has."""
    archive.key = key
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", str(key.keyring))
    return archive


def age_index() -> None:
    """Make the kept release files look a day old."""
    for path in cache_dir().glob("debian/*.json"):
        facts = json.loads(path.read_text())
        path.write_text(json.dumps(facts | {"fetched": facts["fetched"] - 86_400}))


def versions(spec: str) -> list[str]:
    return [str(candidate.version) for candidate in candidates(spec)]


def left_behind() -> list[str]:
    """Kernel entries, whole or partial, and downloads."""
    folders = [cache_dir() / "kernels", cache_dir() / "downloads"]
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return [path.name for path in paths if path.suffix not in (".lock", ".use")]


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


def test_a_package_that_is_gone_is_named(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1")
    archive.publish("stable")
    del archive.server.files[path]
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.1 .*: not found on the mirror"):
        resolve("7.0")


def test_an_archive_that_moved_on_is_read_again(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1")
    archive.publish("stable")
    assert versions("7.0") == ["7.0.1"]
    del archive.server.files[path]
    archive.packages.clear()
    archive.add_kernel("7.0.2")
    archive.publish("stable")
    assert resolve("7.0")[0].version == "7.0.2"


def test_an_archive_without_any_suite_is_named(archive: DebianArchive) -> None:
    with pytest.raises(
        KtstrError, match=r"mirror http://.*: has none of the suites stable, .*KTSTR_DEBIAN_MIRROR"
    ):
        resolve("7.0")


def test_what_is_not_published_names_what_is(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.add_kernel("6.18.3")
    archive.publish("stable")
    with pytest.raises(
        KtstrError, match=r"kernel 5\.4: not published by .*; it has 6\.18, 7\.0; kernel source 5\.4: "
    ):
        resolve("5.4")


def test_what_each_spec_means(archive: DebianArchive) -> None:
    for version in ("6.16.3", "6.16.12", "6.18.15", "7.0.2"):
        archive.add_kernel(version)
    archive.add_kernel("7.0.13", "stable-backports")
    archive.add_kernel("7.1-rc2", "experimental")
    archive.add_kernel("7.1-rc10", "experimental")
    for suite in ("stable", "stable-backports", "experimental"):
        archive.publish(suite)
    assert versions("latest") == ["7.0.13"]
    assert versions("7") == ["7.0.13"]
    assert versions("6.16") == ["6.16.12"]
    assert versions("6.16.3") == ["6.16.3"]
    assert versions("7.1") == ["7.1-rc10"]
    assert versions("6.16..7.1") == ["6.16.12", "6.18.15", "7.0.13"]
    assert versions("6.17..=6.19") == ["6.18.15"]
    assert versions("auto") == ["7.0.13"]


def test_the_index_is_asked_for_once_an_hour(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.publish("stable")
    resolve("7.0")
    asked = len(archive.server.asked)
    resolve("7.0")
    assert len(archive.server.asked) == asked
    age_index()
    resolve("7.0")
    assert archive.server.times_asked("dists/stable/InRelease") == 2


def test_auto_and_what_is_cached_ask_nobody(archive: DebianArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.add_kernel("7.0.1")
    archive.add_kernel("6.18.2")
    archive.publish("stable")
    (newer,), (older,) = resolve("7.0"), resolve("6.18")
    asked = len(archive.server.asked)
    assert resolve(None) == resolve("auto") == resolve("7.0.1") == resolve(newer.key) == [newer]
    monkeypatch.setenv("KTSTR_KERNEL", "6.18.2")
    assert resolve(None) == [older]
    monkeypatch.setenv("KTSTR_KERNEL", "auto")
    assert resolve(None) == [newer]
    monkeypatch.setenv("KTSTR_KERNEL", "new")
    with pytest.raises(KtstrError, match="KTSTR_KERNEL: kernel 'new'"):
        resolve(None)
    assert cached() == [newer, older]
    assert len(archive.server.asked) == asked


def test_auto_takes_a_kernel_built_here_only_where_there_is_no_other(archive: DebianArchive) -> None:
    """It is newer, and may have been built with any option."""
    built = build(kernel_source.recipe(None, "CONFIG_PROVE_LOCKING=y"))
    assert resolve("auto") == [built]
    archive.add_kernel("7.0.1")
    archive.add_kernel("6.18.2")
    archive.publish("stable")
    (older,), (newer,) = resolve("6.18"), resolve("7.0")
    assert built.version > newer.version > older.version
    assert resolve("auto") == resolve(None) == [newer]
    assert resolve(built.version) == resolve("9") == [built]


def test_without_a_network_the_newest_in_the_cache_does(
    archive: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.add_kernel("7.0.1")
    archive.add_kernel("7.1.1")
    archive.publish("stable")
    (kernel,) = resolve("7.0")
    age_index()
    archive.server.stop()
    assert resolve("7.0") == [kernel]
    assert capsys.readouterr().err.count("the Debian mirror cannot be reached; using its index of") == 1
    with pytest.raises(download.Unreachable) as caught:
        resolve("7.1")
    message = str(caught.value)
    assert message.startswith("kernel 7.1.1: not in the cache, and the Debian mirror cannot be reached")
    assert message.endswith(
        "connect once or run `ktstr kernel-fetch --kernel 7.1.1` where there is a network"
    )
    assert "\n" not in message


def test_without_a_network_nor_an_index_the_cache_does(
    archive: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.add_kernel("7.0.1")
    archive.publish("stable")
    (kernel,) = resolve("7.0")
    shutil.rmtree(cache_dir() / "debian")
    archive.server.stop()
    assert resolve("7.0") == [kernel]
    assert (
        "kernel 7.0: the Debian mirror cannot be reached; using 7.0.1 from the cache"
        in capsys.readouterr().err
    )


def test_an_empty_cache_without_a_network_says_so(
    archive: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    with pytest.raises(download.Unreachable, match=r"^kernel 7\.0: not in the cache, .*KTSTR_OFFLINE is set"):
        resolve("7.0")


def test_a_suite_behind_its_codename_is_read_under_that(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    old = "Sat, 01 Jan 2000 00:00:00 UTC", "Sat, 08 Jan 2000 00:00:00 UTC"
    archive.publish("stable", codename="forky", dates=old)
    archive.add_kernel("7.0.2")
    archive.publish(
        "stable", directory="forky", codename="forky", dates=("Sun, 02 Jan 2000 00:00:00 UTC", old[1])
    )
    (kernel,) = resolve("7.0")
    assert kernel.version == "7.0.2"
    assert kernel.source.endswith("index expired Sat, 08 Jan 2000 00:00:00 UTC")


def test_an_expired_suite_without_its_codename_is_read_all_the_same(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.publish(
        "stable", codename="forky", dates=("Sat, 01 Jan 2000 00:00:00 UTC", "Sat, 08 Jan 2000 00:00:00 UTC")
    )
    assert versions("7.0") == ["7.0.1"]


def test_an_archive_does_not_go_back_in_time(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.2")
    archive.publish("stable", dates=("Mon, 03 Jan 2000 00:00:00 UTC", "Fri, 01 Jan 2100 00:00:00 UTC"))
    assert versions("7.0") == ["7.0.2"]
    archive.packages.clear()
    archive.add_kernel("7.0.1")
    archive.publish("stable")
    age_index()
    assert versions("7.0") == ["7.0.2"]


def test_the_configuration_lies_beside_an_older_image(archive: DebianArchive) -> None:
    release, package_version = archive.release("6.18.15")
    files = {
        f"./boot/vmlinuz-{release}": boot_image(elf()),
        f"./boot/config-{release}": config("6.18.15").encode(),
        f"./boot/System.map-{release}": b"map",
    }
    archive.add("stable", f"linux-image-{release}", package_version, deb(files))
    archive.add("stable", f"linux-image-{release}-dbg", package_version, b"not looked at")
    archive.publish("stable")
    (kernel,) = resolve("6.18")
    assert kernel.release == release
    assert kernel.config.read_text() == config("6.18.15")


def unlisted_configuration(archive: DebianArchive, version: str, holds: str | None) -> None:
    """A kernel whose linux-base is not in the index, but perhaps in the pool with the configuration of `holds`."""
    release, package_version = archive.release(version)
    image = deb({f"./boot/vmlinuz-{release}": boot_image(elf())})
    archive.add("stable", f"linux-binary-{release}", package_version, image)
    archive.add("stable", f"linux-image-{release}", package_version, b"an empty package")
    if holds:
        base = deb({f"./boot/config-{release}": config(holds).encode()})
        archive.add("stable", f"linux-base-{release}", package_version, base, listed=False)


def test_a_configuration_that_left_the_index_is_taken_from_the_pool(archive: DebianArchive) -> None:
    unlisted_configuration(archive, "7.0.13", "7.0.13")
    archive.publish("stable")
    (kernel,) = resolve("7.0")
    assert kernel.config.read_text() == config("7.0.13")
    assert "which no signed index lists" in kernel.source


@pytest.mark.parametrize("holds", [None, "6.6"])
def test_a_configuration_that_left_the_archive_is_the_nearest(
    archive: DebianArchive, holds: str | None
) -> None:
    unlisted_configuration(archive, "7.0.13", holds)
    for version in ("6.19.1", "7.2.1", "7.2.9"):
        archive.add_kernel(version)
    archive.publish("stable")
    (kernel,) = resolve("7.0")
    assert kernel.config.read_text() == config("7.2.1")
    assert kernel.source.endswith("configuration from kernel 7.2.1, its own is no longer published")


def test_two_processes_download_once(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1", size=300_000)
    archive.publish("stable")
    downloading, release = threading.Event(), threading.Event()
    archive.server.faults[path] = [hold(100_000, downloading, release)]
    command = [sys.executable, "-c", RESOLVE, "7.0"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert downloading.wait(20)
    second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    assert "waiting for another process: kernel 7.0.1" in second.stderr.readline()
    release.set()
    answers = [run.communicate()[0] for run in (first, second)]
    assert answers == [f"{cached()[0].key}\n"] * 2
    assert archive.server.times_asked(path) == 1


def test_a_killed_download_leaves_no_entry_and_is_resumed(archive: DebianArchive) -> None:
    path = archive.add_kernel("7.0.1", size=600_000)
    archive.publish("stable")
    release = threading.Event()
    archive.server.faults[path] = [hold(500_000, threading.Event(), release)]
    sha256 = hashlib.sha256(archive.server.files[path]).hexdigest()
    part = cache_dir() / "downloads" / f"{sha256}.part"
    with subprocess.Popen([sys.executable, "-c", RESOLVE, "7.0"]) as run:
        while not (part.exists() and part.stat().st_size):
            assert run.poll() is None
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
    release.set()
    assert cached() == []
    assert resolve("7.0")[0].version == "7.0.1"
    ranges = [asked for asked_path, asked in archive.server.asked if asked_path == path]
    assert len(ranges) == 2
    assert int(ranges[1].removeprefix("bytes=").rstrip("-")) > 0
    assert left_behind() == [resolve("7.0")[0].key]


def test_a_source_package_gives_its_verified_tarball(
    signed: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed.add_source("stable", "libbpf", "1.1.0-1", b"too old")
    signed.add_source("stable", "libbpf", "1.5.0-3", b"new enough")
    signed.add_source("unstable", "libbpf", "1.7.0-1", b"not needed")
    for suite in ("stable", "unstable"):
        signed.publish(suite)
    tarball = fetch_source("libbpf", "1.5")
    assert tarball.name == "libbpf_1.5.0.orig.tar.gz"
    assert tarball.read_bytes() == b"new enough"
    with pytest.raises(KtstrError, match=r"source package libbpf: no version from 2 on in stable"):
        fetch_source("libbpf", "2")
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert fetch_source("libbpf", "1.5").read_bytes() == b"new enough"
    shutil.rmtree(cache_dir() / "debian")
    with pytest.raises(
        KtstrError, match=r"source package libbpf: no version from 2 on in the cache, .*OFFLINE"
    ):
        fetch_source("libbpf", "2")


def test_the_schedulers_source_is_the_wanted_part_of_the_newest(
    archive: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = "linux-source-7.3"
    tree = {
        f"{top}/tools/sched_ext/Makefile": b"all:\n",
        f"{top}/tools/lib/bpf/libbpf.c": b"int x;\n",
        f"{top}/drivers/gpu/huge.c": b"not needed",
        f"{top}/tools/lib/../../../../escaped": b"not wanted",
        "/tools/lib/absolute": b"not wanted",
    }
    source = deb({"./usr/src/linux-source-7.3.tar": tar(tree)})
    archive.add("stable", "linux-source-7.2", "7.2.9-1", b"older")
    archive.add("stable", top, "7.3.4-1", source)
    archive.publish("stable")
    found = fetch_tree("newest")
    files = {str(path.relative_to(found.path)) for path in found.path.rglob("*") if path.is_file()}
    assert str(found.version) == "7.3.4"
    assert files == {"tools/sched_ext/Makefile", "tools/lib/bpf/libbpf.c"}
    with pytest.raises(KtstrError, match=r"kernel source 6\.9: no package linux-source-6\.9"):
        fetch_tree("6.9")
    shutil.rmtree(cache_dir() / "debian")
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert fetch_tree("newest") == found
    with pytest.raises(download.Unreachable, match=r"kernel source 7\.2: not in the cache"):
        fetch_tree("7.2")


def add_debug_package(archive: DebianArchive, image: bytes | None, version: str = "7.3-1") -> str:
    """Debug symbols of kernel 7.3 as Debian packs them: modules first, and the image under three names."""
    release, _ = archive.release("7.3")
    folder = f"./usr/lib/debug/lib/modules/{release}"
    link = tarfile.TarInfo(f"./usr/lib/debug/boot/vmlinux-{release}")
    link.type, link.linkname = tarfile.SYMTYPE, f"../lib/modules/{release}/vmlinux"
    files: dict[str, bytes | tarfile.TarInfo] = {f"{folder}/kernel/fs/a.ko": b"a module", link.name: link}
    if image is not None:
        files[f"{folder}/vmlinux"] = image
    return archive.add("stable", f"linux-image-{release}-dbg", version, deb(files))


def test_debug_symbols_come_from_the_very_build_and_once(
    signed: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    signed.add_kernel("7.3")
    add_debug_package(signed, b"of another build", "7.3-2")
    package = add_debug_package(signed, b"with DWARF")
    signed.publish("stable")
    kernel_fetch(Context(), kernel="7.3", debug=True)
    (kernel,) = cached()
    image = debug_image(kernel)
    assert capsys.readouterr().out.endswith(f"{kernel.key}  debug symbols in {image}\n")
    assert image.read_bytes() == b"with DWARF"
    assert left_behind() == [kernel.key]
    del signed.server.files[package]
    assert fetch_debug_image(kernel) == image


@pytest.mark.parametrize(
    ("image", "version", "told"),
    [
        (b"of another build", "7.3-2", r"no suite lists linux-image-7\.3\+deb13-cloud-\w+-dbg 7\.3-1"),
        (None, "7.3-1", r"linux-image-7\.3\S+\.deb holds no vmlinux"),
    ],
)
def test_debug_symbols_that_are_not_there_are_told_and_leave_nothing(
    archive: DebianArchive, image: bytes | None, version: str, told: str
) -> None:
    archive.add_kernel("7.3")
    add_debug_package(archive, image, version)
    archive.publish("stable")
    (kernel,) = resolve("7.3")
    with pytest.raises(KtstrError, match=rf"^debug symbols of kernel 7\.3 \(\S+\): .*{told}"):
        fetch_debug_image(kernel)
    assert sorted(path.name for path in kernel.image.parent.iterdir()) == [
        "config",
        "manifest.json",
        "vmlinux",
    ]


def test_a_kernel_that_was_built_has_no_published_debug_symbols(archive: DebianArchive) -> None:
    archive.add_kernel("7.3")
    archive.publish("stable")
    (kernel,) = resolve("7.3")
    manifest = kernel.image.with_name("manifest.json")
    facts = json.loads(manifest.read_text())
    del facts["package_version"]
    manifest.write_text(json.dumps(facts))
    with pytest.raises(
        KtstrError, match="not a published kernel; `kernel-build --debug` builds one with them"
    ):
        fetch_debug_image(kernel)


def test_the_tasks_list_what_there_is_and_what_a_spec_means(
    archive: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.add_kernel("7.0.13")
    archive.add_kernel("6.18.2", sched_ext=False)
    archive.publish("stable")
    kernel_list(Context())
    assert capsys.readouterr().out.startswith("no kernel in the cache; `ktstr kernel-fetch")
    kernel_fetch(Context(), kernel="7.0")
    fetched = capsys.readouterr().out
    assert fetched.startswith("7.0.13-debian-")
    kernel_list(Context(), kernel="6.18..7.0")
    header, older, newer = capsys.readouterr().out.splitlines()
    assert header.split() == ["version", "key", "fetch", "source"]
    assert older.split()[0] == "6.18.2"
    assert newer.split()[:3] == ["7.0.13", fetched.split()[0], "cached"]
    assert older.index("Debian stable") == newer.index("Debian stable") == header.index("source")
    kernel_list(Context())
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["7.0.13", fetched.split()[0], "yes"]
