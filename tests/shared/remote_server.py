"""A store on this machine in the layout of bazel-remote, with faults on request."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Fault = Callable[["Handler", bytes], None]
TOKEN = "a-secret"


class Store:
    """Blobs and records by their paths. `asked` lists every request as `GET cas/...`.

    `fault` is what happens to the requests whose method and path begin with a key of it; a PUT needs the token.
    """

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.fault: dict[str, Fault] = {}
        self.asked: list[str] = []
        self.authorized: set[str] = set()
        self.release = threading.Event()  # what a fault waits for; set at the end
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.store = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def of(self, kind: str) -> dict[str, bytes]:
        """What it holds below `cas` or `ac`."""
        return {path: data for path, data in self.held.items() if path.startswith(f"{kind}/")}

    def count(self, method: str) -> int:
        return sum(one.startswith(method) for one in self.asked)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop answering: the next connection is refused."""
        self.release.set()
        if self._thread.is_alive():
            self.http.shutdown()
            self._thread.join()
            self.http.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers from its server's store."""

    protocol_version = "HTTP/1.1"

    @property
    def store(self) -> Store:
        store: Store = self.server.store  # type: ignore[attr-defined]
        return store

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_PUT(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        if self.store.release.is_set():  # stopped; this connection was open before
            self.close_connection = True
            return
        path = self.path.lstrip("/")
        request = f"{self.command} {path}"
        self.store.asked.append(request)
        self.store.authorized.add(self.headers.get("Authorization", ""))
        fault = next((fault for begin, fault in self.store.fault.items() if request.startswith(begin)), None)
        with suppress(BrokenPipeError, ConnectionResetError):
            if fault is not None:
                fault(self, self.store.held.get(path, b""))
            elif self.command == "PUT":
                self._keep(path, body)
            elif path in self.store.held:
                self.say(200, self.store.held[path])
            else:
                self.say(404)

    def _keep(self, path: str, body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.say(401)
        elif path.startswith("cas/") and path != f"cas/{hashlib.sha256(body).hexdigest()}":
            self.say(400)
        else:
            self.store.held[path] = body
            self.say(200)

    def say(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        """Answer; `length` is what it claims, if that is not the truth."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def status(code: int) -> Fault:
    return lambda handler, _: handler.say(code)


def elsewhere(handler: Handler, _: bytes) -> None:
    """Send the client to another server, which would be asked with the token."""
    handler.say(302, Location=f"{handler.store.url}/elsewhere")


def error_page(handler: Handler, _: bytes) -> None:
    handler.say(200, b"<html><title>502 Bad Gateway</title></html>")


def one_byte_wrong(handler: Handler, body: bytes) -> None:
    handler.say(200, bytes([body[0] ^ 1]) + body[1:])


def cut_short(handler: Handler, body: bytes) -> None:
    """Half of it, with a length that fits."""
    handler.say(200, body[: len(body) // 2])


def closed_midway(handler: Handler, body: bytes) -> None:
    """Half of it, and the connection is closed before the length that was announced."""
    handler.say(200, body[: len(body) // 2], len(body))
    handler.close_connection = True


def endless(handler: Handler, _: bytes) -> None:
    """A body without a length and without an end."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    while not handler.store.release.is_set():
        handler.wfile.write(bytes(1 << 16))


def silent(handler: Handler, _: bytes) -> None:
    """No answer at all."""
    handler.store.release.wait(30)
    handler.close_connection = True


def trickle(handler: Handler, body: bytes) -> None:
    """A byte every now and then: no read ever waits long."""
    handler.say(200, b"", len(body) or 1 << 20)
    while not handler.store.release.wait(0.2):
        handler.wfile.write(b"x")
    handler.close_connection = True


@contextmanager
def holding() -> Iterator[Store]:
    store = Store()
    store.start()
    try:
        yield store
    finally:
        store.stop()


def use(store: Store, monkeypatch: pytest.MonkeyPatch, *, write: bool = False) -> None:
    """Have ktstr use the store."""
    monkeypatch.setenv("KTSTR_REMOTE_CACHE", store.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KTSTR_OFFLINE", raising=False)
    for name, value in (("WRITE", "1"), ("TOKEN", TOKEN)):
        if write:
            monkeypatch.setenv(f"KTSTR_REMOTE_CACHE_{name}", value)
        else:
            monkeypatch.delenv(f"KTSTR_REMOTE_CACHE_{name}", raising=False)
