"""The guest's hardware as QEMU's options: board, accelerator, CPUs, memory and clock.

Each option was measured on QEMU 7.2 and 10.0 and has its reason beside it, or in ktstr/base/machine.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ktstr.base.machine import Board, machine_of_host
from ktstr.base.topology import Topology
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.program import Qemu

__all__ = [
    "Memory",
    "board_options",
    "clock_kargs",
    "clock_options",
    "cpu_options",
    "emulation_limit",
    "escaped",
    "icount_shift",
    "node_memory",
    "node_memory_mb",
]

# The translation buffer's size follows the host's memory unless it is given.
_TB_SIZE_MB = 256


@dataclass(frozen=True)
class Memory:
    """A guest's RAM in files of `folder`, one for each NUMA node.

    `shared`: the guest writes to the files. Else it writes to copies of its own, as a clone does.
    """

    folder: Path
    shared: bool


def emulation_limit(topology: Topology) -> str | None:
    """Why QEMU cannot emulate a topology, or None if it can.

    An APIC id is made of thread, core and socket, each in as many bits as it needs (QEMU's include/hw/i386/topology.h),
    so a topology with fewer CPUs than there are ids may still need a higher one than the last.
    """
    thread_bits, core_bits = (topology.threads - 1).bit_length(), (topology.cores - 1).bit_length()
    last = ((topology.llcs - 1) << core_bits | topology.cores - 1) << thread_bits | topology.threads - 1
    highest = machine_of_host().board.last_apic_id
    if last <= highest:
        return None
    return (
        f"topology {topology}: its {topology.cpus} CPUs need APIC ids up to {last}; QEMU without KVM has them"
        f" up to {highest}"
    )


def board_options(qemu: Qemu, accelerator: str) -> list[str]:
    """The board, its firmware, the accelerator and the CPU's model."""
    board = machine_of_host().board
    options = ["-machine", board.model, *(["-bios", board.fast_firmware] if qemu.has_fast_firmware else [])]
    if accelerator == "kvm":
        return [*options, "-accel", "kvm", "-cpu", board.hosted_cpu + _vendor_options(board)]
    # Multi-threaded TCG corrupts guests (a static key patched under a running CPU), and is slower.
    return [
        *options,
        *("-accel", f"tcg,thread=single,tb-size={_TB_SIZE_MB}"),
        *("-cpu", board.emulated_cpu),
    ]


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


def cpu_options(topology: Topology, memory_mb: int, memory: Memory | None) -> list[str]:
    """The CPUs, and the RAM of each NUMA node. The guest shows one L3 cache a socket, so an LLC is a socket."""
    cpus = topology.cpus
    smp = f"{cpus},sockets={topology.llcs},cores={topology.cores},threads={topology.threads}"
    per_node_mb = node_memory_mb(topology, memory_mb)
    options = ["-smp", smp, "-m", f"{per_node_mb * topology.numa_nodes}M"]
    for node in range(topology.numa_nodes):
        members = sorted(topology.node_cpus(node))
        backend = f"id=node{node},size={per_node_mb}M"
        if memory is None:
            options += ["-object", f"memory-backend-ram,{backend}"]
        else:
            path = escaped(node_memory(memory.folder, node))
            share = "on" if memory.shared else "off"
            options += ["-object", f"memory-backend-file,{backend},mem-path={path},share={share}"]
        options += ["-numa", f"node,nodeid={node},memdev=node{node},cpus={members[0]}-{members[-1]}"]
    return options


def node_memory_mb(topology: Topology, memory_mb: int) -> int:
    """MiB of each NUMA node of a guest with `memory_mb`."""
    return -(-memory_mb // topology.numa_nodes)


def node_memory(folder: Path, node: int) -> Path:
    """The file that holds a NUMA node's RAM in a template's folder."""
    return folder / f"node-{node}"


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


def escaped(path: Path) -> str:
    """A path as a value of an option, which ends at a comma unless that is doubled."""
    return str(path).replace(",", ",,")
