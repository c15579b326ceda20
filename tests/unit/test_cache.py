"""The cache: entries appear whole or not at all, are made once, and a failure is one line."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vm_stand_in import ended, pid_in

from ktstr import KtstrError
from ktstr.base import cache
from ktstr.base.upkeep import remove_rest


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def text(content: str) -> Callable[[Path], None]:
    """A function that fills an entry with one file."""

    def make(directory: Path) -> None:
        (directory / "file").write_text(content)

    return make


def visible(folder: Path) -> list[str]:
    """The entries of a kind; names that begin with a dot are the cache's own files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


# Its place


def test_it_is_where_the_variable_says(root: Path) -> None:
    assert cache.cache_dir() == root
    assert root.is_dir()


def test_it_is_in_the_users_cache_folder_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_dir() == tmp_path / "xdg" / "ktstr"


def test_a_root_that_cannot_be_made_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(KtstrError, match=r"file/cache: Not a directory; set KTSTR_CACHE_DIR to one that can"):
        cache.cache_dir()


# Keys


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_give_different_keys(one: list[str], other: list[str]) -> None:
    assert (cache.digest(*one) == cache.digest(*other)) == (one == other)


def test_parts_are_not_concatenated() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc")


def test_a_files_digest_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert cache.file_digest(tmp_path / "file") == known


# Entries


def test_an_entry_is_made_if_it_does_not_exist(root: Path) -> None:
    assert cache.find("build", "k") is None
    path = cache.entry("build", "k", "building", text("one"))
    assert path == cache.find("build", "k") == root / "build" / "k"
    assert (path / "file").read_text() == "one"


def test_an_entry_is_made_once() -> None:
    cache.entry("build", "k", "building", text("one"))
    assert (cache.entry("build", "k", "building", text("two")) / "file").read_text() == "one"


@pytest.mark.parametrize("error", [RuntimeError("bug"), KtstrError("refused"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_and_propagates(root: Path, error: BaseException) -> None:
    def make(directory: Path) -> None:
        (directory / "file").write_text("half")
        raise error

    with pytest.raises(type(error)) as raised:
        cache.entry("build", "k", "building", make)
    assert raised.value is error
    assert visible(root / "build") == []
    assert (cache.entry("build", "k", "building", text("whole")) / "file").read_text() == "whole"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/cache/x"), "/cache/x: No space left on device"),
        (OSError("a library's own words"), "a library's own words"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_an_error_of_the_operating_system_is_one_line(error: OSError, said: str) -> None:
    def make(directory: Path) -> None:
        raise error

    with pytest.raises(KtstrError) as raised:
        cache.entry("build", "k", "building k", make)
    assert str(raised.value).startswith("building k: ")
    assert str(raised.value).endswith(said)


def test_a_full_disk_is_one_line(root: Path) -> None:
    """A limit on the size of files stands in for a full disk: the same call fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(KtstrError, match=r"^building: .*: File too large$"):
            cache.entry("build", "k", "building", text("x" * 5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert visible(root / "build") == []


def test_an_obstructing_folder_is_one_line(root: Path) -> None:
    root.mkdir()
    (root / "build").touch()
    with pytest.raises(KtstrError, match=r"^building: .*: cannot be locked: "):
        cache.entry("build", "k", "building", text("one"))


def test_a_partial_of_a_dead_process_is_replaced(root: Path) -> None:
    partial = root / "build" / ".k.partial"
    partial.mkdir(parents=True)
    (partial / "left").touch()
    path = cache.entry("build", "k", "building", text("one"))
    assert [file.name for file in path.iterdir()] == ["file"]


# Several processes

MAKER = """
import os, sys, time
from pathlib import Path
from ktstr.base import cache
from ktstr.base.upkeep import remove_rest

def make(directory):
    (directory / "half").touch()
    with Path(sys.argv[1]).open("a") as made:
        made.write(f"{os.getpid()}\\n")
    while not Path(sys.argv[2]).exists():
        time.sleep(0.01)
    (directory / "file").write_text(str(os.getpid()))

print((cache.entry("build", "k", "building", make) / "file").read_text())
"""


class Makers:
    """Processes that ask for the same entry. `made` has a line for each one that makes it; `go` lets it finish."""

    def __init__(self, folder: Path) -> None:
        self.made, self.go = folder / "made", folder / "go"

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", MAKER, str(self.made), str(self.go)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path)


def test_processes_that_ask_at_once_make_it_once(makers: Makers) -> None:
    processes = [makers.start() for _ in range(3)]
    maker = pid_in(makers.made)
    makers.go.touch()
    assert [process.communicate(timeout=60)[0] for process in processes] == [f"{maker}\n"] * 3
    assert makers.made.read_text() == f"{maker}\n"


def test_a_killed_maker_leaves_no_entry(makers: Makers, root: Path) -> None:
    process = makers.start()
    maker = pid_in(makers.made)
    process.kill()
    process.communicate()
    assert ended(maker)
    assert visible(root / "build") == []
    assert cache.find("build", "k") is None
    assert [file.name for file in cache.entry("build", "k", "building", text("one")).iterdir()] == ["file"]


def test_a_long_wait_is_announced(makers: Makers, tmp_path: Path) -> None:
    process = makers.start()
    pid_in(makers.made)
    code = MAKER.replace(
        "import os,", "import ktstr.base.cache; ktstr.base.cache._NOTICE_AFTER_S = 0.05; import os,"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "never"), str(makers.go)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as waiter:
        assert waiter.stderr is not None
        assert waiter.stderr.readline() == "ktstr: waiting for another process: building\n"
        makers.go.touch()
        assert waiter.wait(60) == 0
    assert process.communicate(timeout=60)[0] == f"{process.pid}\n"


def test_partials_of_killed_makers_are_removed_and_those_of_living_ones_are_not(
    makers: Makers, root: Path
) -> None:
    process = makers.start()
    pid_in(makers.made)
    left = root / "build" / ".left.partial"
    left.mkdir()
    (left / "data").write_bytes(os.urandom(3 * 4096))
    assert remove_rest(["build"]) == 3 * 4096
    assert not left.exists()
    makers.go.touch()
    assert process.communicate(timeout=60)[0] == f"{process.pid}\n"
    assert remove_rest(["build", "unknown"]) == 0


# What the host refuses


def test_a_user_that_does_not_exist_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", "~nouser/x")
    with pytest.raises(KtstrError, match=r"^KTSTR_CACHE_DIR=~nouser/x: no such user, or no home directory$"):
        cache.cache_dir()


def test_a_file_that_the_host_refuses_is_one_line(root: Path) -> None:
    """As in a cache that is read-only, or another user's; a name that is too long is refused to root, too."""
    (root / "kind").mkdir(parents=True)
    with (
        pytest.raises(
            KtstrError, match=rf"^cache directory {root}: .*: File name too long; set KTSTR_CACHE_DIR"
        ),
        cache.in_use("kind", "k" * 300),
    ):
        pass
    with pytest.raises(
        KtstrError, match=r"File name too long; set KTSTR_CACHE_DIR to one that can be written"
    ):
        cache.find("kind", "k" * 300)


# What is kept is what was written


def test_an_entry_whose_file_has_changed_is_made_again_with_a_line(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cache.entry("kind", "key", "a test", text("made"))
    (path / "file").write_text("mad?")
    assert (cache.entry("kind", "key", "a test", text("made")) / "file").read_text() == "made"
    said = f"ktstr: {root}/kind/key: file: its content has changed; making it again\n"
    assert capsys.readouterr().err == said
    cache.entry("kind", "key", "a test", text("another"))
    assert (path / "file").read_text() == "made"


def test_an_entry_that_was_copied_or_touched_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    path = cache.entry("kind", "key", "a test", text("made"))
    os.utime(path / "file", (1, 1))
    cache.entry("kind", "key", "a test", text("another"))
    assert ((path / "file").read_text(), capsys.readouterr().err) == ("made", "")


def test_an_entry_of_an_earlier_version_is_sealed_as_it_is(root: Path) -> None:
    path = cache.entry("kind", "key", "a test", text("made"), sealed=False)
    (path / "file").write_text("older")
    assert (cache.entry("kind", "key", "a test", text("made")) / "file").read_text() == "older"
    assert (root / "kind" / ".key.seal").is_file()
