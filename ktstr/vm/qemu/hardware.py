"""The guest's hardware as QEMU's options: board, accelerator and clock. `cpus` has the CPUs and the memory.

Each option was measured on QEMU 7.2 and 10.0 and has its reason beside it, or in ktstr/base/machine.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ktstr.base.machine import Board, machine_of_host
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.program import Qemu

__all__ = ["board_options", "clock_kargs", "clock_options", "cpu_model", "icount_shift"]

# The translation buffer's size follows the host's memory unless it is given.
_TB_SIZE_MB = 256


def board_options(qemu: Qemu, accelerator: str, *, high_ids: bool = False) -> list[str]:
    """The board, its firmware, the accelerator and the CPU's model.

    With `high_ids`, a CPU has an APIC id that only the emulator's own firmware enables: the fast one does not, and then
    the kernel ignores the CPU.
    """
    board = machine_of_host().board
    fast = qemu.has_fast_firmware and not high_ids
    options = ["-machine", board.model, *(["-bios", board.fast_firmware] if fast else [])]
    if accelerator == "kvm":
        return [*options, "-accel", "kvm", "-cpu", board.hosted_cpu + _vendor_options(board)]
    # Multi-threaded TCG corrupts guests (a static key patched under a running CPU), and is slower.
    return [
        *options,
        *("-accel", f"tcg,thread=single,tb-size={_TB_SIZE_MB}"),
        *("-cpu", board.emulated_cpu),
    ]


def cpu_model(accelerator: str) -> str:
    """The name of the CPU's model, without its features."""
    board = machine_of_host().board
    return (board.hosted_cpu if accelerator == "kvm" else board.emulated_cpu).partition(",")[0]


def _vendor_options(board: Board) -> str:
    return board.hosted_cpu_by_vendor.get(_host_vendor(), "")


@cache
def _host_vendor() -> str:
    """The `vendor_id` of the host's CPU, empty if it is not known."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")


def icount_shift(cpus: int) -> int:
    """The virtual clock's rate for `cpus` CPUs: an instruction takes 2**shift guest nanoseconds.

    All CPUs share the rate. Each should be left 7 million instructions a guest second or more, of which the tick
    takes about two (HZ=250); a smaller shift than that needs only costs host time.
    """
    if cpus <= 32:
        return 2
    return 1 if cpus <= 64 else 0


def clock_options(job: VmJob, seed: int, record: str) -> list[str]:
    """The guest's clock and its randomness; `record` is added to icount's options."""
    random = ["-seed", str(seed % 2**32)]
    if job.clock == "real":
        return random
    shift = icount_shift(job.topology.cpus)
    # sleep=off: idle guest time costs nothing. A fixed date, because the guest's clock is part of the result.
    return [
        *random,
        # The library that is preloaded knows the CPU thread by its name.
        *("-name", "debug-threads=on"),
        *("-icount", f"shift={shift},sleep=off{record}"),
        *("-rtc", "base=2026-01-01T00:00:00,clock=vm"),
    ]


def clock_kargs(job: VmJob) -> list[str]:
    """What the guest's kernel is told about its clock."""
    if job.clock == "real":
        return []
    return [
        *machine_of_host().board.virtual_clock_kargs,
        # A tick is a timer, too: those of all CPUs at one instant make the longest slices.
        *(["skew_tick=1"] if job.bounded_turn else []),
    ]
