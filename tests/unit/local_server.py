"""A web server on this machine that serves files from memory, with ranges, and with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

Fault = Callable[[BaseHTTPRequestHandler, bytes, int], None]


class Server:
    """Files by path. `asked` lists every request as (path, Range header or ""). A request uses up one of its
    path's faults."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.asked: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def times_asked(self, path: str) -> int:
        with self.lock:
            return sum(asked == path for asked, _ in self.asked)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop answering: the next connection is refused."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, asked = unquote(self.path).lstrip("/"), self.headers.get("Range", "")
                with server.lock:
                    server.asked.append((path, asked))
                    faults = server.faults.get(path)
                    fault = faults.pop(0) if faults else None
                body = server.files.get(path)
                if body is None:
                    self.send_error(404)
                    return
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                # Broken: the client has what it wants, or is dead.
                with suppress(BrokenPipeError, ConnectionResetError):
                    (fault or whole)(self, body, start)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _head(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
    if start >= len(body) > 0:
        handler.send_response(416)
        handler.send_header("Content-Length", "0")
    elif start:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.send_header("Content-Length", str(len(body) - start))
    else:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()


def whole(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
    """Answer as asked."""
    _head(handler, body, start)
    handler.wfile.write(body[start:])


def cut(after: int) -> Fault:
    """Close the connection once `after` bytes of the file were sent."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
        _head(handler, body, start)
        handler.wfile.write(body[start:after])

    return fault


def hold(after: int, reached: threading.Event, release: threading.Event) -> Fault:
    """Send nothing more after `after` bytes until `release` is set."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
        _head(handler, body, start)
        handler.wfile.write(body[start:after])
        handler.wfile.flush()
        reached.set()
        release.wait(30)
        handler.wfile.write(body[after:])

    return fault


def status(code: int) -> Fault:
    def fault(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
        handler.send_error(code)

    return fault


def ignore_range(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
    """Send the whole file whatever was asked."""
    whole(handler, body, 0)


def endless(handler: BaseHTTPRequestHandler, body: bytes, start: int) -> None:
    """Send without a length and without an end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(body)
