"""The machine that ktstr runs on, that it promises no other, and that Python and the agent agree about it."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.machine import MACHINES, X86_64, Machine, machine_of_host
from ktstr.guest.agent import AGENT
from ktstr.kernel.settings import kernels_dir
from ktstr.vm.qemu import command
from ktstr.vm.result import EXIT_AGENT_FAILED, EXIT_DONE


def test_the_hosts_machine_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert machine_of_host() is X86_64


def test_another_architecture_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(KtstrError) as refused:
        machine_of_host()
    assert str(refused.value) == "ktstr runs on x86_64 hosts; this one is aarch64"


def test_every_machine_has_a_fragment_for_its_kernels() -> None:
    """Settings once promised aarch64, which had none, so its kernels could not have been built."""
    for machine in MACHINES:
        assert (kernels_dir() / f"{machine.name}.config").is_file()


@pytest.mark.parametrize("instruction", ["e800000000", "ff10", "ff5108", "ff9000010000", "41ff90000100ff"])
def test_calls_are_known_by_their_bytes(instruction: str) -> None:
    """call rel32, call [rax], call [rcx+8], call [rax+256], and one with a prefix."""
    code = bytes.fromhex(instruction)
    assert any(
        all(
            byte & mask == value
            for byte, mask, value in zip(code[-call.length :], call.mask, call.code, strict=False)
        )
        for call in X86_64.debugger.calls
        if call.length <= len(code)
    )


# What the agent's C says as well


def numbers(pattern: str, file: str) -> dict[str, int]:
    """The hexadecimal numbers of a C file of the agent, by name."""
    return {name: int(number, 16) for name, number in re.findall(pattern, (AGENT / file).read_text())}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_agent_writes_to_the_boards_ports(machine: Machine) -> None:
    ports = numbers(r"#define (PORT_\w+) (0x[0-9a-f]+)", f"machine_{machine.name}.c")
    assert ports["PORT_DEBUG_CONSOLE"] == machine.board.events_port
    assert ports["PORT_DEBUG_EXIT"] == machine.board.exit_port


def test_the_agents_exits_are_the_emulators_statuses() -> None:
    exits = numbers(r"(MACHINE_EXIT_\w+) = (0x[0-9a-f]+)", "machine.h")
    assert {name: 2 * value + 1 for name, value in exits.items()} == {
        "MACHINE_EXIT_DONE": EXIT_DONE,
        "MACHINE_EXIT_AGENT_FAILED": EXIT_AGENT_FAILED,
    }


def test_the_probe_ends_as_a_guest_that_is_done() -> None:
    done = numbers(r"(MACHINE_EXIT_DONE) = (0x[0-9a-f]+)", "machine.h")["MACHINE_EXIT_DONE"]
    port = X86_64.board.exit_port.to_bytes(2, "little")
    # mov dx, port; mov al, done; out dx, al
    assert b"\x66\xba" + port + b"\xb0" + bytes([done]) + b"\xee" in X86_64.probe_code


def test_the_agent_reads_the_files_that_it_is_given() -> None:
    """They are in fw_cfg, under names that both sides spell out."""
    name = re.compile(r"opt/ktstr/\w+")
    given, read = Path(command.__file__).read_text(), (AGENT / "main.c").read_text()
    assert set(name.findall(given)) == set(name.findall(read)) != set()
