"""From what a user asked of `shell` to the job that is its guest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.topology import DEFAULT_TOPOLOGY, Topology
from ktstr.base.values import string
from ktstr.declare.discovery import find_test
from ktstr.declare.test import KtstrTest
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import Packed, base_files, size_mb
from ktstr.kernel.model import Kernel
from ktstr.plugin.kernels import skip_reason
from ktstr.run.program import scheduler_program
from ktstr.scenario.plan import plan_lines, sysctl_lines
from ktstr.shell.include import included, tools
from ktstr.vm.job import VmJob, default_memory_mb, least_memory_mb

__all__ = ["Guest", "Request", "Session", "shell_guest"]

_MEMORY_MOST_MB = 2**20
_START = "start-scheduler"


@dataclass(frozen=True)
class Request:
    """What a user asked for; None: left open. `memory_mb` is as it was typed, `command` what `--exec` was given."""

    kernel: str | None = None
    topology: str | None = None
    memory_mb: str | None = None
    test: str | None = None
    include: Sequence[Path] = ()
    command: str | None = None
    kernel_log: bool = False


@dataclass(frozen=True)
class Session:
    """How the guest's side begins: with a terminal of a size (None: with pipes), the time, and the host's TERM."""

    size: tuple[int, int] | None
    time_s: int
    term: str


@dataclass(frozen=True)
class Guest:
    """The job, and what a user should know of it, a line each."""

    job: VmJob
    notes: tuple[str, ...]


def shell_guest(request: Request, kernel: Kernel, session: Session) -> Guest:
    """The guest of a session; KtstrError naming the option where a value is not acceptable."""
    test = find_test(request.test).test if request.test is not None else None
    topology = _topology(request, test)
    named = included(request.include)
    notes = [f"--include-files: left out: {line}" for line in named.left_out]
    payload = [*tools(), *named.files]
    sysctls: list[Sequence[str]] = []
    kargs: tuple[str, ...] = ()
    if test is not None:
        scheduler = test.scheduler
        if (reason := skip_reason(test, kernel, run_ignored=True)) is not None:
            notes.append(f"the test would be skipped: {reason}")
        program = scheduler_program(scheduler, kernel, test.sched_args)
        payload += program.files
        if program.command:
            payload.append(_start_script(program.command))
            notes.append(f"`{_START}` starts the test's scheduler, {scheduler.name}")
        kargs = scheduler.kargs
        sysctls = sysctl_lines(scheduler.sysctls)
    command = () if request.command is None else (_command(request.command),)
    rows, columns = session.size or (0, 0)
    line = (
        *("shell", "terminal" if session.size else "pipes", str(rows), str(columns)),
        "kernel" if request.kernel_log else "-",
        *("/bin/busybox", "sh", "/ktstr/session.sh", str(session.time_s), session.term, *command),
    )
    packed_mb = size_mb(payload)
    job = VmJob(
        kernel=kernel,
        topology=topology,
        memory_mb=_memory_mb(request, test, topology, packed_mb),
        files=tuple(base_files(build_agent(), kernel.config, kernel.release)),
        payload=tuple(payload),
        plan=plan_lines([*sysctls, line]),
        clock="real",
        seed=1,
        kargs=kargs,
        channel=True,
    )
    return Guest(job, tuple(notes))


def _topology(request: Request, test: KtstrTest | None) -> Topology:
    if request.topology is None:
        return test.topology if test else DEFAULT_TOPOLOGY
    try:
        return Topology.parse(request.topology)
    except KtstrError as error:
        raise KtstrError(f"--topology: {error}") from None


def _memory_mb(request: Request, test: KtstrTest | None, topology: Topology, packed_mb: int) -> int:
    least = least_memory_mb(topology, packed_mb)
    if request.memory_mb is None:
        asked = test.memory_mb if test else None
        return max(asked or default_memory_mb(topology, packed_mb), least)
    if not request.memory_mb.isdecimal() or not 0 < (memory_mb := int(request.memory_mb)) <= _MEMORY_MOST_MB:
        raise KtstrError(f"--memory {request.memory_mb}: must be a whole number of MiB, such as 512")
    if memory_mb < least:
        raise KtstrError(
            f"--memory {memory_mb}: a guest of {topology} with {packed_mb} MiB of files needs {least} MiB"
        )
    return memory_mb


def _command(text: str) -> str:
    if not string(text, "--exec").strip():
        raise KtstrError("--exec: must name a command")
    return text


def _start_script(command: Sequence[str]) -> Packed:
    """A script that is the scheduler as the test starts it; what is given to it comes last."""
    text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'

    def make(folder: Path) -> None:
        (folder / _START).write_text(text)

    source = cache.entry("shell", cache.digest(text), "writing a script", make) / _START
    return Packed(f"/ktstr/bin/{_START}", source, 0o755, "starts the test's scheduler")
