"""What a command says in a guest, for a program that asks."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.kernel.model import Kernel
from ktstr.shell.frames import Frame, Kind, Parser, encode
from ktstr.shell.guest import Request, Session, shell_guest
from ktstr.vm.qemu.accel import probe
from ktstr.vm.run import run

__all__ = ["output_of"]


def output_of(kernel: Kernel, command: str, folder: Path) -> bytes:
    """The standard output of a command in a guest of `kernel`, whose files are in `folder` for that long.

    KtstrError where it fails.
    """
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
        result = run(guest.job, probe("real"), folder, talk=talk)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if status != 0:
        told = result.why if status is None else f"status {status}"
        raise KtstrError(f"{command} in a guest of kernel {kernel.version}: {told}")
    return bytes(output)
