"""A command run in a guest for its output."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.kernel.model import Kernel
from ktstr.shell.frames import Frame, Kind, Parser, encode
from ktstr.shell.guest import Request, Session, shell_guest
from ktstr.vm.executor import Executor
from ktstr.vm.local import LocalExecutor

__all__ = ["output_of"]


def output_of(kernel: Kernel, command: str, folder: Path, executor: Executor | None = None) -> bytes:
    """The standard output of a command in a guest of `kernel`; the run's files are in `folder` meanwhile.

    `executor` runs the guest (None: this machine). KtstrError if the command fails.
    """
    executor = executor or LocalExecutor()
    output = bytearray()
    status: int | None = None

    def talk(channel: socket.socket) -> None:
        nonlocal status
        parser = Parser()
        while data := channel.recv(65536):
            for frame in parser.feed(data):
                if frame.kind is Kind.OUTPUT:
                    output.extend(frame.data)
                elif frame.kind is Kind.STATUS:
                    status = frame.data[0]
                    channel.sendall(encode(Frame(Kind.GOODBYE)))
                    return

    guest = shell_guest(Request(command=command), kernel, Session(None, 0, "dumb"))
    try:
        result = executor.run(guest.job, executor.accelerator("real"), folder, talk=talk)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if status != 0:
        why = result.why if status is None else f"status {status}"
        raise KtstrError(f"{command} in a guest of kernel {kernel.version}: {why}")
    return bytes(output)
