"""A stand-in for QEMU: a shell script that takes QEMU's arguments and behaves as a test says."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed
from ktstr.kernel.model import Kernel
from ktstr.vm.job import VmJob

_SCRIPT = """#!/bin/sh
if [ "$1" = --version ]; then echo "QEMU emulator version {version}"; exit 0; fi
if [ "$1" = -L ]; then echo /usr/share/qemu; exit 0; fi
for argument; do
    case $argument in
    file,id=events,path=*) events=${{argument#*path=}} ;;
    file:*) console=${{argument#file:}} ;;
    esac
done
echo $$ >{pid}
{body}
"""


def stand_in(folder: Path, body: str, version: str = "7.2.99") -> Path:
    """The script; `body` may use $events and $console. It writes its process id to `folder`/pid."""
    script = folder / "qemu"
    script.write_text(_SCRIPT.format(body=body, version=version, pid=folder / "pid"))
    script.chmod(0o755)
    return script


def a_job(
    folder: Path, topology: str = "1n1l2c1t", plan: str = "hold 1\n", wall_limit_s: float = 60
) -> VmJob:
    """A job whose files are not real; the stand-in does not read them."""
    for name in ("vmlinux", "config", "init"):
        (folder / name).write_text(name)
    kernel = Kernel(
        key="7.0.13-debian-00000000",
        version="7.0.13",
        release="7.0.13-cloud-amd64",
        source="a test",
        image=folder / "vmlinux",
        image_sha256=hashlib.sha256(b"vmlinux").hexdigest(),
        config=folder / "config",
        sched_ext=True,
    )
    return VmJob(
        kernel=kernel,
        topology=Topology.parse(topology),
        memory_mb=256,
        files=(Packed("/init", folder / "init", 0o755, "a test"),),
        payload=(),
        plan=plan,
        clock="virtual",
        seed=1,
        wall_limit_s=wall_limit_s,
    )


def pid_in(path: Path) -> int:
    """The process id that is written to `path`, as soon as it is."""
    for _ in range(2000):
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def ended(pid: int) -> bool:
    """Whether the process has ended, or ends within a generous time; it may not have been reaped yet."""
    for _ in range(2000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False
