"""The guest of a shell, from what the user asked for."""

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
from ktstr.declare.setting import Setting
from ktstr.declare.test import KtstrTest
from ktstr.guest.initramfs import Packed
from ktstr.kernel.model import Kernel
from ktstr.plugin.kernels import skip_reason
from ktstr.run.assemble import assemble
from ktstr.run.program import scheduler_program
from ktstr.scenario.operations.shell import Shell
from ktstr.scenario.operations.sysctl import sysctls
from ktstr.scenario.plan import plan_of
from ktstr.shell.include import included, tools
from ktstr.vm.job import VmJob

__all__ = ["Guest", "Request", "Session", "refuse_early", "shell_guest"]

_MEMORY_MOST_MB = 2**20
_START = "start-scheduler"


@dataclass(frozen=True)
class Request:
    """What a user asked for; None: not given. `memory_mb` is as typed, `command` the argument of `--exec`."""

    kernel: str | None = None
    topology: str | None = None
    memory_mb: str | None = None
    test: str | None = None
    include: Sequence[Path] = ()
    command: str | None = None
    kernel_log: bool = False


@dataclass(frozen=True)
class Session:
    """How the session begins in the guest: the terminal's size (None: pipes), the time, and the host's TERM."""

    size: tuple[int, int] | None
    time_s: int
    term: str


@dataclass(frozen=True)
class Guest:
    """The job, and what the user should know about it, a line each."""

    job: VmJob
    notes: tuple[str, ...]


def refuse_early(request: Request) -> None:
    """Raise KtstrError for an option that no kernel could make acceptable, before one is fetched."""
    _memory_mb(request)
    _topology(request, None)
    if request.command is not None:
        _command(request.command)
    for path in request.include:
        if not path.exists():
            raise KtstrError(f"--include-files: {path}: No such file or directory")
    if request.test is not None:
        find_test(request.test)


def shell_guest(request: Request, kernel: Kernel, session: Session) -> Guest:
    """The guest of a session. KtstrError names the option whose value is not acceptable."""
    test = _chosen_test(request.test) if request.test is not None else None
    topology = _topology(request, test)
    named = included(request.include)
    notes = [f"--include-files: left out: {line}" for line in named.left_out]
    payload = [*tools(), *named.files]
    settings: tuple[Setting, ...] = ()
    kargs: tuple[str, ...] = ()
    if test is not None:
        scheduler = test.scheduler
        if (reason := skip_reason(test, kernel, run_ignored=True)) is not None:
            notes.append(f"the test would be skipped: {reason}")
        program = scheduler_program(test.scheduler_with_files, kernel, test.sched_args, topology=topology)
        payload += program.files
        if program.command:
            payload.append(_start_script(program.command))
            notes.append(f"`{_START}` starts the test's scheduler, {scheduler.title}")
        kargs = scheduler.kargs
        settings = (*sysctls(scheduler.sysctls), *scheduler.enable)
    command = () if request.command is None else (_command(request.command),)
    rows, columns = session.size or (0, 0)
    script = ("/bin/busybox", "sh", "/ktstr/session.sh", str(session.time_s), session.term, *command)
    line = Shell(bool(session.size), rows, columns, request.kernel_log, script)
    asked_mb = _memory_mb(request)
    job = assemble(
        kernel=kernel,
        topology=topology,
        plan=plan_of([*settings, line], topology),
        clock="real",
        seed=1,
        payload=payload,
        kargs=kargs,
        memory_mb=asked_mb or (test.memory_mb if test else None),
        memory_of=f"--memory {asked_mb}",
        # A user's files may be too much for what the test asks.
        at_least=asked_mb is None,
        channel=True,
    )
    return Guest(job, tuple(notes))


def _chosen_test(name: str) -> KtstrTest:
    """The test, of the variant that its parameters in brackets name, or else of the first, if it has any."""
    test = find_test(name).test
    parameters = name.partition("[")[2].removesuffix("]")
    named = [one for one in test.variants if f"-{one}-" in f"-{parameters}-"]
    return test.of_variant((named or test.variants)[0]) if test.variants else test


def _topology(request: Request, test: KtstrTest | None) -> Topology:
    if request.topology is None:
        return test.topology if test else DEFAULT_TOPOLOGY
    try:
        return Topology.parse(request.topology)
    except KtstrError as error:
        raise KtstrError(f"--topology: {error}") from None


def _memory_mb(request: Request) -> int | None:
    if request.memory_mb is None:
        return None
    if not request.memory_mb.isdecimal() or not 0 < (memory_mb := int(request.memory_mb)) <= _MEMORY_MOST_MB:
        raise KtstrError(f"--memory {request.memory_mb}: must be a whole number of MiB, such as 512")
    return memory_mb


def _command(text: str) -> str:
    if not string(text, "--exec").strip():
        raise KtstrError("--exec: must name a command")
    return text


def _start_script(command: Sequence[str]) -> Packed:
    """A script that starts the scheduler as the test does, with the script's arguments added."""
    text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'

    def make(folder: Path) -> None:
        (folder / _START).write_text(text)

    source = cache.entry("shell", cache.digest(text), "writing a script", make) / _START
    return Packed(f"/ktstr/bin/{_START}", source, 0o755, "starts the test's scheduler")
