"""One limit for all that the cache holds, and for what killed processes left, whatever its kind."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ktstr.base import cache, sizes
from ktstr.base.cache import locked
from ktstr.base.scratch import remove_scratch, scratch, scratch_left
from ktstr.base.upkeep import contents, evict, kinds, remove_rest
from ktstr.base.whole_file import write_whole

MEBI = 1 << 20
DAYS_2 = 2 * 86_400
FILES = {
    "answers": "0123.json",
    "debian": "stable-0123.json",
    "downloads": "0123abcd",
    "logs": "agent-0123.log",
    "project-builds": "0123.json",
}
FOLDERS = [
    *(
        "accel",
        "bpf",
        "build",
        "builds",
        "git",
        "initramfs",
        "results",
        "roots",
        "shell",
        "sources",
        "symbols",
    ),
    *("templates", "tools-source", "vmlinux-h"),
]


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / "cache"


def kept(root: Path, kind: str, name: str, age_s: float) -> Path:
    """A file, or a folder with one, of a MiB, last used so long ago."""
    path = root / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path
    if kind not in FILES or name.startswith("."):
        path.mkdir()
        file = path / "data"
    file.write_bytes(os.urandom(MEBI))
    for one in (file, path):
        os.utime(one, (time.time() - age_s,) * 2)
    return path


@pytest.mark.parametrize(("kind", "name"), [*FILES.items(), *((kind, "0123") for kind in FOLDERS)])
def test_every_kind_counts_and_can_be_evicted(root: Path, kind: str, name: str) -> None:
    path = kept(root, kind, name, DAYS_2)
    assert [(one.kind, one.key) for one in contents()] == [(kind, name)]
    assert evict(2 * MEBI) == []
    assert [one.path for one in evict(MEBI // 2)] == [path]
    assert list((root / kind).iterdir()) == []


def test_kernels_count_and_stay(root: Path) -> None:
    kernel = kept(root, "kernels", "7.0.13-debian-0123", DAYS_2)
    newer = kept(root, "bpf", "0123", DAYS_2 - 1)
    assert [one.path for one in evict(3 * MEBI // 2)] == [newer]
    assert evict(0) == []
    assert kernel.is_dir()


@pytest.mark.parametrize("kind", ["bpf", "initramfs", "sources"])
def test_what_is_used_without_a_lock_stays_for_a_day(root: Path, kind: str) -> None:
    path = kept(root, kind, "0123", 3_700)
    assert evict(0) == []
    assert [one.path for one in evict(0, untouched_s=3_600)] == [path]


def test_a_root_stays_for_a_day_whatever_is_asked_for(root: Path) -> None:
    kept(root, "roots", "trixie", 7_200)
    assert evict(0, untouched_s=3_600) == []


@pytest.mark.parametrize("kind", ["builds", "templates", "results"])
@pytest.mark.parametrize("lock", ["use", "lock"])
def test_what_is_locked_stays_and_goes_once_it_is_free(root: Path, kind: str, lock: str) -> None:
    path = kept(root, kind, "0123", 1)
    with locked(path.with_name(f".0123.{lock}"), "building"):
        assert evict(0) == []
    assert [one.path for one in evict(0)] == [path]
    assert list(path.parent.iterdir()) == []


def test_a_use_makes_an_entry_the_newest(root: Path) -> None:
    old = kept(root, "bpf", "0123", DAYS_2)
    assert cache.entry("bpf", "0123", "compiling", lambda _: None, sealed=False) == old
    assert evict(0) == []


def test_work_in_an_unfinished_build_is_a_use_of_it(root: Path) -> None:
    kept(root, "builds", "old", 5)
    busy = kept(root, "builds", "busy", 10)
    (busy / "build.log").write_text("  CC      kernel/sched/core.o\n")
    assert [one.key for one in evict(2 * MEBI - 1)] == ["old"]


def test_what_killed_processes_left_goes_first(root: Path) -> None:
    """Parts, marks and locks of entries that are gone, of every kind."""
    for kind in ("kernels", "bpf", "downloads"):
        kept(root, kind, ".gone.partial", 0)
        for suffix in ("lock", "use", "seal", "along"):
            (root / kind / f".gone.{suffix}").touch()
    kept(root, "kernels", ".other.removed", 0)
    kernel = kept(root, "kernels", "there", 0)
    (root / "kernels" / ".there.along").touch()
    assert remove_rest() == pytest.approx(4 * MEBI, abs=MEBI // 8)
    assert sorted(path.name for path in (root / "kernels").iterdir()) == [".there.along", "there"]
    assert kernel.is_dir()
    assert [list((root / kind).iterdir()) for kind in ("bpf", "downloads")] == [[], []]


def test_the_file_that_a_killed_process_was_writing_goes_once_it_is_old(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the cache itself, in a kind, and beside an entry that is there."""
    there = kept(root, "bpf", "there", 0)
    (root / "answers").mkdir()
    places = [root / "sizes.json", root / "answers" / "0123.json", root / "bpf" / ".there.seal"]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        for place in places:
            with pytest.raises(KeyboardInterrupt):
                write_whole(place, "{")
    left = [path for place in places for path in place.parent.glob(f"{place.name}-*")]
    remove_rest()
    assert len(left) == 3
    assert all(path.exists() for path in left), "another process may be writing it"
    for path in left:
        aged(path)
    remove_rest()
    assert not any(path.exists() for path in left)
    assert there.is_dir()


def test_the_locks_of_cores_are_no_kind(root: Path) -> None:
    (root / "cores").mkdir(parents=True)
    (root / "cores" / "0.lock").touch()
    remove_rest()
    assert kinds() == []
    assert (root / "cores" / "0.lock").exists()


# Temporary folders

KILLED = """
import os
from ktstr.base.scratch import scratch

with scratch("test") as folder:
    (folder / "data").write_bytes(bytes(4096))
    print(folder, flush=True)
    os.kill(os.getpid(), 9)
"""


def aged(folder: Path) -> Path:
    os.utime(folder, (0, 0))
    return folder


def test_a_temporary_folder_is_gone_after_its_block(tmp_path: Path) -> None:
    with scratch("test") as folder:
        assert folder.parent == tmp_path
        aged(folder)
        assert scratch_left() == []
    assert not folder.exists()


def test_the_folder_of_a_killed_process_is_found_and_removed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    folder = Path(done.stdout.strip())
    assert done.returncode == -9
    assert scratch_left() == [], "a new folder is there before it is locked"
    aged(folder)
    assert scratch_left() == [folder]
    assert remove_rest() == 4096
    assert not folder.exists()


def test_what_only_looks_like_one_of_ours_stays(tmp_path: Path) -> None:
    others = [tmp_path / "ktstr-users-1", tmp_path / "else.scratch"]
    for path in others:
        path.mkdir()
        aged(path)
    (tmp_path / "ktstr-link.scratch").symlink_to(others[0])
    held = tmp_path / "ktstr-held.scratch"
    held.mkdir()
    descriptor = os.open(aged(held), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert remove_scratch() == 0
    finally:
        os.close(descriptor)
    assert all(path.exists() for path in (*others, held))


def test_what_was_counted_once_is_not_counted_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def count(path: Path) -> int:
        counted.append(path.name)
        return MEBI

    monkeypatch.setattr(sizes, "disk_usage", count)
    for kind in ("roots", "builds"):
        kept(root, kind, kind, 0)
    for _ in range(2):
        assert [one.size for one in contents()] == [MEBI, MEBI]
    assert sorted(counted) == ["builds", "builds", "roots"], "a build grows"
    (root / "roots" / "roots").rename(root / "old")
    kept(root, "roots", "roots", 0)  # another one of that name
    contents()
    assert counted.count("roots") == 2


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b"7", b'{"roots/x": 3}', b'{"roots/x": [1, "a", 2]}', b"\xff"]
)
def test_damage_to_what_was_counted_costs_only_time(root: Path, garbage: bytes) -> None:
    kept(root, "roots", "x", 0)
    (root / "sizes.json").write_bytes(garbage)
    assert [one.size for one in contents()] == [MEBI]
