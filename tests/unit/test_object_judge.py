"""What is said of a BPF object that is swept by itself, from what the loader and the kernel printed in real guests."""

from __future__ import annotations

from pathlib import Path

import pytest
from verifier_data import a_cell, a_vm_result, healthy_events

from ktstr.checks.evidence import evidence_of
from ktstr.verifier.judge import findings
from ktstr.vm.result import Ending, Event

CELL = a_cell(object=Path("some.bpf.o"))
PROGRAM = next(event for event in healthy_events() if event["ev"] == "program")
BOOT: Event = {"ev": "boot", "release": "7.0.13+deb13-cloud-amd64"}


def judged(*log: str, ended: Event, more: tuple[Event, ...] = (), ending: Ending = Ending.DONE) -> list[str]:
    lines: list[Event] = [{"ev": "sched_log", "text": text} for text in log]
    result = a_vm_result([BOOT, *lines, *more, ended], ending=ending)
    found = findings(CELL, evidence_of(result, CELL.topology), result, None)
    return [f"{finding.check}: {finding.message}" for finding in found]


def test_an_object_is_judged_only_by_its_programs() -> None:
    assert (
        judged(
            "verified mine_enqueue: processed 48 insns",
            ended={"ev": "sched_exit", "status": 0},
            more=(PROGRAM,),
        )
        == []
    )


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            ["loader: not a BPF object that can be opened: .maps relo #2: for 9 value 0"],
            "not loaded (status 1): loader: not a BPF object that can be opened: .maps relo #2: for 9 value 0",
        ),
        ([], "not loaded (status 1): it said nothing"),
        (
            [
                "libbpf: extern (func ksym) 'scx_bpf_frobnicate': not found in kernel or module BTFs",
                "libbpf: failed to load object '/ktstr/object.bpf.o'",
                "loader: the object is refused: extern (func ksym) 'scx_bpf_frobnicate': not found in kernel or module"
                " BTFs",
            ],
            "calls kfunc scx_bpf_frobnicate, which kernel 7.0.13 lacks",
        ),
        (
            [
                "libbpf: Error in bpf_create_map_xattr(object.bss):Cannot allocate memory(-12). Retrying without BTF.",
                "libbpf: map 'object.bss': failed to create: Cannot allocate memory(-12)",
                "loader: the object is refused: map 'object.bss': failed to create: Cannot allocate memory(-12)",
            ],
            "could not be loaded: map object.bss was refused by the kernel: Cannot allocate memory(-12); --memory-mb"
            " gives the guest more memory",
        ),
        (
            [
                "libbpf: BTF loading error: -22",
                "libbpf: -- BEGIN BTF LOAD LOG ---",
                "magic: 0xeb9f",
                "\trlock type_id=135 bits_offset=0 Member exceeds struct_size",
                "",
                "-- END BTF LOAD LOG --",
                "libbpf: Error loading .BTF into kernel: -22. BTF is mandatory, can't proceed.",
                "loader: the object is refused: BTF loading error: -22",
            ],
            "the kernel refuses its BTF: rlock type_id=135 bits_offset=0 Member exceeds struct_size",
        ),
        (
            ["loader: the object is refused: struct_ops init_kern x_ops: bitfield flags is not supported"],
            "the object is refused: struct_ops init_kern x_ops: bitfield flags is not supported",
        ),
        (
            [
                "loader: prog 'cpu0_exit': BPF program load failed: prog 'cpu0_exit': relo #4: unexpected insn #24"
                " (LDX/ST/STX) value: got 8, exp 0 -> 8"
            ],
            "cpu0_exit: prog 'cpu0_exit': relo #4: unexpected insn #24 (LDX/ST/STX) value: got 8, exp 0 -> 8",
        ),
        (
            ["loader: prog 'mine_init': BPF program load failed: Cannot allocate memory"],
            "mine_init: Cannot allocate memory; --memory-mb gives the guest more memory",
        ),
    ],
)
def test_a_refusal_has_its_reason(log: list[str], words: str) -> None:
    assert judged(*log, ended={"ev": "sched_exit", "status": 1}) == [f"load: {words}"]


VERIFIED = ("verified mine_init: processed 9 insns", "verified mine_exit: processed 7 insns")
OUT_OF_MEMORY = "Out of memory: Killed process 60 (loader) total-vm:239128kB, anon-rss:187904kB"


@pytest.mark.parametrize(
    ("log", "number", "more", "words"),
    [
        (
            VERIFIED,
            9,
            (),
            "not finished within 30 guest seconds: 2 programs verified so far, the last one mine_exit; --attach-timeout"
            " gives it more",
        ),
        (
            VERIFIED[:1],
            9,
            ({"ev": "kmsg", "level": 3, "at_ns": 1, "text": OUT_OF_MEMORY},),
            "the guest ran out of memory: 1 program verified so far, the last one mine_init; --memory-mb gives the"
            " guest more memory",
        ),
        ((), 11, (), "libbpf crashed (SIGSEGV), so the object is damaged: 0 programs verified so far"),
    ],
)
def test_a_loader_that_was_killed(
    log: tuple[str, ...], number: int, more: tuple[Event, ...], words: str
) -> None:
    assert judged(*log, ended={"ev": "sched_exit", "signal": number}, more=more)[0] == f"load: {words}"


def test_a_limit_of_the_host_comes_with_what_was_done() -> None:
    (found,) = judged(*VERIFIED, ended={"ev": "other"}, ending=Ending.TIMEOUT)
    assert found.startswith("guest: timeout: ")
    assert found.endswith(": 2 programs verified so far, the last one mine_exit")
