"""The machine that ktstr runs on, and that it promises no other."""

from __future__ import annotations

import platform

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.machine import MACHINES, X86_64, machine_of_host
from ktstr.kernel.settings import kernels_dir


def test_the_hosts_machine_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert machine_of_host() is X86_64


def test_another_architecture_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(KtstrError) as refused:
        machine_of_host()
    assert str(refused.value) == "ktstr runs on x86_64 hosts; this one is aarch64"


def test_every_machine_has_a_fragment_for_its_kernels() -> None:
    """What settings once promised, aarch64, had none: its kernels could not have been built."""
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
