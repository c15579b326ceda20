"""QEMU's monitor, with a peer that speaks lines as a real QEMU does."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from ktstr.vm.qemu.qmp import MonitorError, Qmp, monitor_sockets

# As QEMU 7.2.22 sends them.
GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7},'
    b' "package": "Debian 1:7.2+dfsg-7+deb12u18+b3"},'
    b' "capabilities": ["oob"]}}\r\n'
)
RETURN = b'{"return": {}}\r\n'
STOP = b'{"timestamp": {"seconds": 1767225600, "microseconds": 7}, "event": "STOP"}\r\n'
COMPLETED = (
    b'{"timestamp": {"seconds": 1767225600, "microseconds": 9}, "event": "MIGRATION", '
    b'"data": {"status": "completed"}}\r\n'
)
ERROR = (
    b'{"error": {"class": "GenericError", "desc": "File descriptor named \'state\' has not been found"}}\r\n'
)
SOON = 20.0
"""Seconds that no test here takes."""


@contextmanager
def peer(answers: Sequence[bytes], greeting: bytes = GREETING) -> Iterator[tuple[socket.socket, list[bytes]]]:
    """Our end of a monitor whose other end greets, then gives one of `answers` for each command, then closes.

    The commands that it got are collected.
    """
    ours, theirs = socket.socketpair()
    got: list[bytes] = []

    def speak() -> None:
        with theirs, theirs.makefile("rb") as lines:
            theirs.sendall(greeting)
            for answer in answers:
                got.append(lines.readline())
                theirs.sendall(answer)

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        with ours:
            yield ours, got
    finally:
        thread.join()


def soon() -> float:
    return time.monotonic() + SOON


def test_a_monitor_greets_and_takes_commands() -> None:
    with peer([RETURN, b'{"return": {"status": "running"}}\r\n']) as (end, got):
        monitor = Qmp(end, soon())
        assert monitor.command("query-status") == {"status": "running"}
        assert [json.loads(line)["execute"] for line in got] == ["qmp_capabilities", "query-status"]


def test_a_commands_arguments_are_its_keywords() -> None:
    with peer([RETURN, RETURN]) as (end, got):
        Qmp(end, soon()).command("migrate-set-parameters", **{"announce-rounds": 0})
        assert json.loads(got[1]) == {
            "execute": "migrate-set-parameters",
            "arguments": {"announce-rounds": 0},
        }


def test_an_event_before_the_answer_is_kept_for_later() -> None:
    with peer([RETURN, STOP + COMPLETED + RETURN]) as (end, _):
        monitor = Qmp(end, soon())
        assert monitor.command("migrate") == {}
        assert monitor.event("MIGRATION") == {"status": "completed"}
        assert monitor.event("STOP") == {}


def test_an_event_that_comes_later_is_waited_for() -> None:
    with peer([RETURN + STOP]) as (end, _):
        assert Qmp(end, soon()).event("STOP") == {}


def test_messages_may_come_in_any_pieces() -> None:
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs:
            for at in range(0, len(both := GREETING + RETURN), 7):
                theirs.sendall(both[at : at + 7])
            theirs.recv(4096)

    thread = threading.Thread(target=speak)
    thread.start()
    with ours:
        Qmp(ours, soon())
    thread.join()


def test_a_command_that_is_refused_says_why() -> None:
    with peer([RETURN, ERROR]) as (end, _):
        monitor = Qmp(end, soon())
        with pytest.raises(
            MonitorError, match=r"^migrate: File descriptor named 'state' has not been found$"
        ):
            monitor.command("migrate", uri="fd:state")


def test_a_qemu_that_ends_instead_of_answering_is_reported() -> None:
    with peer([RETURN, b""]) as (end, _):
        monitor = Qmp(end, soon())
        with pytest.raises(MonitorError, match=r"^QEMU ended$"):
            monitor.command("migrate")


def test_a_qemu_that_ended_before_a_command_is_reported() -> None:
    with peer([RETURN]) as (end, _):
        monitor = Qmp(end, soon())
        with pytest.raises(MonitorError, match=r"^QEMU ended$"):
            monitor.event("STOP")
        with pytest.raises(MonitorError, match=r"^QEMU ended before it took cont: Broken pipe$"):
            monitor.command("cont")


def test_a_qemu_that_never_greets_is_waited_for_until_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(MonitorError, match=r"^QEMU did not answer in time$"):
        Qmp(ours, time.monotonic() + 0.05)


def test_a_deadline_holds_for_events_too() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(GREETING + RETURN + STOP)
        monitor = Qmp(ours, time.monotonic() + 0.2)
        with pytest.raises(MonitorError, match=r"^QEMU did not answer in time$"):
            monitor.event("MIGRATION")


def test_a_descriptor_goes_along_with_its_command() -> None:
    ours, theirs = socket.socketpair()
    out, into = os.pipe()
    with ours, theirs:
        theirs.sendall(GREETING + RETURN + RETURN)
        monitor = Qmp(ours, soon())
        theirs.recv(4096)
        monitor.command("getfd", descriptor=into, fdname="state")
        line, (received,), *_ = socket.recv_fds(theirs, 4096, 1)
    assert json.loads(line) == {"execute": "getfd", "arguments": {"fdname": "state"}}
    os.close(into)
    os.write(received, b"through it")
    os.close(received)
    assert os.read(out, 100) == b"through it"
    os.close(out)


def test_only_qemus_end_is_inherited() -> None:
    with monitor_sockets() as (ours, theirs):
        assert (ours.get_inheritable(), theirs.get_inheritable()) == (False, True)
