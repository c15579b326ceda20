"""QEMU's monitor: JSON objects, a line each, on a socket (QEMU's docs/interop/qmp-spec)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["MonitorError", "Qmp", "monitor_sockets"]


class MonitorError(Exception):
    """QEMU refused a command, ended, or did not answer in time; the message is one line."""


@contextmanager
def monitor_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end of a monitor's socket and QEMU's, which can be inherited. Both are closed after the block."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.set_inheritable(True)
        yield ours, theirs


class Qmp:
    """A monitor's client. Everything that it waits for must arrive before `deadline` (of time.monotonic())."""

    def __init__(self, end: socket.socket, deadline: float) -> None:
        self._socket = end
        self._deadline = deadline
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self._message()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name: str, descriptor: int | None = None, **arguments: object) -> Any:
        """What QEMU returns for a command; `descriptor` goes along with it."""
        line = json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n"
        try:
            if descriptor is None:
                self._socket.sendall(line)
            else:
                socket.send_fds(self._socket, [line], [descriptor])
        except OSError as error:
            raise MonitorError(f"QEMU ended before it took {name}: {error.strerror}") from None
        while True:
            message = self._message()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise MonitorError(f"{name}: {message['error'].get('desc', message['error'])}")
            self._events.append(message)

    def event(self, name: str) -> dict[str, Any]:
        """The data of the next event of that name."""
        while True:
            for index, message in enumerate(self._events):
                if message.get("event") == name:
                    del self._events[index]
                    data: dict[str, Any] = message.get("data", {})
                    return data
            self._events.append(self._message())

    def _message(self) -> dict[str, Any]:
        while b"\n" not in self._unread:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise MonitorError("QEMU did not answer in time")
            self._socket.settimeout(left)
            try:
                got = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise MonitorError(f"QEMU's monitor: {error.strerror}") from None
            if not got:
                raise MonitorError("QEMU ended")
            self._unread += got
        line, self._unread = self._unread.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message
