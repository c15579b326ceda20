"""Cores that all users of a host share: each has one holder, and nobody can keep another waiting forever."""

import fcntl
import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from core_holders import Holders, until
from interrupted import end

from ktstr.vm import shared_lock
from ktstr.vm.shared_lock import shared_folder

OTHER_USER = 54321  # need not be in /etc/passwd
PREFIX = "ktstr-cores-"
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can start processes of another user")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder like /run/lock; tmp_path is in one that no other user may enter."""
    with tempfile.TemporaryDirectory(prefix="ktstr-cores-") as folder:
        Path(folder).chmod(0o1777)
        monkeypatch.setenv("KTSTR_CORES_DIR", folder)
        yield Path(folder)


@pytest.fixture
def holders(tmp_path: Path, shared: Path) -> Iterator[Holders]:
    holders = Holders(2, tmp_path)
    yield holders
    holders.end()


def cache_of(user: int) -> Path:
    """A new cache that belongs to `user`."""
    folder = Path(tempfile.mkdtemp(prefix="cache-", dir=os.environ["KTSTR_CORES_DIR"]))
    os.chown(folder, user, user)
    return folder


@as_root
@pytest.mark.parametrize(("first", "second"), [(0, OTHER_USER), (OTHER_USER, 0)])
def test_users_wait_for_each_other(holders: Holders, shared: Path, first: int, second: int) -> None:
    """Whoever has made the files."""
    holders.start("first", 2, cache_of(first), first)
    holders.order(1)
    holders.start("second", 1, cache_of(second), second)
    until(lambda: "waiting for cores of this host" in holders.complaint("second"))
    owner = "root" if first == 0 else f"user {first}"
    assert f" is held by process {holders.all['first'].pid} of {owner}\n" in holders.complaint("second")
    assert holders.order(1) == ["first"]
    holders.all["first"].send_signal(signal.SIGKILL)
    assert holders.order(2) == ["first", "second"]
    files = [path.stat() for path in shared.glob(f"{PREFIX}*")]
    assert {(stat.S_IMODE(file.st_mode), file.st_size) for file in files} == {(0o444, 0)}


def test_a_user_of_many_processes_does_not_crowd_out_another(holders: Holders, tmp_path: Path) -> None:
    """Ann's others wait among themselves for cores of hers; Bob is the next of those who wait for the host's."""
    ann, bob = tmp_path / "ann", tmp_path / "bob"
    holders.start("ann-0", 2, ann)
    holders.order(1)
    for number in (1, 2, 3):
        holders.start(f"ann-{number}", 2, ann)
    until(lambda: sum(holders.waiting(f"ann-{number}") for number in (1, 2, 3)) == 2)
    holders.start("bob", 1, bob)
    until(lambda: "waiting for cores" in holders.complaint("bob"))
    holders.finish("ann-0")
    assert holders.order(2)[1] == "bob"


@pytest.mark.parametrize("name", ["queue", "1"])
def test_a_lock_that_is_never_released_is_not_waited_for_forever(
    holders: Holders, shared: Path, name: str
) -> None:
    lock = shared / f"{PREFIX}{name}.lock"
    with lock.open("w") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        holders.start("patient", 2, patience_s=1)
        assert holders.order(1) == ["patient"]
    told = holders.complaint("patient").splitlines()[-1]
    assert told.startswith(
        f"ktstr: going on without sharing cores with other users: {lock} is held by process {os.getpid()} of "
    )
    assert told.endswith(", and this process has waited 1 s")


def test_a_path_that_is_not_a_file_is_left_alone(holders: Holders, shared: Path, tmp_path: Path) -> None:
    """Opening the pipe would block, and the link leads to somebody else's file."""
    victim, lock = tmp_path / "victim", shared / f"{PREFIX}queue.lock"
    for number, why in enumerate(("Too many levels of symbolic links", "not a file")):
        if number == 0:
            lock.symlink_to(victim)
        else:
            lock.unlink()
            os.mkfifo(lock)
        holders.start(f"{number}", 1)
        assert holders.order(number + 1)[-1] == f"{number}"
        assert holders.complaint(f"{number}") == (
            f"ktstr: going on without sharing cores with other users: {lock}: {why}\n"
        )
    assert not victim.exists()


def test_a_file_that_its_maker_removes_is_made_again(holders: Holders, shared: Path) -> None:
    """A process that waited for the removed file would otherwise hold a lock that nobody else asks for."""
    holders.start("first", 2)
    holders.order(1)
    lock = shared / f"{PREFIX}queue.lock"
    with lock.open() as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        holders.start("second", 1, shared / "another cache")
        until(lambda: holders.waiting("second"))
        lock.unlink()
    until(lock.exists)
    holders.finish("first")
    assert holders.order(2) == ["first", "second"]


def test_the_folder_must_belong_to_root_and_be_writable_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KTSTR_CORES_DIR")
    monkeypatch.setattr(shared_lock, "_FOLDERS", (str(tmp_path / "one"), str(tmp_path / "two")))
    right = tmp_path / "two"
    right.mkdir()
    for mode in (0o755, 0o777, 0o1755):
        right.chmod(mode)
        with pytest.raises(OSError, match=r"neither .*one nor .*two is a folder of root's"):
            shared_folder()
    right.chmod(0o1777)
    (tmp_path / "one").symlink_to(right)
    if os.getuid() == 0:
        assert shared_folder() == right
        os.chown(right, OTHER_USER, OTHER_USER)
    with pytest.raises(OSError, match="is a folder of root's"):
        shared_folder()


def test_ctrl_c_ends_a_wait(holders: Holders) -> None:
    holders.start("first", 2)
    holders.order(1)
    holders.start("second", 1, holders.folder / "another cache")
    until(lambda: "waiting" in holders.complaint("second"))
    end(holders.all["second"], signal.SIGINT)
    assert holders.all["second"].returncode != 0
    assert "KeyboardInterrupt" in holders.complaint("second")
