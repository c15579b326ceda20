"""The host's cores: never held twice, given back however their holder ends, in order of arrival."""

import fcntl
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from core_holders import Holders, until

from ktstr import KtstrError
from ktstr.vm import budget
from ktstr.vm.budget import cores_of_host, hold_cores, keep_cores


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("KTSTR_CORES_DIR", str(tmp_path))


@pytest.fixture
def holders(tmp_path: Path) -> Iterator[Holders]:
    holders = Holders(3, tmp_path)
    yield holders
    holders.end()


def is_free(lock: Path) -> bool:
    """Whether nobody holds the lock, by taking it for a moment."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def cores_free(folder: Path, total: int) -> int:
    return sum(is_free(folder / "cores" / f"{index}.lock") for index in range(total))


def test_cores_are_shared_by_processes(holders: Holders, tmp_path: Path) -> None:
    holders.start("two", 2)
    assert holders.order(1) == ["two"]
    holders.start("one", 1)
    assert holders.order(2) == ["two", "one"]
    assert cores_free(tmp_path, 3) == 0


def test_a_request_that_does_not_fit_waits(holders: Holders, tmp_path: Path) -> None:
    holders.start("first", 2)
    holders.order(1)
    holders.start("second", 2)
    until(lambda: cores_free(tmp_path, 3) == 0)  # it has the one that is left, and waits for another
    assert holders.order(1) == ["first"]
    holders.finish("first")
    assert holders.order(2) == ["first", "second"]


def test_a_killed_holder_gives_its_cores_back(holders: Holders) -> None:
    holders.start("killed", 3)
    holders.order(1)
    holders.start("next", 3)
    holders.all["killed"].send_signal(signal.SIGKILL)
    assert holders.order(2) == ["killed", "next"]


def test_waiting_processes_are_served_in_order_of_arrival(holders: Holders, tmp_path: Path) -> None:
    holders.start("first", 3)
    holders.order(1)
    # The small one could run before the big one, but came later.
    holders.start("collects", 3)
    until(lambda: "collects" not in holders.order(1) and not is_free(tmp_path / "cores" / "queue.lock"))
    for name in ("big", "small"):
        holders.start(name, {"big": 3, "small": 1}[name])
        until(partial(holders.waiting, name))
    for done, count in (("first", 2), ("collects", 3), ("big", 4)):
        holders.finish(done)
        holders.order(count)
    assert holders.order(4) == ["first", "collects", "big", "small"]


def test_a_request_for_more_cores_than_the_host_has_gets_them_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(budget, "allowed_cores", lambda: range(2))
    with hold_cores(64):
        assert cores_free(tmp_path, 2) == 0
    assert cores_free(tmp_path, 2) == 2


def test_an_exception_gives_the_cores_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(budget, "allowed_cores", lambda: range(2))

    def fail() -> None:
        with hold_cores(1):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert cores_free(tmp_path, 2) == 2


def test_runs_in_a_row_keep_their_core_to_the_last(
    monkeypatch: pytest.MonkeyPatch, holders: Holders, tmp_path: Path
) -> None:
    """Otherwise each would wait again behind all who came meanwhile."""
    monkeypatch.setattr(budget, "allowed_cores", lambda: range(3))
    with keep_cores():
        with hold_cores(1):
            pass
        assert cores_free(tmp_path, 3) == 2
        holders.start("other", 3)
        until(lambda: not is_free(tmp_path / "cores" / "queue.lock"))  # it waits for ours
        with hold_cores(1):
            assert holders.said.read_text() == ""
    assert holders.order(1) == ["other"]


def test_runs_in_a_row_that_need_more_cores_give_theirs_back_before_they_wait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(budget, "allowed_cores", lambda: range(3))
    with keep_cores(), keep_cores():
        for wanted, free in ((1, 2), (3, 0), (2, 0)):
            with hold_cores(wanted):
                assert cores_free(tmp_path, 3) == free
    assert cores_free(tmp_path, 3) == 3
    with hold_cores(1):
        pass
    assert cores_free(tmp_path, 3) == 3


def test_an_exception_in_a_row_of_runs_gives_the_cores_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(budget, "allowed_cores", lambda: range(2))
    with pytest.raises(RuntimeError), keep_cores(), hold_cores(1):
        raise RuntimeError
    assert cores_free(tmp_path, 2) == 2


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cores").write_text("in the way")
    with pytest.raises(KtstrError, match=r"cores: cores cannot be locked: File exists$"), hold_cores(1):
        pass


def test_only_cores_that_this_process_may_use_count() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores_of_host() == 1
    finally:
        os.sched_setaffinity(0, allowed)
