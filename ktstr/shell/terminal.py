"""The host's side of a session's terminal: raw while the guest has it, and as it was afterwards, whatever happens."""

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
# What a program of the guest may have set that outlives it: colours, a hidden cursor, bracketed paste.
_RESET = b"\x1b[0m\x1b[?25h\x1b[?2004l"


class Left(Exception):
    """The user left with the escape, or the terminal is gone."""


class GuestGone(Exception):
    """The guest ended before its session did."""


class Signalled(BaseException):
    """This process was asked to end; not an Exception, for nothing but the very end is to catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Keys:
    """What is typed, with the escape taken out of it: Ctrl-A x leaves, Ctrl-A Ctrl-A is a Ctrl-A; what follows a
    Ctrl-A otherwise is typed with it."""

    def __init__(self) -> None:
        self._escaped = False

    def feed(self, typed: bytes) -> bytes:
        """What of it is the guest's; Left at the escape. A last Ctrl-A waits for what follows."""
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
    """A terminal's rows and columns."""
    columns, rows = os.get_terminal_size(descriptor)
    return rows, columns


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """The terminal as the guest needs it: every key is a byte, none is obeyed here. Afterwards it is as it was."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSANOW)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.write(descriptor, _RESET)
        raise
    finally:
        # At once: a terminal that takes no output any more must not keep us. One that is gone needs nothing.
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)


@contextmanager
def resizes() -> Iterator[int]:
    """A descriptor that can be read when a terminal's size has changed."""
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def note(_number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # nobody has looked yet
            os.write(tell, b"!")

    before = signal.signal(signal.SIGWINCH, note)
    try:
        yield told
    finally:
        signal.signal(signal.SIGWINCH, before)
        os.close(told)
        os.close(tell)


@contextmanager
def signals_end() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Signalled, so that all is cleaned up behind them."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Signalled(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
