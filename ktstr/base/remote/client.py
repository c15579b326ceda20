"""The client: one request to the store at a time, bounded in bytes and in seconds whatever the store does.

A request runs in a thread of its own, which is left to itself once its time is over: no timeout of a socket covers the
resolution of a name, or a server that sends a byte every few seconds.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ktstr.base.cancel import Cancel
from ktstr.base.remote.settings import RemoteSettings

if TYPE_CHECKING:
    import requests  # else only once something is asked: it is a third of the import time

__all__ = ["MOST_BYTES", "Answer", "Client", "Trouble"]

MOST_BYTES = 2 << 30
"""What a blob, and all blobs of a record together, take at most."""
_TIMEOUT_S = (3.05, 10.0)  # for connecting, and for each read
_REQUEST_S = 15.0
_BYTES_PER_S = 1 << 20  # a store that is slower is no help
_CHUNK = 1 << 16
_POLL_S = 0.1
_T = TypeVar("_T")


class Trouble(Exception):
    """The store did not do what a store does; the message says what it did, in a few words.

    `status` is that of its answer, if it is one. `wrong` says that it answered with something that is not what it was
    asked for.
    """

    def __init__(self, what: str, status: int = 0, *, wrong: bool = False) -> None:
        super().__init__(what)
        self.status = status
        self.wrong = wrong


@dataclass(frozen=True)
class Answer:
    """What the store sent: its bytes, counted, and their SHA-256. `found` is False if it does not have it."""

    found: bool
    size: int = 0
    sha256: str = ""


class Client:
    """Asks the store at an address. Its methods raise Trouble for whatever goes wrong with the store, Cancelled if
    `cancel` ends the wait, and OSError if this machine's disk refuses. It may be used by several threads."""

    def __init__(self, settings: RemoteSettings) -> None:
        self._settings = settings
        self._idle: list[requests.Session] = []

    def get(self, path: str, into: IO[bytes], most: int, cancel: Cancel | None = None) -> Answer:
        """Write what the store has at `path` to `into`, which is closed; more than `most` bytes are Trouble."""

        def ask(session: requests.Session) -> Answer:
            # identity: sizes and hashes are those of the file, not of an encoding of it
            headers = {"Accept-Encoding": "identity"}
            with into, session.get(self._url(path), headers=headers, stream=True, **self._how()) as response:
                if not _is_there(response):
                    return Answer(False)
                sha, size = hashlib.sha256(), 0
                for chunk in response.iter_content(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise Trouble(f"{path} has more bytes than it may", wrong=True)
                    sha.update(chunk)
                    into.write(chunk)
                return Answer(True, size, sha.hexdigest())

        return self._within(_REQUEST_S + most / _BYTES_PER_S, ask, cancel)

    def has(self, path: str) -> bool:
        """Whether the store has something at `path`."""

        def ask(session: requests.Session) -> bool:
            with session.head(self._url(path), **self._how()) as response:
                return _is_there(response)

        return self._within(_REQUEST_S, ask, None)

    def put(self, path: str, content: Callable[[], IO[bytes]], size: int) -> None:
        """Have the store keep the `size` bytes of what `content` opens."""

        def ask(session: requests.Session) -> None:
            with content() as file:
                # An empty file would go in chunks, without a length, which not all servers take.
                data = file if size else b""
                with session.put(self._url(path), data=data, **self._how()) as response:
                    if response.status_code not in (200, 201, 204):
                        raise _refused(response)

        self._within(_REQUEST_S + size / _BYTES_PER_S, ask, None)

    def _url(self, path: str) -> str:
        return f"{self._settings.url}/{path}"

    def _how(self) -> dict[str, Any]:
        # Elsewhere is where a store's answers, and the token, have no business.
        return {"timeout": _TIMEOUT_S, "allow_redirects": False, "auth": self._authorized}

    def _authorized(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token. Without it nothing is sent: by itself requests would send what is in ~/.netrc."""
        token = self._settings.token
        if ":" in token:
            request.headers["Authorization"] = f"Basic {base64.b64encode(token.encode()).decode()}"
        elif token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    def _within(self, seconds: float, ask: Callable[[requests.Session], _T], cancel: Cancel | None) -> _T:
        """What `ask` returns, if it does so in time; a connection that did its work is used again."""
        outcome: list[_T] = []
        failure: list[Exception] = []
        done = threading.Event()

        def work() -> None:
            import requests

            session = None
            try:
                try:
                    session = self._idle.pop()
                except IndexError:  # all are busy
                    session = _new_session()
                outcome.append(ask(session))
                self._idle.append(session)
            except Exception as error:
                # An OSError of requests is the store's, any other one this machine's.
                failure.append(
                    Trouble(_reason(error)) if isinstance(error, requests.RequestException) else error
                )
                with suppress(Exception):
                    if session is not None:
                        session.close()
            finally:
                done.set()

        threading.Thread(target=work, name="ktstr-remote-cache", daemon=True).start()
        deadline = time.monotonic() + seconds
        while not done.wait(min(_POLL_S, max(0.0, deadline - time.monotonic()))):
            if cancel is not None:
                cancel.check()
            if time.monotonic() >= deadline:
                raise Trouble(f"no whole answer within {seconds:.0f} s")
        if failure:
            raise failure[0]
        return outcome[0]


def _new_session() -> requests.Session:
    """A session that asks once more if its connection, which may be an old one, is closed without an answer."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    once_more = Retry(total=1, connect=0, read=1, redirect=0, status=0, other=0)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=once_more))
    return session


def _is_there(response: requests.Response) -> bool:
    if response.status_code in (404, 410):
        return False
    if response.status_code != 200:
        raise _refused(response)
    return True


def _refused(response: requests.Response) -> Trouble:
    status = response.status_code
    if 300 <= status < 400:
        return Trouble(f"it sends elsewhere (status {status})", status)
    if status == 507:
        return Trouble("it is full (status 507)", status)
    if status in (401, 403):
        return Trouble(f"it does not let us in (status {status})", status)
    return Trouble(f"status {status}", status)


def _reason(error: Exception) -> str:
    """Why requests gave up, in a few words."""
    import requests

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "its certificate is not accepted"),
        (requests.exceptions.ProxyError, "the proxy does not reach it"),
        (requests.ConnectTimeout, "no answer"),
        (requests.Timeout, "it stopped answering"),
        (requests.exceptions.ChunkedEncodingError, "it stopped in the middle of an answer"),
        (requests.ConnectionError, "it cannot be reached, or closed the connection"),
    )
    return next((text for kind, text in kinds if isinstance(error, kind)), type(error).__name__)
