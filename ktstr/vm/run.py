"""Running a job: the function from VmJob to VmResult."""

from __future__ import annotations

import shlex
import socket
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache, seal
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.whole_file import write_whole
from ktstr.events.stream import MOST_BYTES
from ktstr.guest.initramfs import archive, initramfs
from ktstr.vm.budget import hold_cores
from ktstr.vm.executor import Talk
from ktstr.vm.host import topology_limit
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.origins import boot_files, check_image, origins, payload_files
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.command import boot_command
from ktstr.vm.qemu.plugins import INTERLEAVING, files_of, why_not_interleaved
from ktstr.vm.qemu.process import Process, started
from ktstr.vm.qemu.program import Qemu, find_qemu
from ktstr.vm.qemu.qmp import MonitorError
from ktstr.vm.qemu.template import KIND, NotKept, Template, clone, template
from ktstr.vm.qemu.vcpu_slice import slice_of
from ktstr.vm.remembered import recall, remember, result_key
from ktstr.vm.result import GUEST_STATUSES, SAID, VmResult, classify, read_said
from ktstr.vm.shared_results import fetch_result, share_result
from ktstr.vm.stored import JOB, job_to_json

__all__ = ["run", "write_job"]

# Host seconds in which a guest has to end once the talk is over.
_GOODBYE_S = 10.0


def run(
    job: VmJob,
    accel: Accel,
    folder: Path,
    options: RunOptions = DEFAULT_OPTIONS,
    talk: Talk | None = None,
    cancel: Cancel | None = None,
) -> VmResult:
    """Run `job` to its end in `folder`, which keeps the console, the events, the plan and the command.

    If the job has a channel, `talk` is called as soon as the guest runs, for as long as it takes. Such a run holds no
    core: who talks may be a person. With the virtual clock a job that ran before is not run again, unless
    `options.fresh`.

    QEMU is ended when the job's time limit is over, when an exception passes through (Ctrl-C), by the kernel when this
    process dies, and when another thread cancels `cancel`: within a second, whatever the run is waiting for, Cancelled
    is raised, and nothing is remembered. Raises KtstrError if QEMU is missing or cannot run the job.
    """
    cancel = cancel or Cancel()
    qemu = find_qemu()
    if limit := topology_limit(job.topology, accel):
        raise KtstrError(limit)
    if why_not := why_not_interleaved(qemu, job, accel.name):
        raise KtstrError(why_not)
    folder = folder.absolute()
    lasting = job.clock == "virtual"
    try:
        write_job(qemu, job, folder)
        cancel.check()
        if lasting and not options.fresh:
            key = result_key(qemu, job, accel.name, cold=options.cold)
            counted = files_of(qemu, job, accel.name)
            if result := recall(key, folder, counted):
                return result
            if fetch_result(qemu, job, accel.name, key, cold=options.cold, cancel=cancel) and (
                result := recall(key, folder, counted)
            ):
                return result
        cores = 1 if accel.name == "tcg" else job.topology.cpus
        with nullcontext() if job.channel else hold_cores(cores, cancel):
            result, by_guest = _ran(qemu, job, accel.name, folder, options, talk, cancel)
        if lasting and by_guest:
            # A guest that did not come up was booted even if a clone was asked for: it is kept as what it is.
            cold = result.start == "boot"
            key = result_key(qemu, job, accel.name, cold=cold)
            kept = [cache.cache_dir() / KIND / result.template / "state"] if result.template else []
            remember(key, result, folder, origins([*kept, *boot_files(job), *payload_files(job)]))
            share_result(qemu, job, accel.name, key, cold=cold)
    except OSError as error:
        raise KtstrError(
            f"{error.filename or folder}: a run's files cannot be written: {error.strerror}"
        ) from None
    return result


def write_job(qemu: Qemu, job: VmJob, folder: Path) -> None:
    """Write what the guest reads, and create the files that QEMU writes to."""
    folder.mkdir(parents=True, exist_ok=True)
    bound = slice_of(qemu.release, job)
    (folder / "plan.txt").write_text((bound.plan_line if bound else "") + f"seed {job.seed}\n" + job.plan)
    if job.interleaving:
        (folder / INTERLEAVING).write_text(job.interleaving)
    write_whole(folder / JOB, job_to_json(job))
    for name in SAID:
        (folder / name).write_text("")


class _Channel:
    """A job's channel: a pair of sockets, one for the guest and one for who talks to it; nothing without `channel`."""

    def __init__(self, job: VmJob, talk: Talk | None) -> None:
        self._talk = talk
        self._ends = socket.socketpair() if job.channel else ()

    def __enter__(self) -> _Channel:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.close()

    @property
    def descriptor(self) -> int | None:
        """QEMU's end."""
        return self._ends[1].fileno() if self._ends else None

    def wait(self, process: Process, deadline: float) -> tuple[int, bool, str, int]:
        """Talk to the guest, if anyone does, and wait for its end: the exit status, whether it had to be
        ended at `deadline`, what it printed, and for how many ns the host kept it waiting."""
        if self._ends and self._talk:
            self._ends[1].close()  # QEMU has inherited it, so what is read from ours ends when QEMU does
            self._talk(self._ends[0])
            deadline = time.monotonic() + _GOODBYE_S
        status, timed_out = process.wait(deadline)
        return status, timed_out, process.output, process.delay_ns


@dataclass(frozen=True)
class _Ended:
    """A QEMU that ended: the rest of a result is read from its files."""

    command: tuple[str, ...]
    status: int
    timed_out: bool
    output: str
    delay_ns: int
    wall_s: float
    template: Template | None

    @property
    def by_guest(self) -> bool:
        """Whether the guest ended it. If not, what it said was cut off at a moment that the host chose."""
        return self.status in GUEST_STATUSES and not self.timed_out


def _ran(
    qemu: Qemu,
    job: VmJob,
    accelerator: str,
    folder: Path,
    options: RunOptions,
    talk: Talk | None,
    cancel: Cancel,
) -> tuple[VmResult, bool]:
    """The result, and whether the guest alone decided it."""
    files = folder / "files.cpio"
    files.write_bytes(archive(job.payload))
    try:
        with _Channel(job, talk) as channel:
            ended = None if options.cold else _cloned(qemu, job, accelerator, folder, channel, cancel)
            ended = ended or _booted(qemu, job, accelerator, folder, channel, cancel)
    finally:
        files.unlink()  # job.json names what is in it
    (folder / "command.txt").write_text(shlex.join(ended.command) + "\n")
    console, events = read_said(folder)
    ending, why = classify(ended.status, ended.timed_out, events, console, job.wall_limit_s, ended.output)
    bound, kept = slice_of(qemu.release, job), ended.template
    result = VmResult(
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
        host_delay_ns=ended.delay_ns,
    )
    return result, ended.by_guest


def _cloned(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, channel: _Channel, cancel: Cancel
) -> _Ended | None:
    """How a clone ended; None if the guest does not boot far enough to be cloned: booted as the job, it shows why."""
    try:
        with template(qemu, job, accelerator, cancel) as kept:
            start = time.monotonic()
            deadline = start + job.wall_limit_s
            try:
                with clone(
                    qemu, job, accelerator, folder, kept, deadline, channel.descriptor, cancel=cancel
                ) as running:
                    end = channel.wait(running.process, deadline)
            except MonitorError as error:
                raise KtstrError(_not_cloned(kept, error)) from None
            wall_s = time.monotonic() - start
            for name in SAID:  # what the guest said before it was kept is in the template
                path = folder / name
                path.write_bytes((kept.folder / name).read_bytes() + path.read_bytes())
            return _Ended(running.command, *end, wall_s, kept)
    except NotKept:
        return None


def _not_cloned(kept: Template, error: MonitorError) -> str:
    """Why a clone did not start: its template has changed on the disk and is removed, or else the host is at fault."""
    what = f"a clone of template {kept.key} could not be started: {error}"
    if damage := seal.damage(kept.folder, whole=True):
        cache.discard(KIND, kept.key, "removing a damaged template")
        return f"{what} ({damage}; it was removed, and the next run boots it again)"
    return f"{what} (the template is as it was written; is this process's memory limited?)"


def _booted(
    qemu: Qemu, job: VmJob, accelerator: str, folder: Path, channel: _Channel, cancel: Cancel
) -> _Ended:
    check_image(job.kernel)
    end = channel.descriptor
    command = tuple(boot_command(qemu, job, accelerator, folder, initramfs(job.files), end))
    start = time.monotonic()
    inherited = [] if end is None else [end]
    with started(command, job.clock, inherited, most_bytes=MOST_BYTES, cancel=cancel) as process:
        ending = channel.wait(process, start + job.wall_limit_s)
    return _Ended(command, *ending, time.monotonic() - start, None)
