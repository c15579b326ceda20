"""Commands for gdb, which runs this file in its own Python: the stack by its return addresses, and the run again."""

from __future__ import annotations

import contextlib
import json
import os
import socket

import gdb

_SHOWN = 24
# The machine, a ktstr.base.machine.Debugger as JSON: gdb's Python does not have the package.
_MACHINE = json.loads(os.environ["KTSTR_DEBUG_MACHINE"])


class Stack(gdb.Command):
    """ktstr-stack [COUNT]: the return addresses on this CPU's kernel stack, nearest first.

    gdb cannot unwind a kernel without frame pointers. As in a kernel's own trace, some addresses may be left over from
    calls that have returned.
    """

    def __init__(self) -> None:
        super().__init__("ktstr-stack", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        """See gdb's documentation."""
        count = int(argument) if argument else _SHOWN
        frame = gdb.newest_frame()
        print(f"   {_named(frame.pc())}")
        top = int(frame.read_register(_MACHINE["stack_pointer"])) & (1 << 64) - 1
        memory = gdb.selected_inferior()
        # Stacks are aligned to their size.
        size, (text_begin, text_end) = _MACHINE["stack_bytes"], _MACHINE["text"]
        words = bytes(memory.read_memory(top, size - top % size))
        for at in range(0, len(words) - 7, 8):
            address = int.from_bytes(words[at : at + 8], "little")
            if text_begin <= address < text_end and _follows_call(memory, address):
                print(f"   {_named(address)}")
                count -= 1
                if not count:
                    return


class Again(gdb.Command):
    """ktstr-again: the run from its beginning, stopped there; breakpoints stay."""

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


def begin(stopped: str) -> None:
    """Continue the run to its first stop and print `stopped`, or that it ended without one."""
    with contextlib.suppress(gdb.error):  # the connection, which is closed when the guest ends
        gdb.execute("continue")
    print(stopped if gdb.selected_thread() else "the run ended without coming to an exit")


def _named(address: int) -> str:
    symbol = str(gdb.execute(f"info symbol {address:#x}", to_string=True)).strip()
    name = symbol.partition(" in section ")[0]
    return f"{address:#x}  {name if name and not name.startswith('No symbol') else '(no symbol: BPF, or a module)'}"


def _follows_call(memory: gdb.Inferior, address: int) -> bool:
    """Whether a call ends at the address."""
    longest = max(call["length"] for call in _MACHINE["calls"])
    try:
        before = bytes(memory.read_memory(address - longest, longest))
    except gdb.MemoryError:
        return False
    for call in _MACHINE["calls"]:
        found = before[longest - call["length"] :]
        if all(
            byte & mask == code for byte, mask, code in zip(found, call["mask"], call["code"], strict=False)
        ):
            return True
    return False


Stack()
if "KTSTR_DEBUG_CONTROL" in os.environ:
    Again()
