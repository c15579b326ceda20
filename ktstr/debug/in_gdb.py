"""Commands for gdb, in whose Python this file runs: the stack by its return addresses, and a run from its beginning."""

from __future__ import annotations

import contextlib
import os
import socket

import gdb

_STACK_BYTES = 16384  # x86-64's THREAD_SIZE
_SHOWN = 24
# The kernel's text, and what is made while it runs: BPF programs, modules.
_TEXT = (0xFFFFFFFF80000000, 0xFFFFFFFFFF000000)


class Stack(gdb.Command):
    """ktstr-stack [COUNT]: the return addresses on this CPU's kernel stack, nearest first.

    A kernel without frame pointers leaves gdb nothing to follow. As in a kernel's own trace some may be left over from
    calls that are done.
    """

    def __init__(self) -> None:
        super().__init__("ktstr-stack", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        """See gdb's documentation."""
        count = int(argument) if argument else _SHOWN
        frame = gdb.newest_frame()
        print(f"   {_named(frame.pc())}")
        top = int(frame.read_register("rsp")) & (1 << 64) - 1
        memory = gdb.selected_inferior()
        # Stacks are aligned to their size.
        words = bytes(memory.read_memory(top, _STACK_BYTES - top % _STACK_BYTES))
        for at in range(0, len(words) - 7, 8):
            address = int.from_bytes(words[at : at + 8], "little")
            if _TEXT[0] <= address < _TEXT[1] and _follows_call(memory, address):
                print(f"   {_named(address)}")
                count -= 1
                if not count:
                    return


class Again(gdb.Command):
    """ktstr-again: the run from its beginning, standing still there; breakpoints stay."""

    def __init__(self) -> None:
        super().__init__("ktstr-again", gdb.COMMAND_RUNNING)

    def invoke(self, argument: str, from_tty: bool) -> None:
        """See gdb's documentation."""
        if gdb.selected_inferior().pid:
            gdb.execute("disconnect", to_string=True)
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(os.environ["KTSTR_DEBUG_CONTROL"])
            control.sendall(b"again\n")
            answer = control.recv(4096).decode().strip()
        if not answer.startswith("/"):
            raise gdb.GdbError(answer or "the run could not be started")
        gdb.execute(f"target remote {answer}", to_string=True)
        print("at the beginning; `continue` goes to the first breakpoint")


def begin(told: str) -> None:
    """Let the run go to its first stop, and say what comes next; or that it does not come to one."""
    with contextlib.suppress(gdb.error):  # the connection that is closed as QEMU ends
        gdb.execute("continue")
    print(told if gdb.selected_thread() else "the run ended without coming to an exit")


def _named(address: int) -> str:
    symbol = str(gdb.execute(f"info symbol {address:#x}", to_string=True)).strip()
    name = symbol.partition(" in section ")[0]
    return f"{address:#x}  {name if name and not name.startswith('No symbol') else '(no symbol: BPF, or a module)'}"


def _follows_call(memory: gdb.Inferior, address: int) -> bool:
    """Whether a call ends at the address: `call rel32`, or one through a register or memory."""
    try:
        before = bytes(memory.read_memory(address - 7, 7))
    except gdb.MemoryError:
        return False
    if before[-5] == 0xE8:
        return True
    # FF /2 with no displacement, one byte and four bytes of it.
    return any(before[-length] == 0xFF and before[1 - length] >> 3 & 7 == 2 for length in (2, 3, 6, 7))


Stack()
if "KTSTR_DEBUG_CONTROL" in os.environ:
    Again()
