"""The remote cache as the local one sees it: entries and files that a machine has made, for others to take.

Nothing here raises for what the store does: it has something, or it is as if there were no store. Only what is wrong
with the settings is KtstrError.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ktstr.base.cancel import Cancel
from ktstr.base.remote.client import MOST_BYTES, Client, Trouble
from ktstr.base.remote.record import MOST_RECORD_BYTES, Blob, Record, decoded, record_of, record_path
from ktstr.base.remote.session import Session, session_name
from ktstr.base.remote.settings import RemoteSettings, remote_settings

__all__ = ["fetch_entry", "fetch_file", "offer_entry", "offer_file"]

_FETCHING = ".fetching"  # no path of a record begins with a dot


def fetch_entry(
    root: Path,
    kind: str,
    key: str,
    folder: Path,
    cancel: Cancel | None = None,
    check: Callable[[Path], str | None] = lambda _: None,
) -> bool:
    """Fill the empty `folder` with what the store has of an entry; False if it has nothing, and `folder` is empty.

    `root` is the cache's. Each file has the hash that the entry's record says. `check` then says what is wrong with
    the whole, in a few words, or None. Raises Cancelled if `cancel` ends the wait.
    """
    if (link := _link(root)) is None or not link.session.is_on():
        return False
    begin = time.monotonic()
    try:
        record = _record(link.client, kind, key, folder, cancel)
        if record is None:
            link.session.missed(time.monotonic() - begin)
            return False
        for blob in record.files:
            if not _blob(link.client, blob, folder, cancel):
                # Blobs and records are evicted each for itself.
                link.session.missed(time.monotonic() - begin)
                return _emptied(folder)
        if wrong := check(folder):
            raise Trouble(f"{kind}/{key}: {wrong}", wrong=True)
    except Trouble as trouble:
        _failed(link.session, trouble)
        return _emptied(folder)
    except (OSError, ValueError):
        # This machine's disk, or a name that it cannot have: whoever makes the entry now says what is wrong.
        return _emptied(folder)
    except BaseException:
        _emptied(folder)
        raise
    link.session.had(sum(blob.size for blob in record.files))
    return True


def fetch_file(root: Path, sha256: str, size: int, target: Path, cancel: Cancel | None = None) -> bool:
    """Have the file with this content at `target`, if the store has it."""
    if (link := _link(root)) is None or not link.session.is_on():
        return False
    begin = time.monotonic()
    # Named as what `write_whole` writes, so that the upkeep removes what a killed process leaves.
    part = target.with_name(f"{target.name}-new-{os.getpid()}-{threading.get_native_id()}")
    try:
        if _stream(link.client, sha256, size, part, cancel):
            part.rename(target)
            link.session.had(size)
            return True
        link.session.missed(time.monotonic() - begin)
    except Trouble as trouble:
        _failed(link.session, trouble)
    except OSError:
        pass
    finally:
        part.unlink(missing_ok=True)
    return False


def offer_entry(root: Path, kind: str, key: str, folder: Path) -> None:
    """Give the files of `folder` to the store as an entry, if this machine writes to it."""

    def give(client: Client) -> int:
        record = record_of(kind, key, folder)
        for blob in record.files:
            _give(client, blob.sha256, folder / blob.path)
        # Last, so that it never names what is not there.
        data = msgspec.json.encode(record)
        client.put(record_path(kind, key), lambda: io.BytesIO(data), len(data))
        return sum(blob.size for blob in record.files)

    _offer(root, give)


def offer_file(root: Path, sha256: str, path: Path) -> None:
    """Give a file to the store, if this machine writes to it."""

    def give(client: Client) -> int:
        _give(client, sha256, path)
        return path.stat().st_size

    _offer(root, give)


class _Link:
    """What this process has of the store: its client, and its session."""

    def __init__(self, settings: RemoteSettings, root: Path) -> None:
        self.settings = settings
        self.client = Client(settings)
        self.session = Session(root, session_name(), settings.url)


def _link(root: Path) -> _Link | None:
    settings = remote_settings()
    return None if settings is None else _linked(settings, root, session_name(), os.getpid())


@functools.cache
def _linked(settings: RemoteSettings, root: Path, _name: str, _process: int) -> _Link:
    return _Link(settings, root)


def _record(client: Client, kind: str, key: str, folder: Path, cancel: Cancel | None) -> Record | None:
    path = record_path(kind, key)
    part = folder / _FETCHING
    if not client.get(path, part.open("wb"), MOST_RECORD_BYTES, cancel).found:
        part.unlink()
        return None
    data = part.read_bytes()
    part.unlink()
    try:
        return decoded(data, kind, key)
    except ValueError as error:
        raise Trouble(f"{path[:11]}: {error}", wrong=True) from None


def _blob(client: Client, blob: Blob, folder: Path, cancel: Cancel | None) -> bool:
    """Put one file into its place in `folder`; False if the store does not have it."""
    part, target = folder / _FETCHING, folder / blob.path
    if not _stream(client, blob.sha256, blob.size, part, cancel):
        part.unlink(missing_ok=True)
        return False
    if blob.executable:
        mode = part.stat().st_mode
        part.chmod(mode | (mode & 0o444) >> 2)  # whoever may read it
    target.parent.mkdir(parents=True, exist_ok=True)
    part.rename(target)
    return True


def _stream(client: Client, sha256: str, size: int, part: Path, cancel: Cancel | None) -> bool:
    """Fill `part` with the blob; False if the store does not have it, Trouble if it sends something else."""
    answer = client.get(f"cas/{sha256}", part.open("wb"), min(size, MOST_BYTES), cancel)
    if answer.found and (answer.size, answer.sha256) != (size, sha256):
        what = f"{answer.size} of {size} bytes" if answer.size != size else "other bytes than its name says"
        raise Trouble(f"cas/{sha256[:8]} has {what}", wrong=True)
    return answer.found


def _give(client: Client, sha256: str, path: Path) -> None:
    if not client.has(f"cas/{sha256}"):
        client.put(f"cas/{sha256}", lambda: path.open("rb"), path.stat().st_size)


def _offer(root: Path, give: Callable[[Client], int]) -> None:
    link = _link(root)
    if link is None or not link.settings.write or not (link.session.is_on() and link.session.is_on("write")):
        return
    try:
        link.session.wrote(give(link.client))
    except Trouble as trouble:
        # What is refused now is refused the next time, too.
        if trouble.status in (401, 403, 405, 413, 507):
            link.session.give_up(str(trouble), "write")
        else:
            link.session.failed(str(trouble), direction="write")
    except (OSError, ValueError):
        pass  # evicted meanwhile, or with a file that no record can name


def _failed(session: Session, trouble: Trouble) -> None:
    if trouble.status in (401, 403):
        session.give_up(str(trouble))
    else:
        session.failed(str(trouble), told=trouble.wrong)


def _emptied(folder: Path) -> bool:
    """Remove what is in `folder`; always False."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return False
