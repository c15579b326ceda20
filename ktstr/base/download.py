"""Downloads: whole and verified, or absent.

A file is downloaded to `<cache>/downloads/<sha256>.part`, verified and renamed. The name is the hash of the content,
so a part that a killed process left always belongs to the same file, and the next run continues where it stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ktstr.base.cache import cache_dir, file_digest, locked
from ktstr.base.errors import KtstrError
from ktstr.base.remote import settings as remote

if TYPE_CHECKING:
    import requests  # else only where a server is asked: most runs ask none, and it is a third of the import time

__all__ = ["NotFound", "Unreachable", "fetch", "get", "size_of"]

# For connecting, and for each read. The first is short, so that a machine without a network finds out soon.
_TIMEOUT_S = (5.0, 30.0)
_BACKOFF_S = (0.5, 1.0, 2.0, 4.0)
_CONNECT_BACKOFF_S = (0.5,)
_CHUNK = 1 << 16
_OTHER_MIRROR = "the mirror may be broken or half updated, try another"


class Unreachable(KtstrError):
    """The server cannot be reached, or KTSTR_OFFLINE is set. `why` is the reason alone, without what was requested."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(f"{what}: {why}" if why else what)
        self.why = why or what


class NotFound(KtstrError):
    """The server does not have the file."""


class _Interrupted(Exception):
    """An attempt failed in a way that may not happen again."""


class _NoConnection(_Interrupted):
    """The connection could not be made. Usually there is no network, and waiting does not help."""


class _RangeRefused(_Interrupted):
    """The server's file is shorter than the part."""


class _Attempts:
    """The failed attempts of a download, and the waits between them."""

    def __init__(self) -> None:
        self.failed = 0

    def wait(self, reason: _Interrupted, what: str, url: str) -> None:
        """Wait before the next attempt, or raise `Unreachable` if none is left."""
        backoff = _CONNECT_BACKOFF_S if isinstance(reason, _NoConnection) else _BACKOFF_S
        if self.failed >= len(backoff):
            raise Unreachable(what, f"{urlsplit(url).netloc}: {reason}") from reason
        time.sleep(backoff[self.failed])
        self.failed += 1


def get(url: str, limit: int, what: str) -> bytes:
    """The content of a small file whose hash is not known in advance.

    Raises `Unreachable`, `NotFound`, or KtstrError if the file is larger than `limit` bytes.
    """
    attempts = _Attempts()
    while True:
        try:
            with _response(url, 0, what) as response:
                content = b""
                for chunk in _chunks(response):
                    content += chunk
                    if len(content) > limit:
                        raise KtstrError(
                            f"{what}: {url} is larger than {limit} bytes; it cannot be the requested file"
                        )
                return content
        except _Interrupted as reason:
            attempts.wait(reason, what, url)


def size_of(url: str, what: str) -> int:
    """The size of a file in bytes, as the server reports it; KtstrError if it does not report one."""
    attempts = _Attempts()
    while True:
        try:
            with _response(url, 0, what) as response:
                if (length := _whole_length(response)) is None:
                    raise KtstrError(f"{what}: {url}: the server does not report the file's size")
                return length
        except _Interrupted as reason:
            attempts.wait(reason, what, url)


def fetch(url: str, *, size: int, sha256: str, what: str) -> Path:
    """The file with this size and SHA-256, downloaded from `url` unless the cache has it.

    If several processes ask at the same time, one of them downloads it. A remote cache is asked before `url`: what it
    sends has the same size and hash, or does not count. Raises `Unreachable`, `NotFound`, or
    KtstrError if the server keeps sending a different file.
    """
    folder = cache_dir() / "downloads"
    target = folder / sha256
    if target.is_file():
        return target
    with locked(folder / f".{sha256}.lock", what):
        if target.is_file() or _shared(sha256, size, target):
            return target
        part = folder / f"{sha256}.part"
        try:
            # A part may be damaged (disk full, another mirror's error page): try once more, from the start.
            resumed = part.exists()
            wrong = _download(url, part, size, sha256, what)
            if wrong and resumed:
                wrong = _download(url, part, size, sha256, what)
        except OSError as error:
            raise KtstrError(f"{what}: {error.filename or part}: {error.strerror}") from error
        if wrong:
            raise KtstrError(f"{what}: {url}: {wrong}; {_OTHER_MIRROR}")
        part.rename(target)
    if remote.is_set():
        from ktstr.base.remote.store import offer_file

        offer_file(cache_dir(), sha256, target)
    return target


def _shared(sha256: str, size: int, target: Path) -> bool:
    """Whether the remote cache had the file."""
    if not remote.is_set():
        return False
    from ktstr.base.remote.store import fetch_file

    return fetch_file(cache_dir(), sha256, size, target)


def _download(url: str, part: Path, size: int, sha256: str, what: str) -> str | None:
    """Fill `part`. Returns what is wrong with it, or None; a wrong part is removed."""
    if _length(part) > size:
        part.unlink()
    _fill(url, part, size, what)
    length = _length(part)
    found = "" if length != size else file_digest(part)
    if found == sha256:
        return None
    part.unlink()
    if length != size:
        return f"the server sent more than the expected {size} bytes"
    return f"SHA-256 is {found}, expected {sha256}"


def _fill(url: str, part: Path, size: int, what: str) -> None:
    """Download until `part` has `size` bytes, or more if the server sends more."""
    attempts = _Attempts()
    furthest = _length(part)
    while (start := _length(part)) < size:
        try:
            with _response(url, start, what) as response:
                if (length := _whole_length(response)) not in (None, size):
                    raise KtstrError(f"{what}: {url}: has {length} bytes, expected {size}; {_OTHER_MIRROR}")
                if start and not _continues(response, start):
                    start = 0
                _append(response, part, start, size, what)
            if _length(part) < size:
                raise _Interrupted(f"the server stopped at {_length(part)} of {size} bytes")
        except _RangeRefused as reason:
            part.unlink()
            attempts.wait(reason, what, url)
        except _Interrupted as reason:
            if _length(part) > furthest:
                furthest, attempts = _length(part), _Attempts()  # only attempts without progress count
            attempts.wait(reason, what, url)


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(response: requests.Response, part: Path, start: int, size: int, what: str) -> None:
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    bar = Progress(total=size, initial=start, desc=what, unit="B", unit_scale=True)
    with bar, part.open("ab") as file:
        file.truncate(start)
        written = start
        for chunk in _chunks(response):
            written += len(chunk)
            file.write(chunk)
            bar.update(len(chunk))
            if written > size:
                return


def _whole_length(response: requests.Response) -> int | None:
    """The length of the whole file, if the server reports it."""
    if "Content-Encoding" in response.headers:
        return None
    given = response.headers.get("Content-Length", "")
    if response.status_code == 206:
        given = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(given) if given.isdecimal() else None


def _continues(response: requests.Response, start: int) -> bool:
    """Whether the response continues at `start`; a server may ignore the range and send the whole file."""
    content_range = response.headers.get("Content-Range", "")
    return response.status_code == 206 and content_range.startswith(f"bytes {start}-")


@contextmanager
def _response(url: str, start: int, what: str) -> Iterator[requests.Response]:
    if os.environ.get("KTSTR_OFFLINE", "0") not in ("", "0"):
        raise Unreachable(what, "KTSTR_OFFLINE is set")
    import requests

    # identity: sizes and ranges are those of the file, not of an encoding of it
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
            if response.status_code == 416:  # the server's file is shorter than the part
                raise _RangeRefused("the server refused the range")
            if response.status_code in (404, 410):
                raise NotFound(f"{what}: {url}: not found on the mirror")
            if response.status_code >= 500 or response.status_code == 429:
                raise _Interrupted(f"status {response.status_code}")
            if not response.ok:
                raise KtstrError(
                    f"{what}: {url}: the server answered {response.status_code} {response.reason}"
                )
            yield response
    except requests.ConnectTimeout as error:
        raise _NoConnection("no answer") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        refused = _is_refused(_cause(error))
        raise (_NoConnection if refused else _Interrupted)(_reason(error)) from error
    except requests.RequestException as error:
        raise KtstrError(f"{what}: {url}: {_reason(error)}") from error


def _chunks(response: requests.Response) -> Iterator[bytes]:
    import requests

    try:
        yield from response.iter_content(_CHUNK)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _Interrupted(_reason(error)) from error


def _cause(error: BaseException) -> BaseException:
    """The innermost cause: requests and urllib3 wrap each other's errors as arguments or as `reason`."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        inner = next((argument for argument in error.args if isinstance(argument, BaseException)), None)
    return error if inner is None or inner is error else _cause(inner)


def _is_refused(cause: BaseException) -> bool:
    """Whether no connection could be made."""
    from urllib3.exceptions import NewConnectionError

    return isinstance(cause, NewConnectionError)


def _reason(error: BaseException) -> str:
    """The cause in a few words, without urllib3's object addresses."""
    cause = _cause(error)
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text.rpartition(": ")[2] if _is_refused(cause) else text
