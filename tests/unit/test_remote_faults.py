"""A store that is down, slow, full or lying costs time, and what is wrong with it is said."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import remote_server as faults
from remote_server import Fault, Store, holding, use

from ktstr.base import cache
from ktstr.base.remote.session import begin, last_session

CONTENT = "the agent's bytes"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    """A store with entries 0 to 3, and a machine that reads it and has none."""
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")
    with holding() as store:
        use(store, monkeypatch, write=True)
        for number in range(4):
            entry(number)
        monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "reader"))
        use(store, monkeypatch)
        begin("reader")
        store.asked.clear()
        yield store


def entry(number: int, made: str = CONTENT) -> str:
    """What the entry of that number has, made or taken."""

    def make(folder: Path) -> None:
        (folder / "agent").write_text(f"{made} {number}")

    key = f"agent-{number}"
    return (cache.entry("build", key, "building", make, shared=key) / "agent").read_text()


def changed(change: Callable[[dict[str, Any]], object]) -> Fault:
    """A record in which `change` has altered something."""

    def fault(handler: faults.Handler, body: bytes) -> None:
        data = json.loads(body)
        change(data)
        handler.say(200, json.dumps(data).encode())

    return fault


def path_of_record(path: str) -> Fault:
    return changed(lambda data: data["files"][0].update(path=path))


GET_FAULTS = {
    "an error": ("GET", faults.status(500), "status 500"),
    "no room": ("GET", faults.status(507), "it is full (status 507)"),
    "elsewhere": ("GET", faults.elsewhere, "it sends elsewhere (status 302)"),
    "silence": ("GET", faults.silent, "no whole answer within"),
    "a page for a record": ("GET ac", faults.error_page, "not a record: JSON is malformed"),
    "a cut record": ("GET ac", faults.cut_short, "not a record: Input data was truncated"),
    "an endless record": ("GET ac", faults.endless, "has more bytes than it may"),
    "a deep record": (
        "GET ac",
        lambda handler, _: handler.say(200, b"[" * 100_000),
        "not a record: Expected `object`",
    ),
    "a newer record": ("GET ac", changed(lambda data: data.update(version=2)), "a record of version 2"),
    "a swapped record": (
        "GET ac",
        changed(lambda data: data.update(key="agent-7")),
        "the record of another entry",
    ),
    "more than expected": ("GET ac", changed(lambda data: data.update(more=1)), "unknown field `more`"),
    "a number for a hash": (
        "GET ac",
        changed(lambda data: data["files"][0].update(sha256=7)),
        "Expected `str`, got `int` - at `$.files[0].sha256`",
    ),
    "a huge blob": (
        "GET ac",
        changed(lambda data: data["files"][0].update(size=1 << 60)),
        "`int` <= 2147483648",
    ),
    "two of a name": (
        "GET ac",
        changed(lambda data: data["files"].append(data["files"][0])),
        "names a file twice",
    ),
    "a path upwards": ("GET ac", path_of_record("../../agent"), "a record with the path '../../agent'"),
    "a path from the root": ("GET ac", path_of_record("/etc/passwd"), "a record with the path '/etc/passwd'"),
    "a hidden path": ("GET ac", path_of_record("a/.b"), "a record with the path 'a/.b'"),
    "a control in a path": ("GET ac", path_of_record("a\nb"), "a record with the path 'a\\nb'"),
    "a wrong byte": ("GET cas", faults.one_byte_wrong, "has other bytes than its name says"),
    "a swapped blob": (
        "GET cas",
        lambda handler, _: handler.say(200, b"another content!!!!"),
        "has other bytes",
    ),
    "a cut blob": ("GET cas", faults.cut_short, "has 9 of 19 bytes"),
    "a page for a blob": ("GET cas", faults.error_page, "has more bytes than it may"),
    "an endless blob": ("GET cas", faults.endless, "has more bytes than it may"),
    "a blob that never ends": ("GET cas", faults.trickle, "no whole answer within"),
}


@pytest.mark.parametrize("name", GET_FAULTS)
def test_a_fault_is_said_twice_at_most_and_changes_no_content(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    where, fault, said = GET_FAULTS[name]
    if fault in (faults.silent, faults.trickle):
        monkeypatch.setattr("ktstr.base.remote.client._REQUEST_S", 1.0)
    store.fault[where] = fault
    assert [entry(number, "made") for number in range(4)] == [f"made {number}" for number in range(4)]
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 2
    assert all(line.startswith(f"ktstr: remote cache {store.url}: ") and said in line for line in lines)
    assert lines[-1].endswith("; not asked again in this session")
    assert len([one for one in store.asked if one.startswith("GET ac")]) == 2
    assert "elsewhere" not in str(store.asked)
    counted = last_session(cache.cache_dir())
    assert counted is not None
    assert said in counted.off
    assert list((cache.cache_dir() / "build").glob(".*.partial")) == []


def test_a_store_that_is_down_is_given_up(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(0, "made") == f"{CONTENT} 0"
    store.stop()
    assert [entry(number, "made") for number in (1, 2, 3)] == ["made 1", "made 2", "made 3"]
    assert capsys.readouterr().err == (
        f"ktstr: remote cache {store.url}: it cannot be reached, or closed the connection;"
        " not asked again in this session\n"
    )


def test_a_connection_that_is_closed_midway_counts_as_a_fault(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fault["GET cas"] = faults.closed_midway
    assert [entry(number, "made") for number in range(3)] == ["made 0", "made 1", "made 2"]
    assert capsys.readouterr().err.count("\n") in (1, 2)


def test_a_store_that_refuses_readers_is_not_asked_twice(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fault["GET"] = faults.status(403)
    assert entry(0, "made") == "made 0"
    assert entry(1, "made") == "made 1"
    assert len(store.asked) == 1
    assert "it does not let us in (status 403)" in capsys.readouterr().err


def test_two_processes_of_a_session_give_it_up_together(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fault["GET"] = faults.status(500)
    entry(0)
    entry(1)
    monkeypatch.setattr("os.getpid", lambda: 1)  # another process, which knows nothing of the failures
    entry(2)
    assert len(store.asked) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_another_session_asks_again(store: Store) -> None:
    store.fault["GET"] = faults.status(500)
    entry(0, "made")
    entry(1, "made")
    store.fault.clear()
    begin("the next")
    assert entry(2, "made") == f"{CONTENT} 2"


def test_a_store_of_slow_misses_is_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.held.clear()
    monkeypatch.setattr("ktstr.base.remote.session._MOST_VAIN_S", 0.0)
    assert entry(0, "made") == "made 0"
    assert entry(1, "made") == "made 1"
    assert len(store.asked) == 1
    assert "were spent on what it does not have; not asked again in this session" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.status(507), "it is full (status 507)"),
        (faults.status(413), "status 413"),
        (faults.status(500), "status 500"),
    ],
)
def test_a_store_that_takes_nothing_is_still_read(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Fault, said: str
) -> None:
    use(store, monkeypatch, write=True)
    store.fault["PUT"] = fault
    assert [entry(number) for number in (10, 11, 12)] == [f"{CONTENT} {number}" for number in (10, 11, 12)]
    assert entry(0, "made") == f"{CONTENT} 0"
    assert store.count("PUT") <= 2
    assert capsys.readouterr().err == (
        f"ktstr: remote cache {store.url}: {said}; not written to again in this session\n"
    )


def test_the_blob_of_a_lying_record_never_gets_its_place(store: Store) -> None:
    body = store.held[f"cas/{hashlib.sha256(f'{CONTENT} 0'.encode()).hexdigest()}"]
    store.fault["GET cas"] = lambda handler, _: handler.say(200, body[::-1])
    assert entry(0, "made") == "made 0"
    assert [path.name for path in (cache.cache_dir() / "build" / "agent-0").iterdir()] == ["agent"]
