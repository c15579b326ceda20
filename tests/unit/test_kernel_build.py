"""Building a kernel: what is kept, what continues after a kill, how it fails. The source is a stand-in."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import kernel_source
import pytest
from interrupted import end

from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel import store
from ktstr.kernel.build import build, configure
from ktstr.kernel.resolve import resolve

BUILD = "import kernel_source; from ktstr.kernel.build import build; print(build(kernel_source.recipe()).key)"


@pytest.fixture(autouse=True)
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the file that lists the objects that were made."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_TEST_OBJECTS", str(tmp_path / "objects"))
    return tmp_path / "objects"


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The build waits in its second object for as long as this file is there."""
    path = tmp_path / "hold"
    path.touch()
    monkeypatch.setenv("KTSTR_TEST_HOLD", str(path))
    yield path
    path.unlink(missing_ok=True)


def start() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=Path(__file__).parent, text=True, stdout=pipe, stderr=pipe)


def until_made(objects: Path, name: str) -> None:
    """Wait until the object is begun; the test's own time limit ends it otherwise."""
    deadline = time.monotonic() + 30
    while not objects.is_file() or name not in objects.read_text().split():
        assert time.monotonic() < deadline, f"{name} was not begun"
        time.sleep(0.02)


def test_a_build_keeps_image_configuration_and_symbols_and_is_found_again(objects: Path) -> None:
    kernel = build(kernel_source.recipe())
    folder = kernel.image.parent
    assert re.fullmatch(r"9\.1\.2-built-[0-9a-f]{8}", kernel.key)
    assert (kernel.version, kernel.release, kernel.source) == ("9.1.2", "9.1.2", "built from the test")
    assert kernel.sched_ext
    assert kernel.built
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"vmlinux", "config", "System.map", "build.log", "manifest.json"}
    assert kernel.image.read_bytes()[:4] == b"\x7fELF"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["wanted"]["CONFIG_SCHED_CLASS_EXT"] == "y"
    assert manifest["objects"] == 4
    assert not (cache_dir() / "builds" / kernel.key.rpartition("-")[2]).exists()
    assert build(kernel_source.recipe()) == kernel
    assert objects.read_text().split() == ["one", "two", "three"]


def test_the_key_covers_source_configuration_and_tools() -> None:
    recipe = kernel_source.recipe()
    others = [kernel_source.recipe(id="other"), kernel_source.recipe(None, "CONFIG_HZ_1000=y")]
    assert len({recipe.digest, *(other.digest for other in others)}) == 3
    assert kernel_source.recipe().digest == recipe.digest


def test_a_series_means_the_kernel_built_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    kernel = build(kernel_source.recipe())
    for spec in ("9.1.2", "9.1", "9", kernel.key):
        assert resolve(spec) == [kernel]


def test_a_kernel_that_breaks_on_request_is_selected_only_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    kernel = build(kernel_source.recipe())
    breakable = build(kernel_source.recipe(None, "CONFIG_LKDTM=y"))
    for spec in ("9.1.2", "9.1", "9", "auto"):
        assert resolve(spec) == [kernel]
    assert resolve(breakable.key) == [breakable]


def test_if_one_version_was_built_twice_the_last_build_is_the_newest() -> None:
    first = build(kernel_source.recipe())
    last = build(kernel_source.recipe(None, "CONFIG_HZ_1000=y"))
    assert store.newest([first, last]) == store.newest([last, first]) == last


def test_an_option_that_was_not_accepted_is_named_with_what_it_lacks() -> None:
    with pytest.raises(KtstrError) as caught:
        configure(kernel_source.recipe(None, "CONFIG_LACKING=y", "CONFIG_MACHINE=n"))
    assert str(caught.value) == (
        "kernel 9.1.2: CONFIG_LACKING is n, not y (asked for by --set CONFIG_LACKING=y): "
        "it depends on MACHINE && 64BIT, and CONFIG_MACHINE is n (Kconfig)"
    )


def test_a_failed_build_reports_the_first_error_and_its_file() -> None:
    broken = kernel_source.files() | {"two.c": b'#include "gone.h"\nint two = nothing;\n'}
    with pytest.raises(KtstrError) as caught:
        build(kernel_source.recipe(broken))
    message, log = re.fullmatch(r"(.*) \(full log: (.*)\)", str(caught.value)).groups()  # type: ignore[union-attr]
    assert (
        message == "kernel 9.1.2: does not build: two.c:1:10: fatal error: gone.h: No such file or directory"
    )
    assert "compilation terminated" in Path(log).read_text()
    assert not list((cache_dir() / "kernels").glob("*-built-*"))


def test_a_folder_without_kernel_source_is_refused() -> None:
    with pytest.raises(
        KtstrError, match=r"^the test: not a kernel's source: it has no Kconfig and Makefile$"
    ):
        build(kernel_source.recipe({"README": b"hello\n"}))
    assert not list((cache_dir() / "builds").glob("[!.]*"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_continues(how: signal.Signals, objects: Path, hold: Path) -> None:
    first = start()
    until_made(objects, "two")
    end(first, how)
    first.communicate()
    assert first.returncode != 0
    assert not list((cache_dir() / "kernels").glob("*-built-*"))
    # The next one waits until the last process of the first has ended, so nothing else writes to its objects.
    second = start()
    hold.unlink()
    out, err = second.communicate()
    assert second.returncode == 0, err
    assert out.startswith("9.1.2-built-")
    assert objects.read_text().split() == ["one", "two", "two", "three"]


def test_no_process_of_a_killed_build_keeps_running(objects: Path, hold: Path) -> None:
    first = start()
    until_made(objects, "two")
    first.kill()
    first.communicate()
    (lock,) = (cache_dir() / "builds").glob("*/running")
    # Each of its processes holds the lock, which it inherited.
    deadline = time.monotonic() + 30
    with lock.open() as file:
        while not taken(file.fileno()):
            assert time.monotonic() < deadline, "a process of the build lives on"
            time.sleep(0.02)
    assert hold.exists()


def taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_a_kill_while_a_build_is_removed_leaves_no_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is in the cache by then. A tree of which only a part is left must not be built from."""

    def half(folder: Path, **_: object) -> None:
        if (folder / "source" / "one.c").is_file():
            (folder / "source" / "one.c").unlink()
            (folder / "obj" / "one.o").unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", half)
        with pytest.raises(KeyboardInterrupt):
            build(kernel_source.recipe())
    kernel = build(kernel_source.recipe())
    assert store.remove(kernel)
    assert build(kernel_source.recipe()).image_sha256 == kernel.image_sha256
    assert [path.name for path in (cache_dir() / "builds").iterdir() if path.is_dir()] == []


def test_a_build_that_only_has_to_be_removed_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ktstr.kernel.build.remove_entry", lambda *_: None)
        build(kernel_source.recipe())
    work = cache_dir() / "builds" / kernel_source.recipe().digest
    assert (work / "source").is_dir()
    build(kernel_source.recipe())
    assert not work.exists()


def test_two_builds_of_one_kernel_compile_once(objects: Path, hold: Path) -> None:
    both = [start(), start()]
    until_made(objects, "two")
    hold.unlink()
    keys = {process.communicate()[0] for process in both}
    assert len(keys) == 1
    assert objects.read_text().split() == ["one", "two", "three"]
