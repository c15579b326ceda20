"""The relay: passes bytes between the host's terminal, or its pipes, and a session in a guest until that ends."""

from __future__ import annotations

import os
import select
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.shell.frames import Frame, Kind, Parser, encode, input_frames, size_frame
from ktstr.shell.terminal import GuestGone, Keys, Left, raw, resizes, size

__all__ = ["Ends", "OutputClosed", "relay"]

_CHUNK = 65536


class OutputClosed(Exception):
    """Nobody reads the session's output any more."""


@dataclass(frozen=True)
class Ends:
    """The host's file descriptors.

    If `terminal` is true, input and output are a terminal's, and the session has a terminal of its own.
    """

    input: int
    output: int
    errors: int
    terminal: bool


def relay(channel: socket.socket, ends: Ends) -> int:
    """Pass on the input and the session's output until the session ends; returns its exit status.

    Raises Left if the user leaves, GuestGone if the guest ends first, OutputClosed if nobody reads the output, and
    KtstrError if the guest sends something that no agent sends.
    """
    channel.setblocking(False)
    with ExitStack() as stack:
        resized = -1
        if ends.terminal:
            stack.enter_context(raw(ends.input))
            resized = stack.enter_context(resizes())
        return _Relay(channel, ends, resized).run()


class _Relay:
    def __init__(self, channel: socket.socket, ends: Ends, resized: int) -> None:
        self._channel = channel
        self._ends = ends
        self._resized = resized
        self._keys = Keys()
        self._parser = Parser()
        self._unsent = bytearray()
        self._input_open = True

    def run(self) -> int:
        if self._ends.terminal:
            self._send(size_frame(*size(self._ends.input)))  # it may have changed since the plan was made
        while True:
            ready = dict(self._poller().poll())
            if self._resized in ready:
                os.read(self._resized, _CHUNK)
                self._send(size_frame(*size(self._ends.input)))
            if self._ends.input in ready:
                self._take_input()
            try:
                if self._unsent:
                    self._flush()
                if self._channel.fileno() in ready and (status := self._receive()) is not None:
                    self._send(Frame(Kind.GOODBYE))
                    self._flush()
                    return status
            except (BrokenPipeError, ConnectionResetError):
                raise GuestGone from None

    def _poller(self) -> select.poll:
        poller = select.poll()
        poller.register(self._channel, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        if self._resized >= 0:
            poller.register(self._resized, select.POLLIN)
        # Keys are always read, because they may be the escape. A pipe is read only as fast as the guest takes bytes.
        if self._input_open and (self._ends.terminal or not self._unsent):
            poller.register(self._ends.input, select.POLLIN)
        return poller

    def _take_input(self) -> None:
        try:
            data = os.read(self._ends.input, _CHUNK)
        except OSError:  # it is not open, or its terminal is gone
            data = b""
        if not data and self._ends.terminal:
            raise Left
        if not data:
            self._input_open = False
            self._send(Frame(Kind.NO_MORE))
        for frame in input_frames(self._keys.feed(data) if self._ends.terminal else data):
            self._send(frame)

    def _send(self, frame: Frame) -> None:
        self._unsent += encode(frame)

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._channel.send(self._unsent)]
        except BlockingIOError:
            pass

    def _receive(self) -> int | None:
        """Pass on what has arrived; returns the session's status if that has arrived."""
        try:
            data = self._channel.recv(_CHUNK)
        except BlockingIOError:
            return None
        if not data:
            raise GuestGone
        try:
            frames = self._parser.feed(data)
        except ValueError as error:
            raise KtstrError(f"shell: the guest sent something that no agent sends: {error}") from None
        for frame in frames:
            if frame.kind is Kind.STATUS:
                return frame.data[0]
            if frame.kind is Kind.KERNEL:
                _write(
                    self._ends.errors,
                    frame.data.replace(b"\n", b"\r\n") if self._ends.terminal else frame.data,
                )
            else:
                _write(self._ends.output if frame.kind is Kind.OUTPUT else self._ends.errors, frame.data)
        return None


def _write(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however long that takes."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # another process that shares the descriptor made it non-blocking
            select.select([], [descriptor], [])
        except OSError:
            raise OutputClosed from None
