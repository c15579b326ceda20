"""Stands in for gdb: `fake_gdb.install(path, log)` makes a program that takes ktstr's arguments and its script.

It has a module `gdb` as gdb's own Python has, with a guest whose stack holds one return address. With `-batch` it is
stopped at an exit at once. Otherwise it carries out the script, then `ktstr-stack` and, if there is one, `ktstr-again`,
and ends with status 7. The commands that it gets go to `log`.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

__all__ = ["RETURN_ADDRESS", "STATUS", "install", "run"]

STATUS = 7
RETURN_ADDRESS = 0xFFFFFFFF81000123
# Data, then a text address that no call precedes, then one that follows a `call rel32`.
_NOT_AFTER_CALL = 0xFFFFFFFF81000200
_STACK = [0x1234, _NOT_AFTER_CALL, RETURN_ADDRESS]


def install(path: Path, log: Path) -> None:
    """Make the program at `path`."""
    folder = Path(__file__).parent
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import fake_gdb; fake_gdb.run({str(log)!r})"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)


def run(log: str) -> None:
    """Act as gdb, as the command line says."""
    if "-batch" in sys.argv:
        print("stopped at 0xffffffff81000040")
        return
    commands: dict[str, Any] = {}
    names = {"begin": None}
    sys.modules["gdb"] = _module(Path(log), commands)
    for line in Path(sys.argv[sys.argv.index("-x") + 1]).read_text().splitlines():
        verb, _, rest = line.partition(" ")
        if verb == "source":
            names = runpy.run_path(rest)
        elif verb == "python":
            exec(rest, names)
    for name, argument in (("ktstr-stack", ""), ("ktstr-stack", "1"), ("ktstr-again", "")):
        if name in commands:
            try:
                commands[name].invoke(argument, True)
            except RuntimeError as error:
                print(error)
    sys.exit(STATUS)


def _module(log: Path, commands: dict[str, Any]) -> ModuleType:
    class Command:
        def __init__(self, name: str, kind: int) -> None:
            commands[name] = self

    def execute(text: str, to_string: bool = False) -> str:
        if text.startswith("info symbol"):
            return (
                "first + 3 in section .text\n" if f"{RETURN_ADDRESS:#x}" in text else "No symbol matches.\n"
            )
        with log.open("a") as file:
            print(text, file=file)
        return ""

    gdb = ModuleType("gdb")
    vars(gdb).update(
        Command=Command,
        COMMAND_STACK=1,
        COMMAND_RUNNING=2,
        GdbError=RuntimeError,
        MemoryError=MemoryError,
        error=OSError,
        execute=execute,
        newest_frame=lambda: SimpleNamespace(
            pc=lambda: 0xFFFFFFFF81000040, read_register=lambda _name: -(1 << 46)
        ),
        selected_inferior=lambda: SimpleNamespace(pid=1, read_memory=_read_memory),
        selected_thread=lambda: True,
    )
    return gdb


def _read_memory(address: int, size: int) -> bytes:
    if address == (-(1 << 46)) & (1 << 64) - 1:
        return b"".join(word.to_bytes(8, "little") for word in _STACK).ljust(size, b"\0")
    if address + size == RETURN_ADDRESS:
        return b"\xe8\x10\x20\x30\x40".rjust(size, b"\x90")
    return b"\x90" * size
