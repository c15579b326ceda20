"""QEMU: which one, and the command line that makes a job's machine.

The only module that knows its options; each was measured on QEMU 7.2 and 10.0, and has its reason beside it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ktstr.base.cache import digest as cache_digest
from ktstr.base.cache import file_digest
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.vm.job import VmJob

__all__ = [
    "Memory",
    "Qemu",
    "boot_command",
    "clone_command",
    "emulation_limit",
    "find_qemu",
    "icount_shift",
    "node_memory",
    "node_memory_mb",
    "probe_command",
    "record_command",
    "replay_command",
    "template_command",
]

_PROGRAM = "qemu-system-x86_64"
# 7.2 is Debian 12's, the oldest on which the options below were measured.
OLDEST = (7, 2)
# An APIC's last id; the one above it means all. More take interrupt remapping, which this machine does not have.
_LAST_APIC_ID = 254
# A template's own randomness; a job's seed is mixed in after the clone.
TEMPLATE_SEED = 0
# What runs before a guest's kernel: a BIOS, and what it starts a kernel by.
_FIRMWARE = ("qboot.rom", "bios-256k.bin", "pvh.bin", "linuxboot_dma.bin", "kvmvapic.bin")
# The translation buffer's size follows the host's memory unless it is given.
_TB_SIZE_MB = 256


@dataclass(frozen=True)
class Qemu:
    """A QEMU program, its version (`7.2.22`), whether it has qboot.rom, which not all systems package, and a key over
    the contents of the program and its firmware."""

    path: Path
    version: str
    has_qboot: bool = False
    digest: str = ""

    @property
    def release(self) -> tuple[int, int]:
        """The version's first two numbers."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


@cache
def find_qemu() -> Qemu:
    """The QEMU to use: `KTSTR_QEMU` where it is set, else `qemu-system-x86_64` from PATH.

    Raises KtstrError where there is none, it cannot be run, or it is older than 7.2.
    """
    chosen = os.environ.get("KTSTR_QEMU")
    found = shutil.which(chosen or _PROGRAM)
    if found is None:
        if chosen:
            raise KtstrError(f"KTSTR_QEMU={chosen}: no such program")
        raise KtstrError(
            f"{_PROGRAM} is not installed; run `ktstr setup`, or `ktstr doctor` for what is missing"
        )
    try:
        banner, folders = _printed(found, "--version"), _printed(found, "-L", "help")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KtstrError(f"{found}: cannot be run: {error}") from None
    match = re.search(r"version (\d+\.\d+(?:\.\d+)?)", banner)
    if match is None:
        raise KtstrError(f"{found}: not QEMU: --version printed {banner.splitlines()[:1]!r}")
    firmware = [
        path
        for folder in folders.splitlines()
        for name in _FIRMWARE
        if (path := Path(folder.strip(), name)).is_file()
    ]
    qemu = Qemu(
        Path(found),
        match[1],
        any(path.name == "qboot.rom" for path in firmware),
        # The banner, too: the program may be a wrapper around the one that counts.
        cache_digest(banner, file_digest(Path(found)), *(file_digest(path) for path in firmware)),
    )
    if qemu.release < OLDEST:
        raise KtstrError(f"{found}: QEMU {qemu.version} is too old; 7.2 or later is needed")
    return qemu


def _printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, errors="replace", timeout=30).stdout


@dataclass(frozen=True)
class Memory:
    """A guest's RAM in files of `folder`, one a NUMA node: shared with them, or copied on write as a clone's is."""

    folder: Path
    shared: bool


def emulation_limit(topology: Topology) -> str | None:
    """Why QEMU cannot emulate a topology, or None where it can.

    An APIC id is made of thread, core and socket, each in as many bits as it needs (QEMU's include/hw/i386/topology.h),
    so a topology of fewer CPUs than there are ids may still go beyond the last.
    """
    thread_bits, core_bits = (topology.threads - 1).bit_length(), (topology.cores - 1).bit_length()
    last = ((topology.llcs - 1) << core_bits | topology.cores - 1) << thread_bits | topology.threads - 1
    if last <= _LAST_APIC_ID:
        return None
    return (
        f"topology {topology}: its {topology.cpus} CPUs need APIC ids up to {last}; QEMU without KVM has them"
        f" up to {_LAST_APIC_ID}"
    )


def boot_command(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, initramfs: Path, channel: int | None = None
) -> list[str]:
    """The command line that boots `job` and carries out its plan, its files in `folder`.

    `channel` is the descriptor of the job's channel's socket, where it has one.
    """
    return [
        *_machine_arguments(qemu, job, accelerator, folder, None, job.seed),
        *_channel_arguments(job, channel),
        *_kernel_arguments(job, initramfs),
        *_job_arguments(folder),
    ]


def template_command(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, initramfs: Path, qmp: int
) -> list[str]:
    """The command line that boots what `job` is cloned from, up to where its agent has it kept.

    All of it goes to `folder`; `qmp` is the descriptor of the monitor's socket.
    """
    return [
        *_machine_arguments(qemu, job, accelerator, folder, Memory(folder, True), TEMPLATE_SEED),
        *_channel_arguments(job, None),
        *_kernel_arguments(job, initramfs),
        # The agent looks whether it is there.
        *("-fw_cfg", "name=opt/ktstr/keep,string=1"),
        # What the agent writes to pvpanic stops the machine at that instruction, whatever the host does.
        *("-action", "panic=pause"),
        *_monitor(qmp),
    ]


def clone_command(
    qemu: Qemu,
    job: VmJob,
    accelerator: str,
    folder: Path,
    template: Path,
    qmp: int,
    channel: int | None = None,
    gdb: Path | None = None,
) -> list[str]:
    """The command line of a clone of `template` that waits for the template's state, then carries out `job`.

    It has no kernel: that is in the memory already. `channel` is as for `boot_command`, `gdb` the socket at which a
    debugger is served, where one is to be.
    """
    return [
        *_machine_arguments(qemu, job, accelerator, folder, Memory(template, False), job.seed),
        *_channel_arguments(job, channel),
        *(_gdb_arguments(gdb) if gdb else ()),
        *_job_arguments(folder),
        *("-incoming", "defer"),
        *_monitor(qmp),
    ]


def record_command(qemu: Qemu, job: VmJob, folder: Path, initramfs: Path, disk: Path) -> list[str]:
    """The command line that boots `job` and has QEMU record it in `folder`, and a snapshot of its start in `disk`."""
    return [
        *_machine_arguments(qemu, job, "tcg", folder, None, job.seed, f",rr=record,{_record(folder, START)}"),
        *_kernel_arguments(job, initramfs),
        *_job_arguments(folder),
        *_snapshots(disk),
    ]


def replay_command(
    qemu: Qemu, job: VmJob, folder: Path, initramfs: Path, disk: Path, snapshot: str, gdb: Path, qmp: int
) -> list[str]:
    """The command line that has QEMU replay what was recorded, stopped at a `snapshot` in `disk`, for a debugger."""
    return [
        *_machine_arguments(
            qemu, job, "tcg", folder, None, job.seed, f",rr=replay,{_record(folder, snapshot)}"
        ),
        *_kernel_arguments(job, initramfs),
        *_job_arguments(folder),
        *_snapshots(disk),
        *("-S", *_gdb_arguments(gdb), *_monitor(qmp)),
    ]


START = "start"
"""The snapshot with which a recording begins."""


def _record(folder: Path, snapshot: str) -> str:
    return f"rrfile={_escaped(folder / 'record.bin')},rrsnapshot={snapshot}"


def _snapshots(disk: Path) -> list[str]:
    """What it takes to go back to one: a disk for them, which the guest does not see."""
    return [
        *("-drive", f"file={_escaped(disk)},format=qcow2,if=none,id=snapshots"),
        # Reset, as it is before a snapshot is loaded, it has the CPU thread do something, which may wait for the lock
        # that the main loop has: in two of three tries reverse-continue never came back (7.2).
        *("-global", "apic.vapic=off"),
    ]


def _gdb_arguments(gdb: Path) -> list[str]:
    return ["-gdb", f"unix:{_escaped(gdb)},server=on,wait=off"]


def _machine_arguments(
    qemu: Qemu,
    job: VmJob,
    accelerator: str,
    folder: Path,
    memory: Memory | None,
    seed: int,
    record: str = "",
) -> list[str]:
    """The machine, the same for a template and its clones."""
    return [
        str(qemu.path),
        # No default devices, no user's configuration, no network: only what is named here exists.
        *("-nodefaults", "-no-user-config", "-display", "none", "-nic", "none"),
        # A guest's panic reboots (panic=-1) and so ends QEMU.
        "-no-reboot",
        *_machine(qemu, accelerator),
        *_clock(job, seed, record),
        *_cpus(job.topology, job.memory_mb, memory),
        *("-chardev", f"file,id=events,path={_escaped(folder / 'events.jsonl')}"),
        *("-device", "isa-debugcon,iobase=0xe9,chardev=events"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"),
        *("-serial", f"file:{folder / 'console.log'}"),
        # Counts guest time, so that a hang is found after 30 guest seconds however slow the host is.
        *("-device", "ib700", "-action", "watchdog=poweroff"),
        *("-device", "pvpanic"),
    ]


def _channel_arguments(job: VmJob, channel: int | None) -> list[str]:
    """The job's channel, a virtio-serial port; in a template with nobody at the other end."""
    if not job.channel:
        return []
    end = "null,id=channel" if channel is None else f"socket,id=channel,fd={channel}"
    return [
        *("-device", "virtio-serial-pci", "-chardev", end),
        *("-device", "virtserialport,chardev=channel,name=ktstr"),
    ]


def _kernel_arguments(job: VmJob, initramfs: Path) -> list[str]:
    return [
        *("-kernel", str(job.kernel.image)),
        *("-initrd", str(initramfs)),
        *("-append", " ".join((*_KARGS, *_clock_kargs(job), *job.kargs))),
    ]


def _job_arguments(folder: Path) -> list[str]:
    return [
        *("-fw_cfg", f"name=opt/ktstr/plan,file={_escaped(folder / 'plan.txt')}"),
        *("-fw_cfg", f"name=opt/ktstr/files,file={_escaped(folder / 'files.cpio')}"),
        # A kernel may tell pvpanic of its panic; that it does must not end the machine before the console has it.
        *("-action", "panic=none"),
    ]


def _monitor(qmp: int) -> list[str]:
    return ["-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"]


def probe_command(qemu: Qemu, image: Path) -> list[str]:
    """The command line that boots a probe's `image` under KVM, on the machine that jobs get."""
    return [
        *(str(qemu.path), "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot"),
        *_machine(qemu, "kvm"),
        *("-m", "32M", "-kernel", str(image)),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"),
    ]


_KARGS = (
    "console=ttyS0",
    "quiet",
    "panic=-1",
    # Guests are thrown away: nothing in them needs guarding from speculation, and it costs emulated time.
    "mitigations=off",
    "cryptomgr.notests",
    # A jitter-entropy self-test and the certificates of module signing: 0.6 guest seconds that no test is about.
    "initcall_blacklist=jent_mod_init,load_system_certificate_list",
    "random.trust_cpu=on",
    # Of each CPU, for each user of tracing. With the default, 1.4 MB, a guest of 64 CPUs boots 0.3 s longer.
    "trace_buf_size=64K",
    # The default of distributions and not of the kernel: a log without times cannot be cut at the plan's begin.
    "printk.time=1",
)


def icount_shift(cpus: int) -> int:
    """The virtual clock's rate for `cpus` CPUs: an instruction takes 2**shift guest nanoseconds.

    All CPUs share the rate. Each should be left 7 million instructions a guest second or more, of which the tick
    takes about two (HZ=250); a smaller shift than that needs only costs host time.
    """
    if cpus <= 32:
        return 2
    return 1 if cpus <= 64 else 0


def _machine(qemu: Qemu, accelerator: str) -> list[str]:
    # hpet=off: with it QEMU's turns under icount are ten times longer, and nested KVM fails with it on.
    # qboot starts a kernel at once; SeaBIOS takes over a second of emulated time first.
    machine = ["-machine", "q35,hpet=off", *(["-bios", "qboot.rom"] if qemu.has_qboot else [])]
    if accelerator == "kvm":
        # On AMD a guest has thread topology only with topoext; Intel has no such thing.
        topoext = ",topoext=on" if _host_is_amd() else ""
        # Migratable, as it is by default: a template's state has to be saved, which an invariant TSC forbids.
        cpu = f"host,l3-cache=on,host-cache-info=off{topoext}"
        return [*machine, "-accel", "kvm", "-cpu", cpu]
    # Multi-threaded TCG corrupts guests (a static key patched under a running CPU), and is slower. As AMD's, which
    # `max` is by itself, an emulated CPU of QEMU 10.0 has no topoext. Five-level page tables only cost.
    return [
        *machine,
        *("-accel", f"tcg,thread=single,tb-size={_TB_SIZE_MB}"),
        *("-cpu", "max,vendor=GenuineIntel,la57=off"),
    ]


@cache
def _host_is_amd() -> bool:
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def _clock(job: VmJob, seed: int, record: str) -> list[str]:
    random = ["-seed", str(seed % 2**32)]
    if job.clock == "real":
        return random
    shift = icount_shift(job.topology.cpus)
    # sleep=off: idle guest time costs nothing. A fixed date: the guest's clock is part of the result.
    return [
        *random,
        # The CPU thread's name is how the library that is preloaded knows it.
        *("-name", "debug-threads=on"),
        *("-icount", f"shift={shift},sleep=off{record}"),
        *("-rtc", "base=2026-01-01T00:00:00,clock=vm"),
    ]


def _clock_kargs(job: VmJob) -> list[str]:
    if job.clock == "real":
        return []
    return [
        # Under icount the TSC counts guest nanoseconds, so there is nothing to calibrate or to distrust.
        *("tsc_early_khz=1000000", "tsc=reliable", "no_timer_check", "nokaslr"),
        # A tick is a timer, too: those of all CPUs at one instant make the longest turns.
        *(["skew_tick=1"] if job.bounded_turn else []),
    ]


def _cpus(topology: Topology, memory_mb: int, memory: Memory | None) -> list[str]:
    """The guest shows one L3 cache a socket, so an LLC is a socket."""
    cpus = topology.cpus
    smp = f"{cpus},sockets={topology.llcs},cores={topology.cores},threads={topology.threads}"
    per_node_mb = node_memory_mb(topology, memory_mb)
    arguments = ["-smp", smp, "-m", f"{per_node_mb * topology.numa_nodes}M"]
    for node in range(topology.numa_nodes):
        members = sorted(topology.node_cpus(node))
        backend = f"id=node{node},size={per_node_mb}M"
        if memory is None:
            arguments += ["-object", f"memory-backend-ram,{backend}"]
        else:
            path = _escaped(node_memory(memory.folder, node))
            share = "on" if memory.shared else "off"
            arguments += ["-object", f"memory-backend-file,{backend},mem-path={path},share={share}"]
        arguments += ["-numa", f"node,nodeid={node},memdev=node{node},cpus={members[0]}-{members[-1]}"]
    return arguments


def node_memory_mb(topology: Topology, memory_mb: int) -> int:
    """MiB of each NUMA node of a guest with `memory_mb`."""
    return -(-memory_mb // topology.numa_nodes)


def node_memory(folder: Path, node: int) -> Path:
    """The file that holds a NUMA node's RAM in a template's folder."""
    return folder / f"node-{node}"


def _escaped(path: Path) -> str:
    """QEMU's option syntax ends a value at a comma unless it is doubled."""
    return str(path).replace(",", ",,")
