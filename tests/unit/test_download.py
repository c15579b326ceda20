"""Downloads against a real server that misbehaves."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import Server, cut, endless, hold, ignore_range, serving, status

from ktstr.base import download
from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError

CONTENT = random.Random(1).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KTSTR_OFFLINE", raising=False)
    monkeypatch.setattr(download, "_BACKOFF_S", (0.0,) * 4)
    monkeypatch.setattr(download, "_CONNECT_BACKOFF_S", (0.0,))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        server.files["file"] = CONTENT
        yield server


def fetch(server: Server) -> Path:
    return download.fetch(f"{server.url}/file", size=len(CONTENT), sha256=SHA256, what="the file")


def part() -> Path:
    path = cache_dir() / "downloads" / f"{SHA256}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_a_file_is_downloaded_once(server: Server) -> None:
    assert fetch(server).read_bytes() == CONTENT
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [("file", "")]


def test_a_cut_connection_is_resumed_where_it_stopped(server: Server) -> None:
    server.faults["file"] = [cut(200_000), cut(290_000)]
    assert fetch(server).read_bytes() == CONTENT
    ranges = [asked for _, asked in server.asked]
    assert len(ranges) == 3
    assert all(asked.startswith("bytes=") for asked in ranges[1:])
    assert ranges[1] != "bytes=0-"


def test_the_download_of_a_killed_process_is_resumed(server: Server) -> None:
    part().write_bytes(CONTENT[:123_456])
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [("file", "bytes=123456-")]


def test_a_server_that_ignores_ranges_starts_over(server: Server) -> None:
    part().write_bytes(CONTENT[:123_456])
    server.faults["file"] = [ignore_range]
    assert fetch(server).read_bytes() == CONTENT


def test_a_damaged_part_is_dropped_and_tried_once_from_zero(server: Server) -> None:
    part().write_bytes(b"x" * 1000)
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [("file", "bytes=1000-"), ("file", "")]


def test_a_part_longer_than_the_file_is_dropped(server: Server) -> None:
    part().write_bytes(b"x" * (len(CONTENT) + 1))
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [("file", "")]


def test_a_complete_part_needs_no_server(server: Server) -> None:
    part().write_bytes(CONTENT)
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == []


def test_other_content_is_refused_and_not_kept(server: Server) -> None:
    server.files["file"] = CONTENT[:-1] + b"?"
    with pytest.raises(KtstrError, match=rf"the file: .*/file: SHA-256 is [0-9a-f]{{64}}, expected {SHA256}"):
        fetch(server)
    assert not part().exists()
    server.files["file"] = CONTENT
    assert fetch(server).read_bytes() == CONTENT


def test_a_file_shorter_than_promised_is_refused(server: Server) -> None:
    server.files["file"] = CONTENT[:100]
    with pytest.raises(KtstrError, match=r"the file: .*/file: has 100 bytes, expected 300000"):
        fetch(server)


def test_a_download_of_a_shrinking_file_is_given_up(server: Server) -> None:
    part().write_bytes(CONTENT[:200])
    server.files["file"] = CONTENT[:100]
    with pytest.raises(KtstrError, match=r"has 100 bytes, expected 300000"):
        fetch(server)


def test_a_server_that_never_stops_is_abandoned(server: Server) -> None:
    server.faults["file"] = [endless]
    with pytest.raises(KtstrError, match=f"more than the expected {len(CONTENT)} bytes"):
        fetch(server)
    assert not part().exists()


def test_errors_of_the_server_are_retried(server: Server) -> None:
    server.faults["file"] = [status(503), status(500), status(429)]
    assert fetch(server).read_bytes() == CONTENT


def test_a_server_that_keeps_failing_is_given_up(server: Server) -> None:
    server.faults["file"] = [status(503)] * 9
    with pytest.raises(download.Unreachable, match=r"the file: .*: status 503"):
        fetch(server)
    assert len(server.asked) == 5


def test_a_missing_file_is_not_asked_for_again(server: Server) -> None:
    del server.files["file"]
    with pytest.raises(download.NotFound, match=r"the file: .*/file: not found"):
        fetch(server)
    assert len(server.asked) == 1


def test_a_stalled_connection_is_resumed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_TIMEOUT_S", (5.0, 0.2))
    release = threading.Event()
    server.faults["file"] = [hold(200_000, threading.Event(), release)]
    assert fetch(server).read_bytes() == CONTENT
    release.set()
    assert server.asked[1][1].startswith("bytes=")


def test_an_absent_server_is_one_line(server: Server) -> None:
    server.stop()
    with pytest.raises(download.Unreachable) as caught:
        fetch(server)
    assert str(caught.value).endswith("Connection refused")
    assert "\n" not in str(caught.value)


def test_offline_connects_to_no_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    with pytest.raises(download.Unreachable, match="the file: KTSTR_OFFLINE is set"):
        fetch(server)
    assert server.asked == []


def test_offline_uses_the_cache(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(server)
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert fetch(server).read_bytes() == CONTENT


def test_get_limits_the_size(server: Server) -> None:
    assert download.get(f"{server.url}/file", len(CONTENT), "the file") == CONTENT
    server.faults["file"] = [endless]
    with pytest.raises(KtstrError, match="larger than 1000 bytes"):
        download.get(f"{server.url}/file", 1000, "the file")
