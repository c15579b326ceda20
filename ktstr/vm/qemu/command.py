"""The command lines that run a job: booted, as a template, as a clone, recorded, replayed; and the probe's."""

from __future__ import annotations

from pathlib import Path

from ktstr.base.machine import machine_of_host
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.cpus import Memory, cpu_kargs, cpu_options, escaped, has_high_ids, interrupt_options
from ktstr.vm.qemu.hardware import board_options, clock_kargs, clock_options, cpu_model
from ktstr.vm.qemu.plugins import plugin_options
from ktstr.vm.qemu.program import Qemu

__all__ = [
    "START",
    "boot_command",
    "clone_command",
    "probe_command",
    "record_command",
    "replay_command",
    "template_command",
]

START = "start"
"""The snapshot with which a recording begins."""

# No default devices, no user's configuration, no network: only what is named here exists.
_BARE = ("-nodefaults", "-no-user-config", "-display", "none", "-nic", "none")
# A template's own randomness; a job's seed is mixed in after the clone.
_TEMPLATE_SEED = 0
_KARGS = (
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
    # Later than sched_ext's watchdog may be (30 s): a scheduler that runs nobody starves RCU's threads as well, and the
    # watchdog says which task it was.
    "rcupdate.rcu_cpu_stall_timeout=60",
)


def boot_command(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, initramfs: Path, channel: int | None = None
) -> list[str]:
    """The command line that boots `job` and carries out its plan, its files in `folder`.

    `channel` is the descriptor of the socket of the job's channel, None if it has no channel.
    """
    return [
        *_machine(qemu, job, accelerator, folder, None, job.seed),
        *_channel(job, channel),
        *_kernel(job, initramfs),
        *_plan(folder),
        *plugin_options(qemu, job, accelerator, folder),
    ]


def template_command(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, initramfs: Path, qmp: int
) -> list[str]:
    """The command line that boots the template which `job` is cloned from, up to where its agent has it saved.

    All of it goes to `folder`; `qmp` is the descriptor of the monitor's socket.
    """
    return [
        *_machine(qemu, job, accelerator, folder, Memory(folder, True), _TEMPLATE_SEED),
        *_channel(job, None),
        *_kernel(job, initramfs),
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

    It has no kernel, which is in the memory already. `channel` is as for `boot_command`, `gdb` the socket at which it
    serves a debugger, None if it serves none.
    """
    return [
        *_machine(qemu, job, accelerator, folder, Memory(template, False), job.seed),
        *_channel(job, channel),
        *(_gdb(gdb) if gdb else ()),
        *_plan(folder),
        *plugin_options(qemu, job, accelerator, folder),
        *("-incoming", "defer"),
        *_monitor(qmp),
    ]


def record_command(qemu: Qemu, job: VmJob, folder: Path, initramfs: Path, disk: Path) -> list[str]:
    """The command line that boots `job` and records it in `folder`, with a snapshot of its start in `disk`."""
    return [
        *_machine(qemu, job, "tcg", folder, None, job.seed, f",rr=record,{_record(folder, START)}"),
        *_kernel(job, initramfs),
        *_plan(folder),
        *_snapshots(disk),
    ]


def replay_command(
    qemu: Qemu, job: VmJob, folder: Path, initramfs: Path, disk: Path, snapshot: str, gdb: Path, qmp: int
) -> list[str]:
    """The command line that replays what was recorded, stopped at a `snapshot` in `disk`, for a debugger."""
    return [
        *_machine(qemu, job, "tcg", folder, None, job.seed, f",rr=replay,{_record(folder, snapshot)}"),
        *_kernel(job, initramfs),
        *_plan(folder),
        *_snapshots(disk),
        *("-S", *_gdb(gdb), *_monitor(qmp)),
    ]


def probe_command(qemu: Qemu, image: Path) -> list[str]:
    """The command line that boots a probe's `image` under KVM, on the machine that jobs get."""
    return [
        *(str(qemu.path), *_BARE, "-no-reboot"),
        *board_options(qemu, "kvm"),
        *("-m", "32M", "-kernel", str(image)),
        *_exit_port(),
    ]


def _machine(
    qemu: Qemu,
    job: VmJob,
    accelerator: str,
    folder: Path,
    memory: Memory | None,
    seed: int,
    record: str = "",
) -> list[str]:
    """The machine, the same for a template and its clones."""
    board = machine_of_host().board
    return [
        *(str(qemu.path), *_BARE),
        # A guest's panic reboots (panic=-1) and so ends QEMU.
        "-no-reboot",
        *board_options(qemu, accelerator, high_ids=has_high_ids(job.topology)),
        *clock_options(job, seed, record),
        *cpu_options(job.topology, job.memory_mb, memory, cpu_model(accelerator)),
        *interrupt_options(job.topology, accelerator),
        *("-chardev", f"file,id=events,path={escaped(folder / 'events.jsonl')}"),
        *("-device", f"isa-debugcon,iobase={board.events_port:#x},chardev=events"),
        *_exit_port(),
        *("-serial", f"file:{folder / 'console.log'}"),
        *("-action", "watchdog=poweroff"),
        *(word for device in board.devices for word in ("-device", device)),
    ]


def _exit_port() -> tuple[str, str]:
    return "-device", f"isa-debug-exit,iobase={machine_of_host().board.exit_port:#x},iosize=0x4"


def _channel(job: VmJob, channel: int | None) -> list[str]:
    """The job's channel, a virtio-serial port; in a template with nobody at the other end."""
    if not job.channel:
        return []
    end = "null,id=channel" if channel is None else f"socket,id=channel,fd={channel}"
    return [
        *("-device", "virtio-serial-pci", "-chardev", end),
        *("-device", "virtserialport,chardev=channel,name=ktstr"),
    ]


def _kernel(job: VmJob, initramfs: Path) -> list[str]:
    console = f"console={machine_of_host().board.console}"
    return [
        *("-kernel", str(job.kernel.image)),
        *("-initrd", str(initramfs)),
        *("-append", " ".join((console, *_KARGS, *clock_kargs(job), *cpu_kargs(job.topology), *job.kargs))),
    ]


def _plan(folder: Path) -> list[str]:
    """What the agent reads of a job."""
    return [
        *("-fw_cfg", f"name=opt/ktstr/plan,file={escaped(folder / 'plan.txt')}"),
        *("-fw_cfg", f"name=opt/ktstr/files,file={escaped(folder / 'files.cpio')}"),
        # A kernel may report its panic to pvpanic, which must not end the machine before the console has it.
        *("-action", "panic=none"),
    ]


def _monitor(qmp: int) -> list[str]:
    return ["-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"]


def _gdb(gdb: Path) -> list[str]:
    return ["-gdb", f"unix:{escaped(gdb)},server=on,wait=off"]


def _record(folder: Path, snapshot: str) -> str:
    return f"rrfile={escaped(folder / 'record.bin')},rrsnapshot={snapshot}"


def _snapshots(disk: Path) -> list[str]:
    """What snapshots take: a disk to keep them in, which the guest does not see."""
    return [
        *("-drive", f"file={escaped(disk)},format=qcow2,if=none,id=snapshots"),
        *(word for name in machine_of_host().board.snapshot_globals for word in ("-global", name)),
    ]
