"""The machine that ktstr runs on and its guests are: everything that differs between architectures, as data.

A second architecture is a second `Machine` in `MACHINES`, its agent's header in C, and a fragment in `kernels/`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from ktstr.base.errors import KtstrError

__all__ = ["MACHINES", "X86_64", "Board", "Call", "Debugger", "Machine", "machine_of_host"]


@dataclass(frozen=True)
class Board:
    """The emulated computer, in the emulator's words; `ktstr/vm/` puts them into a command line.

    `model` is its board. `emulated_cpu` is the CPU that the emulator translates, `hosted_cpu` the one that it takes
    from the host under KVM, to which `hosted_cpu_by_vendor` adds what a host CPU of that vendor needs (by the
    `vendor_id` of /proc/cpuinfo). `fast_firmware` starts a kernel at once where it is installed; `firmware` is
    everything that runs before a guest's kernel. `devices` are those of every guest, `snapshot_globals` properties
    that a guest with snapshots has besides. `events_port` and `exit_port` are I/O ports (the agent's side is in
    `ktstr/guest/agent/`). `console` is the kernel's name of the first serial port, `virtual_clock_kargs` what a kernel
    is told about a clock that counts guest nanoseconds. `last_apic_id` is the highest id that a CPU can have without
    interrupt remapping; the one above it means all CPUs. `interrupt_remapping` is the device that reaches higher ones.
    `timer_hz` is the rate of the timer that bounds a slice of
    a vCPU.
    """

    model: str
    emulated_cpu: str
    hosted_cpu: str
    hosted_cpu_by_vendor: Mapping[str, str] = field(hash=False)
    fast_firmware: str
    firmware: tuple[str, ...]
    devices: tuple[str, ...]
    snapshot_globals: tuple[str, ...]
    events_port: int
    exit_port: int
    console: str
    virtual_clock_kargs: tuple[str, ...]
    last_apic_id: int
    interrupt_remapping: str
    timer_hz: int


@dataclass(frozen=True)
class Call:
    """A form of the call instruction: `length` bytes, of which the first, under `mask`, are `code`."""

    length: int
    mask: tuple[int, ...]
    code: tuple[int, ...]


@dataclass(frozen=True)
class Debugger:
    """What gdb is told about the machine: its name there, the stack pointer's register, the size of a kernel stack
    in bytes (THREAD_SIZE), the addresses of the kernel's text and of what is made while it runs (BPF programs,
    modules), and how a call ends before a return address."""

    architecture: str
    stack_pointer: str
    stack_bytes: int
    text: tuple[int, int]
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Machine:
    """An architecture.

    `name` is what uname(2) calls it, `debian_architecture` what Debian does, `kernel_arch` what the kernel's makefiles
    take as ARCH and the folder below `arch/`, `elf_machine` its number in an ELF header (EM_*). `probe_code` is what
    the probe of KVM executes. `emulator_packages` has by family of distributions how the name of the package with its
    emulator ends. `bpf_code` is where the kernel puts BPF programs and modules, of which guests have none.
    """

    name: str
    debian_architecture: str
    kernel_arch: str
    elf_machine: int
    probe_code: bytes
    emulator_packages: Mapping[str, str] = field(hash=False)
    board: Board
    debugger: Debugger
    bpf_code: tuple[int, int]


X86_64 = Machine(
    name="x86_64",
    debian_architecture="amd64",
    kernel_arch="x86",
    elf_machine=62,
    # In 32-bit protected mode, as a PVH entry begins: SSE on, one SSE instruction (it needs the host to emulate or run
    # what kernels use), 0x10 to the exit port.
    probe_code=bytes.fromhex(
        "0f20e0"  # mov eax, cr4
        "0d00020000"  # or eax, CR4.OSFXSR
        "0f22e0"  # mov cr4, eax
        "660fefc0"  # pxor xmm0, xmm0
        "66baf400"  # mov dx, 0xf4
        "b010"  # mov al, 0x10
        "ee"  # out dx, al
        "f4"  # hlt
        "ebfd"  # jmp to the hlt
    ),
    emulator_packages={"debian": "x86", "fedora": "x86-core", "arch": "x86"},
    board=Board(
        # hpet=off: with it a vCPU's slices under icount are ten times longer, and nested KVM fails.
        model="q35,hpet=off",
        # Five-level page tables only cost. By itself `max` is an AMD CPU, which in release 10.0 lacks topoext.
        emulated_cpu="max,vendor=GenuineIntel,la57=off",
        # Migratable, which is the default: a template's state has to be saved, which an invariant TSC forbids.
        hosted_cpu="host,l3-cache=on,host-cache-info=off",
        # On AMD a guest has thread topology only with topoext; Intel has no such feature.
        hosted_cpu_by_vendor={"AuthenticAMD": ",topoext=on"},
        # It starts a kernel at once; SeaBIOS takes over a second of emulated time first.
        fast_firmware="qboot.rom",
        firmware=("qboot.rom", "bios-256k.bin", "pvh.bin", "linuxboot_dma.bin", "kvmvapic.bin"),
        # The ib700 watchdog counts guest time, so that a hang is found after 30 guest seconds on a slow host, too.
        devices=("ib700", "pvpanic"),
        # The APIC is reset before a snapshot is loaded, which has the CPU thread do something that may wait for the
        # lock that the main loop holds: in two of three tries reverse-continue never came back (7.2).
        snapshot_globals=("apic.vapic=off",),
        events_port=0xE9,
        exit_port=0xF4,
        console="ttyS0",
        # Under icount the TSC counts guest nanoseconds, so there is nothing to calibrate or to distrust.
        virtual_clock_kargs=("tsc_early_khz=1000000", "tsc=reliable", "no_timer_check", "nokaslr"),
        last_apic_id=254,
        interrupt_remapping="intel-iommu,intremap=on,eim=on",
        timer_hz=1_193_182,  # Intel 8254 in a PC
    ),
    debugger=Debugger(
        architecture="i386:x86-64",
        stack_pointer="rsp",
        stack_bytes=16384,
        text=(0xFFFFFFFF80000000, 0xFFFFFFFFFF000000),
        calls=(
            Call(5, (0xFF,), (0xE8,)),  # call rel32
            # FF /2, through a register or memory, with no displacement, one byte and four bytes of it.
            *(Call(length, (0xFF, 0x38), (0xFF, 0x10)) for length in (2, 3, 6, 7)),
        ),
    ),
    bpf_code=(0xFFFFFFFFC0000000, 0xFFFFFFFFFF000000),  # MODULES_VADDR to MODULES_END
)
"""A 64-bit PC."""

MACHINES = (X86_64,)
"""The machines that ktstr runs on."""


def machine_of_host() -> Machine:
    """The host's machine, which is its guests', too; KtstrError if ktstr does not run on it."""
    name = platform.machine()
    for machine in MACHINES:
        if machine.name == name:
            return machine
    known = ", ".join(machine.name for machine in MACHINES)
    raise KtstrError(f"ktstr runs on {known} hosts; this one is {name}")
