"""Entries of the cache that machines share: what one has made another takes."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from remote_server import TOKEN, Handler, Store, holding, silent, use

from ktstr.base import cache
from ktstr.base.cancel import Cancel, Cancelled
from ktstr.base.remote.session import Counts, begin, last_session

ENTRY = ("build", "agent-1234")


@pytest.fixture
def store() -> Iterator[Store]:
    with holding() as store:
        yield store


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> "Machine":
    return Machine(tmp_path, monkeypatch, store)


class Machine:
    """Machines with a cache each; one is used at a time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
        self._folder, self._monkeypatch, self._store = folder, monkeypatch, store
        self.made: list[str] = []

    def become(self, name: str, *, write: bool = False) -> "Machine":
        self._monkeypatch.setenv("KTSTR_CACHE_DIR", str(self._folder / name))
        use(self._store, self._monkeypatch, write=write)
        begin(name)
        self.name = name
        return self

    def entry(self, content: str = "made", cancel: Cancel | None = None) -> Path:
        """An entry with a program, and a header in a folder, made if it is not to be had."""

        def make(folder: Path) -> None:
            self.made.append(self.name)
            (folder / "agent").write_text(content)
            (folder / "agent").chmod(0o755)
            (folder / "include").mkdir()
            (folder / "include" / "empty.h").touch()

        return cache.entry(*ENTRY, "building the agent", make, cancel, shared=ENTRY[1])

    @property
    def counts(self) -> Counts | None:
        return last_session(cache.cache_dir())


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")  # so that what `begin` sets goes with the test


def test_one_machine_makes_what_another_takes(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True).entry()
    assert machine.counts == Counts(misses=1, written=1, written_bytes=4)
    path = machine.become("reader").entry()
    assert machine.made == ["writer"]
    assert (path / "agent").read_text() == "made"
    assert (path / "agent").stat().st_mode & 0o777 == 0o755
    assert (path / "include" / "empty.h").stat().st_size == 0
    assert machine.counts == Counts(hits=1, bytes=4)
    assert store.authorized == {f"Bearer {TOKEN}", ""}


def test_what_was_taken_is_sealed_and_not_asked_for_again(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True).entry()
    path = machine.become("reader").entry()
    asked = len(store.asked)
    assert machine.entry() == path
    assert len(store.asked) == asked
    (path / "agent").write_text("altered")
    assert (machine.entry() / "agent").read_text() == "made"


def test_what_the_store_has_is_not_sent_again(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True).entry()
    held = dict(store.held)
    blob = f"PUT {next(path for path, data in held.items() if data == b'made')}"
    store.held = store.of("cas")
    machine.become("another", write=True).entry()
    assert store.held == held
    assert store.asked.count(blob) == 1


def test_a_machine_that_only_reads_writes_nothing(machine: Machine, store: Store) -> None:
    machine.become("reader").entry()
    assert machine.made == ["reader"]
    assert store.held == {}
    assert {one.split()[0] for one in store.asked} == {"GET"}


def test_a_refused_writer_says_so_once_and_goes_on_reading(
    machine: Machine, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.become("writer", write=True)
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_TOKEN", "wrong")
    machine.entry()
    cache.discard(*ENTRY, "removing it")
    machine.entry()
    assert store.held == {}
    assert store.count("PUT") == 1
    assert store.count("GET") == 2
    assert capsys.readouterr().err == (
        f"ktstr: remote cache {store.url}: it does not let us in (status 401); not written to again in this session\n"
    )


def test_nothing_is_asked_for_what_is_not_shared(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True)
    cache.entry("build", "own", "building", lambda folder: None)
    assert store.asked == []


def test_a_blob_that_was_evicted_alone_is_a_miss(
    machine: Machine, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.become("writer", write=True).entry()
    store.held = store.of("ac")
    path = machine.become("reader").entry("made here")
    assert (path / "agent").read_text() == "made here"
    assert machine.counts == Counts(misses=1)
    assert capsys.readouterr().err == ""


def test_a_record_holds_names_hashes_and_sizes(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True).entry()
    (record,) = store.of("ac").values()
    data = msgspec.json.decode(record)
    assert (data["version"], data["kind"], data["key"]) == (1, *ENTRY)
    assert [(one["path"], one["size"], one["executable"]) for one in data["files"]] == [
        ("agent", 4, True),
        ("include/empty.h", 0, False),
    ]


def test_another_architecture_has_entries_of_its_own(
    machine: Machine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.become("writer", write=True).entry()
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    machine.become("board").entry()
    assert machine.made == ["writer", "board"]


def test_a_link_is_not_shared(machine: Machine, store: Store) -> None:
    machine.become("writer", write=True)
    cache.entry(
        "build", "k", "building", lambda folder: (folder / "a").symlink_to("/etc/passwd"), shared="agent"
    )
    assert store.held == {}


def test_the_wait_for_a_store_can_be_cancelled(machine: Machine, store: Store) -> None:
    machine.become("reader")
    cancel = Cancel()

    def cancelling(handler: Handler, body: bytes) -> None:
        cancel.cancel()
        silent(handler, body)

    store.fault["GET"] = cancelling
    with pytest.raises(Cancelled):
        machine.entry(cancel=cancel)
    assert machine.made == []
    assert list((cache.cache_dir() / "build").glob(".*.partial")) == []
