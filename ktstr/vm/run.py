"""Running a job: the function from VmJob to VmResult."""

from __future__ import annotations

import shlex
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.guest.initramfs import archive, initramfs
from ktstr.vm.budget import hold_cores
from ktstr.vm.job import DEFAULT_WAY, VmJob, Way
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.command import boot_command
from ktstr.vm.qemu.hardware import emulation_limit
from ktstr.vm.qemu.process import Machine, started
from ktstr.vm.qemu.program import Qemu, find_qemu
from ktstr.vm.qemu.qmp import MonitorError
from ktstr.vm.qemu.template import NotKept, Template, clone, template
from ktstr.vm.qemu.vcpu_slice import slice_of
from ktstr.vm.remembered import recall, remember, result_key
from ktstr.vm.result import SAID, VmResult, classify, read_said
from ktstr.vm.stored import JOB, job_to_json

__all__ = ["Talk", "run", "write_job"]

Talk = Callable[[socket.socket], None]
"""What talks to a guest through its channel: returns when the guest has no more to say, or is gone."""

# What a guest gets to end when all is said.
_GOODBYE_S = 10.0


def run(job: VmJob, accel: Accel, folder: Path, way: Way = DEFAULT_WAY, talk: Talk | None = None) -> VmResult:
    """Run `job` to its end in `folder`, which keeps the console, the events, the plan and the command.

    A job with a channel has `talk` called, as soon as the guest runs, for as long as that takes. It holds no core: who
    talks to it may be a person.
    With the virtual clock a job that ran before is not run again, but for `way.fresh`. QEMU is ended when the job's
    time is over, when an exception passes through (Ctrl-C), and by the kernel when this process dies. Raises KtstrError
    where QEMU is missing or the job is more than it can do.
    """
    qemu = find_qemu()
    if accel.name == "tcg" and (limit := emulation_limit(job.topology)):
        raise KtstrError(limit)
    folder = folder.absolute()
    key = result_key(qemu, job, accel.name, cold=way.cold) if job.clock == "virtual" else None
    try:
        write_job(qemu, job, folder)
        if key and not way.fresh and (result := recall(key, folder)):
            return result
        cores = 1 if accel.name == "tcg" else job.topology.cpus
        with nullcontext() if job.channel else hold_cores(cores):
            result = _ran(qemu, job, accel.name, folder, way, talk)
        if key:
            remember(key, result, folder)
    except OSError as error:
        raise KtstrError(
            f"{error.filename or folder}: a run's files cannot be written: {error.strerror}"
        ) from None
    return result


def write_job(qemu: Qemu, job: VmJob, folder: Path) -> None:
    """What the guest reads, and the files that QEMU writes to, empty."""
    folder.mkdir(parents=True, exist_ok=True)
    bound = slice_of(qemu.release, job)
    (folder / "plan.txt").write_text((bound.plan_line if bound else "") + f"seed {job.seed}\n" + job.plan)
    (folder / JOB).write_text(job_to_json(job))
    for name in SAID:
        (folder / name).write_text("")


class _Company:
    """What a guest has until its end: who talks to it, if anyone does, and who waits."""

    def __init__(self, job: VmJob, talk: Talk | None) -> None:
        self._talk = talk
        self._ends = socket.socketpair() if job.channel else ()

    def __enter__(self) -> _Company:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.close()

    @property
    def descriptor(self) -> int | None:
        """QEMU's end of the channel."""
        return self._ends[1].fileno() if self._ends else None

    def see_out(self, machine: Machine, deadline: float) -> tuple[int, bool, str]:
        """A running machine's exit status, whether it had to be ended, and what it has printed."""
        if self._ends and self._talk:
            self._ends[1].close()  # QEMU has it: when that ends, so does what is read from ours
            self._talk(self._ends[0])
            deadline = time.monotonic() + _GOODBYE_S
        return (*machine.wait(deadline), machine.output)


@dataclass(frozen=True)
class _Ended:
    """A QEMU that ended: the rest of a result is read from its files."""

    command: tuple[str, ...]
    status: int
    timed_out: bool
    output: str
    wall_s: float
    template: Template | None


def _ran(qemu: Qemu, job: VmJob, accelerator: str, folder: Path, way: Way, talk: Talk | None) -> VmResult:
    files = folder / "files.cpio"
    files.write_bytes(archive(job.payload))
    try:
        with _Company(job, talk) as company:
            ended = None if way.cold else _cloned(qemu, job, accelerator, folder, company)
            ended = ended or _booted(qemu, job, accelerator, folder, company)
    finally:
        files.unlink()  # what it was made of is in the job
    (folder / "command.txt").write_text(shlex.join(ended.command) + "\n")
    console, events = read_said(folder)
    ending, why = classify(ended.status, ended.timed_out, events, console, job.wall_limit_s, ended.output)
    bound, kept = slice_of(qemu.release, job), ended.template
    return VmResult(
        ending=ending,
        why=why,
        events=events,
        console=console,
        qemu_output=ended.output,
        command=ended.command,
        accelerator=accelerator,
        clock=job.clock,
        qemu_version=qemu.version,
        turn_ns=bound.ns if bound else None,
        wall_s=ended.wall_s,
        start="clone" if kept else "boot",
        template=kept.key if kept else "",
        template_boot_s=kept.boot_s if kept else 0.0,
    )


def _cloned(qemu: Qemu, job: VmJob, accelerator: str, folder: Path, company: _Company) -> _Ended | None:
    """A clone's end; None where there is nothing to clone because the guest does not come up: booted, it shows why."""
    try:
        with template(qemu, job, accelerator) as kept:
            start = time.monotonic()
            deadline = start + job.wall_limit_s
            try:
                with clone(qemu, job, accelerator, folder, kept, deadline, company.descriptor) as running:
                    end = company.see_out(running.machine, deadline)
            except MonitorError as error:
                raise KtstrError(
                    f"a clone of template {kept.key} could not be started: {error};"
                    " `ktstr cache --verify` finds and removes a damaged template"
                ) from None
            wall_s = time.monotonic() - start
            for name in SAID:  # the guest's story begins in the template
                path = folder / name
                path.write_bytes((kept.folder / name).read_bytes() + path.read_bytes())
            return _Ended(running.command, *end, wall_s, kept)
    except NotKept:
        return None


def _booted(qemu: Qemu, job: VmJob, accelerator: str, folder: Path, company: _Company) -> _Ended:
    channel = company.descriptor
    command = tuple(boot_command(qemu, job, accelerator, folder, initramfs(job.files), channel))
    start = time.monotonic()
    with started(command, job.clock, [] if channel is None else [channel]) as machine:
        end = company.see_out(machine, start + job.wall_limit_s)
    return _Ended(command, *end, time.monotonic() - start, None)
