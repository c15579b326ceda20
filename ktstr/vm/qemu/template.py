"""Templates: booted guests in the cache, for every job that shares their machine; a job starts as a clone of one.

A template is the guest's RAM, in files that clones map copy-on-write, and the state of its devices, a migration stream
without the RAM (capability `x-ignore-shared`). The guest itself chooses the instant at which it is kept.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.base import cache
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.per_environment import kept_file
from ktstr.base.upkeep import evict
from ktstr.events.stream import MOST_BYTES
from ktstr.guest.initramfs import Packed, initramfs
from ktstr.vm.job import VmJob
from ktstr.vm.origins import boot_files, check_image, origins
from ktstr.vm.qemu.command import clone_command, template_command
from ktstr.vm.qemu.process import Process, started
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.qemu.qmp import MonitorError, Qmp, monitor_sockets
from ktstr.vm.qemu.serialize import serializer_entry, serializer_sources
from ktstr.vm.result import GUEST_STATUSES, SAID, ended_how

__all__ = ["KIND", "Clone", "NotKept", "Template", "about", "clone", "template", "template_key"]

KIND = "templates"
"""The name of the cache's folder of templates."""
_STATE, _ABOUT = "state", "template.json"
# A boot takes seconds; this limit is for a QEMU that does not run its guest.
_BOOT_LIMIT_S = 600.0
_END_S = 1.0  # from the end of its monitor to that of its process
_BOOTS = 2  # how often a boot is tried if its QEMU is killed


class NotKept(MonitorError):
    """The guest ended, or hung, before the instant at which it is kept; booted as a job it shows why."""


class _Killed(Exception):
    """The template's QEMU ended, and not by its guest's doing; the message says how, in one line."""


@dataclass(frozen=True)
class Template:
    """A kept guest: its key, its folder, and the host seconds of its boot if it was booted just now, else 0."""

    key: str
    folder: Path
    boot_s: float


@dataclass(frozen=True)
class Clone:
    """A clone that runs, and the command that started it."""

    process: Process
    command: tuple[str, ...]


def template_key(qemu: Qemu, job: VmJob, accelerator: str, *, any_compiler: bool = False) -> str:
    """What a template depends on: its whole command line, by content, and under KVM the host's CPU and kernel.

    With `any_compiler` the library in QEMU counts by its source; else by what made it, too.
    """
    nowhere = Path("/folder")
    command = template_command(qemu, job, accelerator, nowhere, Path("/initramfs"), 0)
    replaced = {str(qemu.path): qemu.digest, str(job.kernel.image): job.kernel.image_sha256}
    host = [_host_cpu(), platform.release()] if accelerator == "kvm" else []
    files = _initramfs(job.files).parent.name  # an entry of the cache is named by its content
    preloaded = serializer_sources() if any_compiler else serializer_entry()
    serializer = [preloaded] if job.clock == "virtual" else []
    return cache.digest(
        "template-3", files, *serializer, *(replaced.get(part, part) for part in command), *host
    )


@kept_file
def _initramfs(files: tuple[Packed, ...]) -> Path:
    return initramfs(files)


@contextmanager
def template(qemu: Qemu, job: VmJob, accelerator: str, cancel: Cancel | None = None) -> Iterator[Template]:
    """The template of `job`, booted if the cache does not have it, and safe from eviction within the block.

    A boot whose QEMU is killed is tried once more: that says nothing of the guest. Raises NotKept if the guest does not
    come up, KtstrError if QEMU was killed again or the template cannot be stored, Cancelled if `cancel` stops its boot
    or the wait for another process that boots it.
    """
    key = template_key(qemu, job, accelerator)
    boot_s = 0.0
    killed = 0

    def make(folder: Path) -> None:
        nonlocal boot_s
        boot_s = _boot(qemu, job, accelerator, folder, cancel)

    what = f"booting {job.kernel.version} on {job.topology} to clone it"
    while True:
        try:
            folder = cache.entry(KIND, key, what, make, cancel)
        except _Killed as error:
            killed += 1
            if killed == _BOOTS:
                raise KtstrError(
                    f"{what}: {error}, {_BOOTS} times: the host may lack memory, or room for the cache"
                ) from None
            print(f"ktstr: {what}: {error}; trying again", file=sys.stderr, flush=True)
            continue
        with cache.in_use(KIND, key) as there:
            if not there:
                continue  # evicted in between
            if boot_s:
                evict()
            yield Template(key, folder, boot_s)
            return


@contextmanager
def clone(
    qemu: Qemu,
    job: VmJob,
    accelerator: str,
    folder: Path,
    kept: Template,
    deadline: float,
    channel: int | None = None,
    gdb: Path | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Clone]:
    """A clone of `kept` that carries out `job` in `folder`; `channel` is the descriptor of the job's channel, if any.

    With `gdb`, the path of a socket, it does not run until a debugger there continues it. Raises MonitorError if QEMU
    refuses the state, Cancelled if `cancel` stops it.
    """
    with monitor_sockets() as (ours, theirs):
        arguments = clone_command(qemu, job, accelerator, folder, kept.folder, theirs.fileno(), channel, gdb)
        inherited = [theirs.fileno(), *([] if channel is None else [channel])]
        debugged = gdb is not None
        with started(
            arguments, job.clock, inherited, debugged=debugged, most_bytes=MOST_BYTES, cancel=cancel
        ) as process:
            theirs.close()
            try:
                monitor = Qmp(ours, deadline)
                _restore(monitor, (kept.folder / _STATE).read_bytes())
                if gdb is None:
                    monitor.command("cont")
            except MonitorError as error:
                raise MonitorError(_with_output(error, process)) from None
            yield Clone(process, tuple(arguments))


def about(folder: Path) -> dict[str, Any]:
    """The description in a template's folder: its machine, and what it was made of.

    Raises OSError or ValueError if it cannot be read.
    """
    made: dict[str, Any] = json.loads((folder / _ABOUT).read_text())
    return made


def _boot(qemu: Qemu, job: VmJob, accelerator: str, folder: Path, cancel: Cancel | None) -> float:
    """Boot a guest in `folder` and keep it there; returns the host seconds that took."""
    _check_room(job)
    check_image(job.kernel)
    start = time.monotonic()
    image = initramfs(job.files)
    for name in SAID:
        (folder / name).touch()
    with monitor_sockets() as (ours, theirs):
        arguments = template_command(qemu, job, accelerator, folder, image, theirs.fileno())
        with _progress(job), started(arguments, job.clock, [theirs.fileno()], cancel=cancel) as process:
            theirs.close()
            try:
                monitor = Qmp(ours, start + _BOOT_LIMIT_S)
                monitor.event("STOP")
                (folder / _STATE).write_bytes(_saved(monitor))
            except MonitorError as error:
                _refuse_killed(process)
                raise NotKept(_with_output(error, process)) from None
    boot_s = time.monotonic() - start
    made = {
        "kernel": job.kernel.version,
        "topology": str(job.topology),
        "memory_mb": job.memory_mb,
        "clock": job.clock,
        "accelerator": accelerator,
        "qemu": qemu.version,
        "kargs": list(job.kargs),
        "boot_s": round(boot_s, 3),
        "command": shlex.join(arguments),
        "made_of": origins(boot_files(job)),
    }
    (folder / _ABOUT).write_text(json.dumps(made, indent=2) + "\n")
    return boot_s


def _refuse_killed(process: Process) -> None:
    """Raise _Killed if QEMU has ended by what is no doing of its guest; one that still runs has a guest that hangs."""
    status, runs = process.wait(time.monotonic() + _END_S)
    if not runs and status not in GUEST_STATUSES:
        raise _Killed(ended_how(status, process.output))


def _check_room(job: VmJob) -> None:
    """Refuse if the disk may fill up: a guest's RAM is a mapped file, so QEMU would die without a message."""
    free_mb = shutil.disk_usage(cache.cache_dir()).free // 2**20
    if free_mb < job.memory_mb:
        raise KtstrError(
            f"cache directory {cache.cache_dir()}: {free_mb} MiB free, and a template of this guest may take"
            f" {job.memory_mb}; make room (`ktstr cache --clean`), set KTSTR_CACHE_DIR, or boot with --cold"
        )


def _saved(monitor: Qmp) -> bytes:
    """The stopped machine's state."""
    _set_capabilities(monitor)
    out, into = os.pipe()
    try:
        monitor.command("getfd", descriptor=into, fdname="state")
    finally:
        os.close(into)
    with os.fdopen(out, "rb") as stream, ThreadPoolExecutor(1) as pool:
        state = pool.submit(stream.read)
        monitor.command("migrate", uri="fd:state")
        _await_migration(monitor, "QEMU could not save the guest's state")
        return state.result()


def _restore(monitor: Qmp, state: bytes) -> None:
    """Load a machine's state; the machine stays stopped."""
    _set_capabilities(monitor)
    # For half a second after a restore QEMU announces itself to a network, which wakes its main loop at moments that
    # depend on the host's load, and under icount that changes what the guest does.
    monitor.command("migrate-set-parameters", **{"announce-rounds": 0})
    out, into = os.pipe()
    try:
        monitor.command("getfd", descriptor=out, fdname="state")
    finally:
        os.close(out)
    try:
        with os.fdopen(into, "wb") as stream:
            monitor.command("migrate-incoming", uri="fd:state")
            stream.write(state)
    except BrokenPipeError:
        pass  # the event reports the failure
    _await_migration(monitor, "QEMU refused the template's state")


def _set_capabilities(monitor: Qmp) -> None:
    wanted = ("x-ignore-shared", "events")
    monitor.command(
        "migrate-set-capabilities", capabilities=[{"capability": name, "state": True} for name in wanted]
    )


def _await_migration(monitor: Qmp, failure: str) -> None:
    while (status := monitor.event("MIGRATION")["status"]) != "completed":
        if status == "failed":
            raise MonitorError(failure)


def _with_output(error: MonitorError, process: Process) -> str:
    """The monitor's error with the last line that QEMU printed."""
    lines = process.output.strip().splitlines()
    return f"{error}: {lines[-1]}" if lines else str(error)


@contextmanager
def _progress(job: VmJob) -> Iterator[None]:
    """Show on a terminal how long a boot takes, if it takes longer than a second."""
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    over = threading.Event()
    description = f"booting {job.kernel.version} on {job.topology}"
    with Progress(desc=description, bar_format="{desc} {elapsed}") as bar:

        def show() -> None:
            while not over.wait(0.5):
                bar.update(0)
                bar.refresh()

        thread = threading.Thread(target=show, daemon=True)
        if not bar.disable:
            thread.start()
        try:
            yield
        finally:
            over.set()
            if not bar.disable:
                thread.join()


def _host_cpu() -> str:
    """The host's CPU model and features, which a guest under KVM sees."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = ("vendor_id", "cpu family", "model", "stepping", "microcode", "flags")
    seen: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in fields:
            seen.setdefault(name.strip(), value.strip())
    return json.dumps(seen, sort_keys=True)
