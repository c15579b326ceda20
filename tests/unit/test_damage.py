"""Damage to what is kept: noticed, said in one line, and mended by itself or by the command that the line names."""

from __future__ import annotations

import hashlib
import json
import platform
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.context import Context

from ktstr.base import seal
from ktstr.base.cache import cache_dir
from ktstr.kernel import build, store
from ktstr.kernel.archive import apt, source_package
from ktstr.kernel.clean import clean, lifetimes
from ktstr.tasks.kernel import kernel_list

KEY = "7.0.13-debian-0123abcd"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_OFFLINE", "1")


def image() -> bytes:
    """An ELF file whose table of sections is at its end."""
    head = bytearray(64)
    head[:6] = b"\x7fELF\2\1"
    struct.pack_into("<Q", head, 40, 1000)
    struct.pack_into("<HH", head, 58, 64, 2)
    return bytes(head).ljust(1128, b"\1")


def kernel(key: str = KEY, *, sealed: bool) -> Path:
    folder = cache_dir() / "kernels" / key
    folder.mkdir(parents=True)
    config = "CONFIG_SCHED_CLASS_EXT=y\n"
    store.write(
        folder,
        image(),
        config,
        {
            "version": key.partition("-")[0],
            "release": "7.0.13+deb14-cloud-amd64",
            "source": "Debian unstable",
            "image_sha256": "0" * 64,
            "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        },
    )
    if sealed:
        seal.write_seal(folder)
    return folder


def unlink(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Callable[[Path], object]:
    def shorten(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return shorten


def manifest(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "manifest.json").write_text(text)


def without(field: str) -> Callable[[Path], object]:
    def remove(folder: Path) -> None:
        data = json.loads((folder / "manifest.json").read_text())
        del data[field]
        (folder / "manifest.json").write_text(json.dumps(data))

    return remove


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def not_a_folder(folder: Path) -> None:
    empty(folder)
    folder.rmdir()
    folder.write_text("garbage")


DAMAGE = {
    "no image": (unlink("vmlinux"), "vmlinux: No such file or directory"),
    "no configuration": (unlink("config"), "config: No such file or directory"),
    "no manifest": (unlink("manifest.json"), "manifest.json: No such file or directory"),
    "a short image": (cut("vmlinux"), "vmlinux: "),
    "a short configuration": (cut("config"), "config: "),
    "a short manifest": (cut("manifest.json"), "manifest.json: not what was written"),
    "an empty manifest": (manifest(""), "manifest.json: not what was written"),
    "a manifest that is a list": (manifest("[]"), "manifest.json: not what was written"),
    "a manifest that is binary": (
        lambda folder: (folder / "manifest.json").write_bytes(b"\xff\0"),
        "manifest.json: not what was written",
    ),
    "a manifest without its version": (without("version"), "manifest.json: has no version"),
    "a manifest with a strange version": (
        manifest(json.dumps({"machine": platform.machine(), "version": "seven"})),
        "manifest.json: not what was written",
    ),
    "an empty folder": (empty, "manifest.json: No such file or directory"),
    "a file in its place": (not_a_folder, "manifest.json: Not a directory"),
}


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_kernel_is_left_out_listed_and_removed(
    kind: str, sealed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = kernel("7.3.4-debian-0123abcd", sealed=sealed)
    folder = kernel(sealed=sealed)
    assert [one.key for one in store.cached()] == [whole.name, KEY]
    damage, why = DAMAGE[kind]
    damage(folder)
    for _ in range(2):
        assert [one.key for one in store.cached()] == [whole.name]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1, "once is enough"
    assert said[0].startswith(f"ktstr: {folder}: left out: {why}")
    assert said[0].endswith(
        f"; it is made again when it is asked for, and `ktstr kernel-clean --key {KEY}` removes it"
    )
    kernel_list(Context())
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in out[1:3]] == [["7.3.4", whole.name], ["7.0.13", KEY]]
    assert out[2].endswith("  damaged")
    assert out[3].startswith(f"damaged: {KEY}: {why}")
    kernel_list(Context(), json=True)
    assert json.loads(capsys.readouterr().out)[1]["damaged"].startswith(why)
    assert clean(key=KEY) == ([KEY], [])
    assert [path.name for path in (cache_dir() / "kernels").iterdir() if KEY in path.name] == []
    assert [one.key for one in store.cached()] == [whole.name]


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_kernel_makes_room_for_the_one_that_is_asked_for(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = kernel(sealed=False)
    store.make_room(KEY)
    assert folder.is_dir(), "it was whole"
    DAMAGE[kind][0](folder)
    store.make_room(KEY)
    assert capsys.readouterr().err.startswith(f"ktstr: kernel {KEY}: {DAMAGE[kind][1]}")
    assert not folder.exists()


GARBAGE = [b"", b"{", b"[]", b"null", b"7", b'{"asked": "x", "ended": 3}', b"\xff\0", b'{"fetched": "now"}']


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_an_index_is_as_if_there_were_none(garbage: bytes) -> None:
    path = cache_dir() / "stable.json"
    path.write_bytes(garbage)
    assert apt._load(path) is None
    (cache_dir() / "kernel.org.json").write_bytes(garbage)
    assert lifetimes() == {}


def test_a_damaged_source_is_fetched_again(capsys: pytest.CaptureFixture[str]) -> None:
    older, newer = (cache_dir() / "sources" / f"libbpf-1.{minor}-0123abcd" for minor in (5, 6))
    for folder in (older, newer):
        folder.mkdir(parents=True)
        (folder / "libbpf.orig.tar.gz").write_bytes(bytes(100))
        seal.write_seal(folder)
    assert source_package._cached("libbpf", "1.5") == newer / "libbpf.orig.tar.gz"
    (newer / "libbpf.orig.tar.gz").write_bytes(bytes(50))
    assert source_package._cached("libbpf", "1.5") == older / "libbpf.orig.tar.gz"
    assert capsys.readouterr().err == (
        f"ktstr: {newer}: libbpf.orig.tar.gz: 50 bytes, not 100; fetching it again\n"
    )
    assert not newer.exists()
    (older / "libbpf.orig.tar.gz").unlink()
    seal.write_seal(older)
    assert source_package._cached("libbpf", "1.5") is None


@pytest.mark.parametrize("garbage", [b"", b"{", b"7", b'"/gone"', b"\xff\0"])
def test_a_damaged_unfinished_build_starts_over(garbage: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    work = cache_dir() / "builds" / "0123abcd"
    (work / "source").mkdir(parents=True)
    assert build._placed(work / "tree.json") is None
    assert capsys.readouterr().err == ""
    (work / "tree.json").write_bytes(garbage)
    assert build._placed(work / "tree.json") is None
    assert capsys.readouterr().err == f"ktstr: {work}: an unfinished build, damaged; starting over\n"
    assert not work.exists()
