"""A session from beginning to end: the guest is started, the user connected to it, and a bad end explained."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.scratch import scratch
from ktstr.kernel.images.file import image_kernel
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.kernel.spec import Local, parse
from ktstr.report.text import printable
from ktstr.shell.guest import Guest, Request, Session, refuse_early, shell_guest
from ktstr.shell.relay import Ends, OutputClosed, relay
from ktstr.shell.terminal import GuestGone, Left, Signalled, signals_end, size
from ktstr.vm.executor import Executor
from ktstr.vm.local import LocalExecutor
from ktstr.vm.result import Ending, VmResult

__all__ = ["run_shell"]

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2
_CONSOLE_LINES = 40


def run_shell(request: Request, executor: Executor | None = None) -> int:
    """Connect the user to a shell in a guest; returns the status of the shell, or of the command.

    If a signal ended the session, that is 128 plus its number, as in a shell. `executor` runs the guest (None: this
    machine). KtstrError if the guest cannot be started, or ended before its shell did.
    """
    terminal = _is_terminal(_INPUT) and _is_terminal(_OUTPUT)
    if request.command is None and not terminal:
        raise KtstrError(
            "shell: standard input and output are no terminal; --exec CMD runs one command, and --exec sh what"
            " standard input says"
        )
    try:
        with signals_end(), scratch("shell") as folder:
            return _session(request, terminal, folder, executor or LocalExecutor())
    except Signalled as asked:
        return 128 + asked.number
    except OutputClosed:
        return 128 + signal.SIGPIPE
    except Left:
        _say("the guest was ended")
        return 128 + signal.SIGINT


def _session(request: Request, terminal: bool, folder: Path, executor: Executor) -> int:
    refuse_early(request)
    kernel = _kernel(request.kernel, folder)
    begin = Session(size(_INPUT) if terminal else None, round(time.time()), os.environ.get("TERM") or "dumb")
    guest = shell_guest(request, kernel, begin)
    accel = executor.accelerator("real")
    for line in guest.notes:
        _say(line)
    status: int | None = None

    def talk(channel: socket.socket) -> None:
        nonlocal status
        if request.command is None:
            _say(_welcome(guest, accel.name))
        with suppress(GuestGone):  # the result says why
            status = relay(channel, Ends(_INPUT, _OUTPUT, _ERRORS, terminal))

    result = executor.run(guest.job, accel, folder, talk=talk)
    if status is not None:
        return status
    raise KtstrError(f"shell: {_bad_end(result)}")


def _kernel(text: str | None, folder: Path) -> Kernel:
    """The kernel that `--kernel` names, which may be the file of an image."""
    spec = parse(text) if text is not None else None
    if isinstance(spec, Local) and spec.ref is None and (path := Path(spec.path).expanduser()).is_file():
        return image_kernel(path, folder)
    return resolve(text)[-1]


def _welcome(guest: Guest, accelerator: str) -> str:
    job = guest.job
    return (
        f"Linux {job.kernel.version} on {job.topology} ({accelerator}, real clock); exit or Ctrl-D leaves,"
        " Ctrl-A x ends a guest that hangs"
    )


def _bad_end(result: VmResult) -> str:
    """Why a guest ended before its shell did; prints the last lines of its console first."""
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
