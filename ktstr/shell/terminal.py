"""The host's side of a session's terminal: raw during the session, and restored afterwards, whatever happens."""

from __future__ import annotations

import os
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["GuestGone", "Keys", "Left", "Signalled", "raw", "resizes", "signals_end", "size"]

_ESCAPE, _LEAVE = b"\x01", b"x"  # Ctrl-A x, as at the emulator's console
# Undoes what a program of the guest may have left behind: colours, a hidden cursor, bracketed paste.
_RESET = b"\x1b[0m\x1b[?25h\x1b[?2004l"


class Left(Exception):
    """The user left with the escape, or the terminal is gone."""


class GuestGone(Exception):
    """The guest ended before its session did."""


class Signalled(BaseException):
    """A signal asked this process to end. Not an Exception, because only the outermost caller may catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Keys:
    """Filters the escape out of what the user types.

    Ctrl-A x leaves, Ctrl-A Ctrl-A types one Ctrl-A, and Ctrl-A with any other key types both.
    """

    def __init__(self) -> None:
        self._escaped = False

    def feed(self, typed: bytes) -> bytes:
        """The bytes for the guest; raises Left at the escape. A Ctrl-A at the end waits for the next key."""
        passed = bytearray()
        for key in (typed[at : at + 1] for at in range(len(typed))):
            if self._escaped:
                self._escaped = False
                if key == _LEAVE:
                    raise Left
                passed += _ESCAPE if key == _ESCAPE else _ESCAPE + key
            elif key == _ESCAPE:
                self._escaped = True
            else:
                passed += key
        return bytes(passed)


def size(descriptor: int) -> tuple[int, int]:
    """The rows and columns of a terminal."""
    columns, rows = os.get_terminal_size(descriptor)
    return rows, columns


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Put the terminal into raw mode within the block, so that every key goes to the guest; then restore it."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSANOW)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.write(descriptor, _RESET)
        raise
    finally:
        # TCSANOW: a terminal that no longer takes output must not block us. A terminal that is gone needs no restoring.
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)


@contextmanager
def resizes() -> Iterator[int]:
    """A file descriptor that becomes readable when the terminal's size changes (SIGWINCH)."""
    readable, writable = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def note(_number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # the pipe is full: a change is pending already
            os.write(writable, b"!")

    before = signal.signal(signal.SIGWINCH, note)
    try:
        yield readable
    finally:
        signal.signal(signal.SIGWINCH, before)
        os.close(readable)
        os.close(writable)


@contextmanager
def signals_end() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise Signalled within the block, so that everything is cleaned up."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Signalled(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
