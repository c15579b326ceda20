"""What is told of a remote cache: a session's footer, `ktstr cache`, `ktstr doctor`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from remote_server import TOKEN, Store, holding, status, use
from test_doctor import a_diagnosis
from test_tasks_cache import said

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.remote.session import Counts, Session, begin
from ktstr.host import remote
from ktstr.host.remote import RemoteCache, remote_cache, shared_with
from ktstr.report.remote import counts_text, session_text
from ktstr.tasks.doctor import as_json, as_text


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")
    monkeypatch.chdir(tmp_path)  # where no runs are
    with holding() as store:
        use(store, monkeypatch)
        yield store


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (Counts(hits=12, misses=3, bytes=41_000_000), "12 hits, 3 misses, 41.0 MB"),
        (Counts(hits=1, misses=1), "1 hit, 1 miss, 0.0 MB"),
        (
            Counts(misses=2, written=2, written_bytes=5_100_000),
            "0 hits, 2 misses, 0.0 MB, 2 written (5.1 MB)",
        ),
        (Counts(off="it is full"), "0 hits, 0 misses, 0.0 MB; given up: it is full"),
    ],
)
def test_counts_are_a_line(counts: Counts, text: str) -> None:
    assert counts_text(counts) == text


def test_a_session_that_asked_for_nothing_says_nothing(store: Store) -> None:
    begin("a-session")
    assert session_text() == ""


def test_without_a_remote_cache_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert remote_cache() is None
    assert session_text() == ""
    assert "remote" not in as_text(a_diagnosis(), colour=False)
    assert json.loads(as_json(a_diagnosis()))["remote_cache"] is None
    assert json.loads(said(capsys, "--json")[1])["remote"] is None


def test_a_store_that_answers_is_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remote_cache() == RemoteCache(store.url, False, None)
    use(store, monkeypatch, write=True)
    found = remote_cache()
    assert found is not None
    assert found.text == f"{store.url}: answers; read and written"
    assert TOKEN not in repr(found)


def test_what_is_wrong_with_a_store_is_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.fault["HEAD"] = status(503)
    found = remote_cache()
    assert found is not None
    assert found.text == f"{store.url}: status 503"
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    found = remote_cache()
    assert found is not None
    assert found.text == "KTSTR_REMOTE_CACHE is not used: KTSTR_OFFLINE is set"


def test_a_wrong_address_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE", "https://me:secret@cache.example.org")
    found = remote_cache()
    assert found is not None
    assert found.text == (
        "KTSTR_REMOTE_CACHE: must not hold a name or a password; KTSTR_REMOTE_CACHE_TOKEN takes user:password"
    )


def test_with_whom_results_are_shared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert " (build " in shared_with()
    assert shared_with().endswith(" compiled schedulers, too")

    def none() -> str:
        raise KtstrError("is not installed")

    monkeypatch.setattr(remote, "emulator_version", none)
    assert shared_with() == "no results: is not installed"


def test_the_cache_shows_the_last_session(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(cache.cache_dir(), "20261129T120000Z", store.url)
    session.had(9_100_000)
    session.missed(0.1)
    status, output = said(capsys)
    assert status == 0
    lines = output.splitlines()
    at = lines.index(f"remote cache {store.url}: answers; read only")
    assert lines[at + 1] == "  last session: 1 hit, 1 miss, 9.1 MB"
    assert lines[at + 2] == f"  {shared_with()}"
    told = json.loads(said(capsys, "--json")[1])["remote"]
    assert (told["url"], told["write"], told["problem"]) == (store.url, False, None)
    assert told["last"] == {
        "hits": 1,
        "misses": 1,
        "bytes": 9_100_000,
        "written": 0,
        "written_bytes": 0,
        "off": "",
    }


def test_the_doctor_has_a_row_for_it() -> None:
    found = a_diagnosis()
    shown = RemoteCache("https://cache.example.org", False, None)
    found = type(found)(**{**vars(found), "remote": shown, "shared_with": "hosts with QEMU 7.2.22"})
    text = as_text(found, colour=False)
    assert "remote   https://cache.example.org: answers; read only; hosts with QEMU 7.2.22\n" in text
    data = json.loads(as_json(found))
    assert data["remote_cache"] == {
        "url": "https://cache.example.org",
        "write": False,
        "problem": None,
        "shared_with": "hosts with QEMU 7.2.22",
    }
