"""What a debugger is given: which run of a test, and its kernel's symbols as an ELF file."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ktstr import KtstrError
from ktstr.base.machine import X86_64
from ktstr.debug.session import refuse_early
from ktstr.debug.symbols import elf_of, parse_symbols
from ktstr.run.replay import Recorded, crashed_run

# Symbols

TABLE = """\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000010 t __pfx_first
ffffffff81000020 t first
ffffffff81000040 T second
ffffffff81000040 T second_alias
ffffffff82000000 D some_data
ffffffffc0000000 t of_a_module\t[a_module]
ffffffffc0001000 t bpf_prog_6deef7357e7b4530_x\t[bpf]
not a symbol
"""


def test_a_kernels_table_is_read_without_padding_and_modules() -> None:
    assert [(hex(address), kind, name) for address, kind, name in parse_symbols(TABLE)] == [
        ("0x0", "A", "fixed_percpu_data"),
        ("0xffffffff81000000", "T", "_text"),
        ("0xffffffff81000020", "t", "first"),
        ("0xffffffff81000040", "T", "second"),
        ("0xffffffff81000040", "T", "second_alias"),
        ("0xffffffff82000000", "D", "some_data"),
    ]


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is missing")
def test_functions_become_symbols_that_tools_read(tmp_path: Path) -> None:
    (tmp_path / "vmlinux").write_bytes(elf_of(parse_symbols(TABLE), X86_64.elf_machine))
    # nm sorts as the locale does, and some pass over a name's first character.
    command, environment = ["nm", "-S", str(tmp_path / "vmlinux")], {**os.environ, "LC_ALL": "C"}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == [
        "ffffffff81000000 0000000000000020 T _text",
        "ffffffff81000020 0000000000000020 T first",
        # Two names of one address: the first has no room.
        "ffffffff81000040 T second",
        "ffffffff81000040 0000000000000010 T second_alias",
    ]


def test_a_table_without_functions_is_an_error() -> None:
    with pytest.raises(KtstrError, match="no function is among them"):
        elf_of(parse_symbols("nonsense\n"), X86_64.elf_machine)


# Which run, and whether it can be

CRASHED: dict[str, Any] = {"scheduler_exit": {"kind": "scx_bpf_error"}, "kernel_bugs": []}
PANICKED: dict[str, Any] = {"scheduler_exit": None, "kernel_bugs": [{"kind": "warning"}, {"kind": "panic"}]}
WELL: dict[str, Any] = {"scheduler_exit": None, "kernel_bugs": [{"kind": "warning"}]}


def a_sidecar(outcome: str, *guests: dict[str, Any]) -> dict[str, Any]:
    return {"test": "steady", "outcome": outcome, "runs": [{"guest": guest} for guest in guests]}


@pytest.mark.parametrize(
    ("guests", "folder"), [((WELL, CRASHED, CRASHED), "run-2"), ((PANICKED, CRASHED), "run-1")]
)
def test_the_run_that_came_to_an_exit_is_debugged(guests: tuple[dict[str, Any], ...], folder: str) -> None:
    sidecar = a_sidecar("failed", *guests)
    assert crashed_run(Path("/r/steady-7.0.json"), sidecar) == Path("/r/steady-7.0") / folder


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("passed", "steady passed; only of a test that failed are the runs' files kept"),
        ("error", "steady could not be run; only of a test that failed are the runs' files kept"),
        ("failed", "steady came to no exit of its scheduler and to no panic: there is nothing to stop at"),
    ],
)
def test_a_test_without_an_exit_to_stop_at_is_refused(outcome: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        crashed_run(Path("/r/steady.json"), a_sidecar(outcome, WELL))
    assert str(error.value) == f"replay: --gdb: {message}"


def test_a_run_with_the_real_clock_and_a_host_without_gdb_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = Recorded(Path("/r/steady.json"), Path("/"), {**a_sidecar("failed", CRASHED), "clock": "real"})
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(KtstrError, match="replay: --gdb: gdb is missing; install it"):
        refuse_early(recorded)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(KtstrError, match="with the real clock no two runs are the same"):
        refuse_early(recorded)
    refuse_early(replace(recorded, data={**recorded.data, "clock": "virtual"}))
