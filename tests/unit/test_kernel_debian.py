"""Kernels from a real local archive: found, verified, fetched, and found again without a network."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import kernel_source
import pytest
from debian_archive import DebianArchive, boot_image, config, deb, elf
from debian_kernels import RESOLVE, age_index, left_behind, versions
from invoke.context import Context
from local_server import hold

from ktstr.base import download
from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.build import build
from ktstr.kernel.resolve import cached, resolve
from ktstr.tasks.kernel import kernel_fetch, kernel_list


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


def test_an_unpublished_kernel_is_refused_with_those_that_are_published(archive: DebianArchive) -> None:
    archive.add_kernel("7.0.1")
    archive.add_kernel("6.18.3")
    archive.publish("stable")
    with pytest.raises(
        KtstrError, match=r"kernel 5\.4: not published by .*; it has 6\.18, 7\.0; kernel source 5\.4: "
    ):
        resolve("5.4")


def test_each_spec_means_a_kernel(archive: DebianArchive) -> None:
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


def test_auto_and_cached_kernels_need_no_server(
    archive: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_auto_takes_a_kernel_built_here_only_if_there_is_no_other(archive: DebianArchive) -> None:
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


def test_without_a_network_the_newest_in_the_cache_is_used(
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


def test_without_a_network_or_an_index_the_cache_is_used(
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


def test_a_suite_older_than_its_codename_is_read_under_the_codename(archive: DebianArchive) -> None:
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


def test_an_expired_suite_without_its_codename_is_still_read(archive: DebianArchive) -> None:
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


def test_the_configuration_is_beside_an_older_image(archive: DebianArchive) -> None:
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


def test_a_kernel_whose_image_has_changed_is_fetched_again(
    archive: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.add_kernel("7.0.1")
    archive.publish("stable")
    (before,) = resolve("7.0")
    content = before.image.read_bytes()
    before.image.write_bytes(content[:-1] + b"?")
    (after,) = resolve("7.0")
    said = capsys.readouterr().err
    assert f"kernels/{before.key}: left out: vmlinux: its content has changed; it is made again" in said
    assert f"kernels/{before.key}: vmlinux: its content has changed; making it again" in said
    assert (after, after.image.read_bytes()) == (before, content)


def test_the_tasks_list_all_kernels_and_what_a_spec_means(
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
