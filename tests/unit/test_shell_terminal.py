"""The host's side of a session's terminal, on a pseudo-terminal: raw during a session, restored afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Iterator

import pytest

from ktstr.shell.terminal import Signalled, raw, resizes, signals_end, size


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The user's side and the program's side."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def modes(descriptor: int) -> int:
    local: int = termios.tcgetattr(descriptor)[3]
    return local & (termios.ICANON | termios.ECHO | termios.ISIG)


def test_every_key_is_a_byte_in_raw_mode(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    before = termios.tcgetattr(theirs)
    with raw(theirs):
        assert modes(theirs) == 0
    assert termios.tcgetattr(theirs) == before


def test_terminal_modes_are_reset_if_the_session_is_cut_off(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    with pytest.raises(Signalled), raw(theirs):
        raise Signalled(signal.SIGTERM)
    assert termios.tcgetattr(theirs) == before
    assert os.read(ours, 100) == b"\x1b[0m\x1b[?25h\x1b[?2004l"


def test_a_closed_terminal_does_not_hide_the_error() -> None:
    ours, theirs = pty.openpty()

    def lose_it() -> None:
        os.close(ours)
        os.close(theirs)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), raw(theirs):
        lose_it()


def test_its_size_is_rows_and_columns(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    assert size(theirs) == (24, 80)


def test_a_resize_can_be_waited_for() -> None:
    before = signal.getsignal(signal.SIGWINCH)
    with resizes() as resized:
        assert select.select([resized], [], [], 0)[0] == []
        os.kill(os.getpid(), signal.SIGWINCH)
        assert select.select([resized], [], [], 60)[0] == [resized]
    assert signal.getsignal(signal.SIGWINCH) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminating_signal_allows_cleanup(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Signalled) as asked, signals_end():
        signal.raise_signal(number)
    assert asked.value.number == number
    assert signal.getsignal(number) is before
