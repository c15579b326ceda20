"""A session from its beginning to its end: the guest is started, talked to, and told of if it ended badly."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.kernel.resolve import resolve
from ktstr.report.text import printable
from ktstr.shell.guest import Guest, Request, Session, shell_guest
from ktstr.shell.relay import Ends, OutputClosed, relay
from ktstr.shell.terminal import GuestGone, Left, Signalled, signals_end, size
from ktstr.vm.qemu.accel import Accel, probe
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

__all__ = ["run_shell"]

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2
_CONSOLE_LINES = 40


def run_shell(request: Request) -> int:
    """Have the user talk to a guest; the status of the shell, or of the command.

    128 and the signal's number where one ended this process's part, as a shell counts it. KtstrError where the guest
    cannot be started, or ended before its shell did.
    """
    terminal = _is_terminal(_INPUT) and _is_terminal(_OUTPUT)
    if request.command is None and not terminal:
        raise KtstrError(
            "shell: standard input and output are no terminal; --exec CMD runs one command, and --exec sh what"
            " standard input says"
        )
    try:
        with signals_end(), tempfile.TemporaryDirectory(prefix="ktstr-shell-") as folder:
            return _session(request, terminal, Path(folder))
    except Signalled as asked:
        return 128 + asked.number
    except OutputClosed:
        return 128 + signal.SIGPIPE
    except Left:
        _say("the guest was ended")
        return 128 + signal.SIGINT


def _session(request: Request, terminal: bool, folder: Path) -> int:
    kernel = resolve(request.kernel)[-1]
    begin = Session(size(_INPUT) if terminal else None, round(time.time()), os.environ.get("TERM") or "dumb")
    guest = shell_guest(request, kernel, begin)
    accel = probe("real")
    for line in guest.notes:
        _say(line)
    status: int | None = None

    def talk(channel: socket.socket) -> None:
        nonlocal status
        if request.command is None:
            _say(_welcome(guest, accel))
        with suppress(GuestGone):  # its result tells why
            status = relay(channel, Ends(_INPUT, _OUTPUT, _ERRORS, terminal))

    result = run(guest.job, accel, folder, talk=talk)
    if status is not None:
        return status
    raise KtstrError(f"shell: {_bad_end(result)}")


def _welcome(guest: Guest, accel: Accel) -> str:
    job = guest.job
    return (
        f"Linux {job.kernel.version} on {job.topology} ({accel.name}, real clock); exit or Ctrl-D leaves,"
        " Ctrl-A x ends a guest that hangs"
    )


def _bad_end(result: VmResult) -> str:
    """Why a guest ended before its shell, its console's last lines said before."""
    lines = printable(result.console).rstrip().splitlines()
    if result.ending is not Ending.DONE:
        for line in lines[-_CONSOLE_LINES:]:
            print(line, file=sys.stderr)
    if result.ending is Ending.HANG:
        return (
            "the guest was powered off or reset from within, or hung (its agent did not run for 30 seconds)"
        )
    return result.why or "the guest ended before its shell"


def _say(line: str) -> None:
    print(f"ktstr: {line}", file=sys.stderr, flush=True)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
