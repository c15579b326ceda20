"""Cells and results made by hand, for the tests of the verifier sweep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from report_case import KERNEL

from ktstr.declare.presets import PRESETS
from ktstr.declare.scheduler import Scheduler
from ktstr.kernel.model import Kernel
from ktstr.verifier.cell import Cell, CellResult, Finding, Program
from ktstr.vm.result import Ending, Event, VmResult


def a_kernel(version: str = "7.0.13", **changes: Any) -> Kernel:
    return replace(KERNEL, version=version, key=f"{version}-debian-1a2b3c4d", **changes)


def a_scheduler(name: str = "mine", **changes: Any) -> Scheduler:
    return replace(Scheduler(name=name, bpf=Path("mine.bpf.c")), **changes)


def a_cell(scheduler: str = "mine", kernel: str = "7.0", preset: str = "tiny-1llc", **changes: Any) -> Cell:
    cell = Cell(a_scheduler(scheduler), kernel, a_kernel(f"{kernel}.13"), preset, PRESETS[preset])
    return replace(cell, **changes)


def a_program(name: str, insns: int) -> Program:
    return Program(name, "struct_ops", "0123456789abcdef", insns, insns, 800, 500, 8192)


def a_result(cell: Cell, *findings: str, wall_s: float = 2.0, **insns: int) -> CellResult:
    """A result with these findings (`check: message`) and costs."""
    return CellResult(
        cell,
        "failed" if findings else "passed",
        tuple(Finding(*finding.split(": ", 1)) for finding in findings),
        programs=tuple(a_program(name, count) for name, count in sorted(insns.items())),
        map_bytes=8192 if insns else 0,
        started=1_790_000_000.0,
        wall_s=wall_s,
        record={
            "result": {"start": "clone"},
            "vms": {"booted": 0, "cloned": 1, "remembered": 0},
            "programs": [{"name": name, "verified_insns": count} for name, count in insns.items()],
        },
    )


STATE = {
    "state": "enabled",
    "ops": "mine",
    "enable_seq": "1",
    "switch_all": "1",
    "nr_rejected": "0",
    "running": 1,
}
LEFT = {"state": "disabled", "enable_seq": "1", "switch_all": "0", "nr_rejected": "0", "running": 0}


def a_worker(index: int, **changes: Any) -> Event:
    return {
        "ev": "worker",
        "index": index,
        "cgroup": "verifier",
        "kind": "spin_wait",
        "wall_ns": 250_000_000,
        "run_ns": 120_000_000,
        "slept_ns": 0,
        "gap_ns": 1_000_000,
        "iterations": 1000,
        "migrations": 0,
        "cpus": str(index % 4),
        "ext": 1,
        **changes,
    }


def healthy_events() -> list[Event]:
    """What the agent says of a scheduler that passes on tiny-1llc."""
    return [
        {"ev": "sched_state", "when": "attached", **STATE},
        {
            "ev": "program",
            "id": 20,
            "type": 27,
            "name": "mine_enqueue",
            "tag": "0123456789abcdef",
            "verified_insns": 48,
            "fdinfo_insns": 48,
            "xlated_bytes": 328,
            "jited_bytes": 211,
            "maps": [3, 4],
        },
        {"ev": "map", "id": 3, "type": 2, "name": "mine.bss", "memory_bytes": 8192},
        {"ev": "map", "id": 4, "type": 2, "name": "mine.rodata", "memory_bytes": 400},
        {"ev": "map", "id": 9, "type": 2, "name": "another's", "memory_bytes": 4096},
        {"ev": "progress", "held_ns": 250_000_000, "waiting": 0},
        *(a_worker(index) for index in range(8)),
        {"ev": "sched_state", "when": "held", **STATE},
        {"ev": "sched_exit", "status": 0},
        {"ev": "sched_state", "when": "stopped", **LEFT},
        {"ev": "sched_state", "when": "default", **LEFT},
        {"ev": "kmsg", "level": 6, "at_ns": 3_000_000_000, "text": 'sched_ext: BPF scheduler "mine" enabled'},
    ]


def a_vm_result(events: list[Event], ending: Ending = Ending.DONE, why: str = "") -> VmResult:
    return VmResult(ending, why, tuple(events), "", "", (), "tcg", "virtual", "7.2.22", None, 1.0, "clone")
