"""A job's run under a debugger: replayed from QEMU's record of it, both ways, or as a clone, forwards only.

QEMU's record/replay refuses guests with more than one CPU. Such a run can only be repeated from its beginning.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.guest.initramfs import archive, initramfs
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.command import START, record_command, replay_command
from ktstr.vm.qemu.disk import empty_disk
from ktstr.vm.qemu.process import Process, started
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.qemu.qmp import MonitorError, Qmp, monitor_sockets
from ktstr.vm.qemu.template import clone, template
from ktstr.vm.result import Ending, Event, classify, read_said
from ktstr.vm.run import write_job

__all__ = ["Recorded", "Replaying", "can_record", "paused_clone", "record", "replaying"]

# Host seconds; what it limits takes a few.
_LIMIT_S = 600.0


def can_record(job: VmJob) -> bool:
    """Whether QEMU can record a guest like the job's."""
    return job.topology.cpus == 1


@dataclass(frozen=True)
class Replaying:
    """A QEMU that replays a run: its monitor, and the socket at which it serves a debugger."""

    process: Process
    monitor: Qmp
    gdb: Path

    def at(self) -> int:
        """The position: instructions since the start of the record."""
        return int(self.monitor.command("query-replay")["icount"])

    def keep(self, icount: int, name: str) -> None:
        """Go to an instruction, forwards or backwards, and keep a snapshot there. MonitorError if that fails."""
        self.monitor.command("replay-seek", icount=icount)
        while self.at() != icount or self.monitor.command("query-status")["running"]:
            time.sleep(0.05)
        # Only the human monitor has this command, and it reports a failure as text.
        line: dict[str, Any] = {"command-line": f"savevm {name}"}
        if failure := str(self.monitor.command("human-monitor-command", **line)).strip():
            raise MonitorError(f"no snapshot could be kept: {failure}")


@dataclass(frozen=True)
class Recorded:
    """How a recorded run ended, why in one line, and its events."""

    ending: Ending
    why: str
    events: tuple[Event, ...]


def record(job: VmJob, folder: Path) -> Recorded:
    """Boot the job's guest and record its whole run in `folder`."""
    qemu = find_qemu()
    _prepare(job, folder)
    disk = folder / "snapshots.qcow2"
    disk.write_bytes(empty_disk())
    command = record_command(qemu, job, folder, initramfs(job.files), disk)
    # Not serialized: QEMU has a lock of its own for its threads while it records.
    with started(command, "real") as process:
        status, timed_out = process.wait(time.monotonic() + _LIMIT_S)
        output = process.output
    console, events = read_said(folder)
    return Recorded(*classify(status, timed_out, events, console, _LIMIT_S, output), events)


@contextmanager
def replaying(job: VmJob, folder: Path, snapshot: str = START) -> Iterator[Replaying]:
    """The recorded run in `folder`, stopped at a snapshot. Raises MonitorError if QEMU does not start."""
    gdb = folder / "gdb.sock"
    gdb.unlink(missing_ok=True)
    with monitor_sockets() as (ours, theirs):
        command = replay_command(
            find_qemu(),
            job,
            folder,
            initramfs(job.files),
            folder / "snapshots.qcow2",
            snapshot,
            gdb,
            theirs.fileno(),
        )
        with started(command, "real", [theirs.fileno()]) as process:
            theirs.close()
            yield Replaying(process, Qmp(ours, time.monotonic() + _LIMIT_S), gdb)


@contextmanager
def paused_clone(job: VmJob, folder: Path) -> Iterator[Path]:
    """A clone that is about to run the job: the socket at which a debugger continues it.

    Up to the debugger's first stop it does exactly what the job's run did. Raises MonitorError if QEMU does not start.
    """
    _prepare(job, folder)
    gdb = folder / "gdb.sock"
    gdb.unlink(missing_ok=True)
    qemu = find_qemu()
    with (
        template(qemu, job, "tcg") as kept,
        clone(qemu, job, "tcg", folder, kept, time.monotonic() + _LIMIT_S, gdb=gdb),
    ):
        yield gdb


def _prepare(job: VmJob, folder: Path) -> None:
    write_job(find_qemu(), job, folder)
    (folder / "files.cpio").write_bytes(archive(job.payload))
