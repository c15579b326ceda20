"""Running a job: the function from VmJob to VmResult."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from ktstr.errors import KtstrError
from ktstr.guest.initramfs import initramfs
from ktstr.process import child_dies_with_us
from ktstr.vm.accel import Accel
from ktstr.vm.budget import hold_cores
from ktstr.vm.job import VmJob
from ktstr.vm.qemu import TCG_MAX_CPUS, command, find_qemu
from ktstr.vm.result import VmResult, classify, parse_events
from ktstr.vm.turn import turn_for

__all__ = ["run"]

# A guest that prints without end must not fill the host's disk; what matters is at both ends.
_CONSOLE_LIMIT = 4 * 2**20


def run(job: VmJob, accel: Accel, folder: Path) -> VmResult:
    """Run `job` to its end in `folder`, which keeps the console, the events, the plan and the command.

    QEMU is ended when the job's time is over, when an exception passes through (Ctrl-C), and by the kernel when
    this process dies. Raises KtstrError where QEMU is missing or the job is more than it can do.
    """
    qemu = find_qemu()
    if accel.name == "tcg" and job.topology.cpus > TCG_MAX_CPUS:
        raise KtstrError(
            f"topology {job.topology}: {job.topology.cpus} CPUs; QEMU without KVM can do {TCG_MAX_CPUS} at most"
        )
    bounded = job.clock == "virtual" and job.bounded_turn
    turn = turn_for(qemu.release, job.topology.cpus) if bounded else None
    image = initramfs(job.files)
    folder = folder.absolute()
    arguments = command(qemu, job, accel.name, folder, image)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.txt").write_text((turn.plan_line if turn else "") + job.plan)
        for name in ("console.log", "events.jsonl"):
            (folder / name).write_text("")
        (folder / "command.txt").write_text(shlex.join(arguments) + "\n")
    except OSError as error:
        raise KtstrError(
            f"{error.filename or folder}: a run's files cannot be written: {error.strerror}"
        ) from None

    with hold_cores(1 if accel.name == "tcg" else job.topology.cpus):
        start = time.monotonic()
        status, timed_out, output = _wait(arguments, job.wall_limit_s)
        wall_s = time.monotonic() - start

    console = _text(folder / "console.log")
    events = parse_events((folder / "events.jsonl").read_text(errors="replace"))
    ending, why = classify(status, timed_out, events, console, job.wall_limit_s, output)
    return VmResult(
        ending=ending,
        why=why,
        events=events,
        console=console,
        qemu_output=output,
        command=tuple(arguments),
        accelerator=accel.name,
        clock=job.clock,
        qemu_version=qemu.version,
        turn_ns=turn.ns if turn else None,
        wall_s=wall_s,
    )


def _wait(arguments: list[str], limit_s: float) -> tuple[int, bool, str]:
    """QEMU's exit status, whether its time was over, and what it printed."""
    try:
        # A session of its own: Ctrl-C at the terminal is for this process, which then ends QEMU.
        qemu = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=child_dies_with_us(),
        )
    except OSError as error:
        raise KtstrError(f"{arguments[0]}: cannot be started: {error.strerror}") from None
    timed_out = False
    try:
        try:
            output, _ = qemu.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            timed_out = True
            _kill(qemu)
            output, _ = qemu.communicate()
    except BaseException:
        _kill(qemu)
        qemu.wait()
        raise
    return qemu.returncode, timed_out, output.decode(errors="replace")


def _kill(qemu: subprocess.Popen[bytes]) -> None:
    """End QEMU, and with it what a wrapper around it has started: all its session."""
    with suppress(ProcessLookupError):
        os.killpg(qemu.pid, signal.SIGKILL)


def _text(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > _CONSOLE_LIMIT:
        half = _CONSOLE_LIMIT // 2
        data = data[:half] + b"\n[... the middle is left out ...]\n" + data[-half:]
    return data.decode(errors="replace").replace("\r\n", "\n")
