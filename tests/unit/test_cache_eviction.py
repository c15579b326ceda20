"""What the cache holds, and eviction: by size and by use, never what is in use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.base import cache
from ktstr.base.upkeep import evict, limit_bytes, remove_rest


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


# Its entries, and eviction

USER = """
import sys
from ktstr.base import cache

with cache.in_use("templates", sys.argv[1]) as there:
    print("holds" if there else "nothing", flush=True)
    sys.stdin.read()
"""


@contextmanager
def used_elsewhere(key: str) -> Iterator[None]:
    """A second process that uses a template."""
    command = [sys.executable, "-c", USER, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "holds\n"
        yield
        user.communicate()


def sized(kind: str, key: str, blocks: int, used: float) -> None:
    """An entry with `blocks` 4 KiB blocks of data, last used at that second."""
    path = cache.entry(kind, key, "making", lambda folder: _fill(folder / "data", blocks))
    os.utime(path, (used, used))


def _fill(path: Path, blocks: int) -> None:
    path.write_bytes(os.urandom(4096 * blocks))


def keys(*kinds: str) -> list[str]:
    return [entry.key for entry in cache.entries(*kinds)]


def size(blocks: int) -> int:
    return 4096 * blocks


@pytest.fixture
def three(root: Path) -> None:
    """Two templates, and a result that was used between them; they have 100, 10 and 50 blocks."""
    sized("templates", "old", 100, 1000)
    sized("results", "middle", 10, 2000)
    sized("templates", "new", 50, 3000)


@pytest.mark.usefixtures("three")
def test_entries_are_listed_with_their_sizes_the_least_recently_used_first(root: Path) -> None:
    assert [(one.kind, one.key, one.size, one.used) for one in cache.entries("templates", "results")] == [
        ("templates", "old", size(100), 1000),
        ("results", "middle", size(10), 2000),
        ("templates", "new", size(50), 3000),
    ]
    assert keys("templates") == ["old", "new"]
    assert keys("unknown") == []


def test_a_hole_takes_no_space(root: Path) -> None:
    path = cache.entry("templates", "k", "making", lambda folder: (folder / "memory").touch())
    os.truncate(path / "memory", 1 << 30)
    assert [entry.size for entry in cache.entries("templates")] == [0]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (size(160), ["old", "middle", "new"]),
        (size(160) - 1, ["middle", "new"]),
        (size(60), ["middle", "new"]),
        (size(60) - 1, ["new"]),
        (0, []),
    ],
)
def test_the_least_recently_used_entries_go_first_and_no_more_than_necessary(
    limit: int, left: list[str]
) -> None:
    removed = [entry.key for entry in evict(limit)]
    assert removed + keys("templates", "results") == ["old", "middle", "new"]
    assert keys("templates", "results") == left


@pytest.mark.usefixtures("three")
def test_use_makes_an_entry_the_most_recent() -> None:
    with cache.in_use("templates", "old") as there:
        assert there
    assert keys("templates") == ["new", "old"]
    with cache.in_use("templates", "new", touch=False):
        pass
    assert keys("templates") == ["new", "old"]


@pytest.mark.usefixtures("three")
def test_an_entry_in_use_by_another_process_stays_whatever_the_limit() -> None:
    assert not cache.is_in_use("templates", "old")
    with used_elsewhere("old"):
        assert cache.is_in_use("templates", "old")
        assert not cache.is_in_use("templates", "new")
        assert [entry.key for entry in evict(0)] == ["middle", "new"]
        assert keys("templates") == ["old"]
    assert not cache.is_in_use("templates", "old")
    assert [entry.key for entry in evict(0)] == ["old"]


@pytest.mark.usefixtures("three")
def test_a_killed_process_releases_the_entry_it_used() -> None:
    command = [sys.executable, "-c", USER, "old"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "holds\n"
        user.kill()
    assert not cache.is_in_use("templates", "old")


@pytest.mark.usefixtures("three")
def test_an_entry_in_use_by_this_process_stays() -> None:
    with cache.in_use("templates", "new"), cache.in_use("templates", "new"):
        evict(0)
        assert keys("templates", "results") == ["new"]


def test_an_entry_that_was_evicted_before_its_use_is_noticed(root: Path) -> None:
    sized("templates", "k", 1, 1)
    evict(0)
    with cache.in_use("templates", "k") as there:
        assert not there
    with cache.in_use("templates", "k", touch=False) as there:
        assert not there


def test_kernels_and_builds_are_not_evicted(root: Path) -> None:
    sized("kernels", "k", 100, 1)
    assert evict(0) == []
    assert keys("kernels") == ["k"]


@pytest.mark.usefixtures("three")
def test_a_discarded_entry_keeps_the_files_that_are_open(root: Path) -> None:
    with (root / "templates" / "old" / "data").open("rb") as data:
        cache.discard("templates", "old", "replacing")
        assert len(data.read()) == size(100)
    assert keys("templates") == ["new"]
    assert not (root / "templates" / ".old.partial").exists()


@pytest.mark.usefixtures("three")
def test_a_kill_during_a_removal_leaves_the_entry_whole_or_gone(root: Path) -> None:
    """A removal begins with a rename; what a kill leaves after that is not an entry."""
    (root / "templates" / "old").rename(root / "templates" / ".old.partial")
    assert keys("templates") == ["new"]
    sized("templates", "old", 1, 1)
    assert [file.stat().st_size for file in (root / "templates" / "old").iterdir()] == [size(1)]
    assert not (root / "templates" / ".old.partial").exists()


def test_the_limit_is_20_gb_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KTSTR_CACHE_LIMIT_GB", raising=False)
    assert limit_bytes() == 20_000_000_000
    for text, limit in (("0", 0), ("1.5", 1_500_000_000), ("1e3", 10**12)):
        monkeypatch.setenv("KTSTR_CACHE_LIMIT_GB", text)
        assert limit_bytes() == limit


@pytest.mark.usefixtures("three")
def test_the_setting_is_the_limit_of_an_eviction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_LIMIT_GB", "0.0003")
    assert [entry.key for entry in evict()] == ["old"]


@pytest.mark.parametrize("text", ["", "20GB", "-1", "nan", "inf"])
def test_an_invalid_limit_is_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KTSTR_CACHE_LIMIT_GB", text)
    with pytest.raises(KtstrError, match=f"^KTSTR_CACHE_LIMIT_GB={text}: must be a number of GB, 0 or more$"):
        limit_bytes()


@pytest.mark.usefixtures("three")
def test_no_lock_outlives_its_entry(root: Path) -> None:
    with cache.in_use("templates", "old"):
        assert evict(0)
    assert sorted(path.name for path in (root / "templates").iterdir()) == [
        ".old.lock",
        ".old.seal",
        ".old.use",
        "old",
    ]
    evict(0)
    assert list((root / "templates").iterdir()) == []


def test_locks_that_killed_processes_left_go_with_what_they_made(root: Path) -> None:
    (root / "templates").mkdir(parents=True)
    with cache.in_use("templates", "gone") as there:
        assert not there
        remove_rest()
        assert (root / "templates" / ".gone.use").exists()
    remove_rest()
    assert list((root / "templates").iterdir()) == []
