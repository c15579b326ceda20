"""Downloads by way of a remote cache: the hash that was known before decides, wherever the bytes come from."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import Server
from remote_server import Store, holding, one_byte_wrong, use

from ktstr.base.download import fetch

CONTENT = b"a package\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "a-session")
    with holding() as store:
        yield store


def fetched(server: Server) -> Path:
    return fetch(f"{server.url}/file", size=len(CONTENT), sha256=SHA256, what="a package")


def test_the_store_spares_the_mirror(server: Server, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use(store, monkeypatch)
    store.held[f"cas/{SHA256}"] = CONTENT
    assert fetched(server).read_bytes() == CONTENT
    assert server.asked == []


def test_what_the_mirror_sent_is_given_to_the_store(
    server: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(store, monkeypatch, write=True)
    server.files["file"] = CONTENT
    assert fetched(server).read_bytes() == CONTENT
    assert store.held == {f"cas/{SHA256}": CONTENT}


def test_a_lying_store_costs_a_request(
    server: Server, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(store, monkeypatch)
    store.held[f"cas/{SHA256}"] = CONTENT
    store.fault["GET"] = one_byte_wrong
    server.files["file"] = CONTENT
    path = fetched(server)
    assert path.read_bytes() == CONTENT
    assert sorted(one.name for one in path.parent.iterdir() if one.suffix != ".lock") == [SHA256]
    assert capsys.readouterr().err == (
        f"ktstr: remote cache {store.url}: cas/{SHA256[:8]} has other bytes than its name says; left out\n"
    )
