"""Which accelerator and clock guests get on this host.

That `/dev/kvm` exists proves nothing: it may open and create a VM whose first MSR or SSE instruction then ends QEMU.
So a guest of a few instructions is booted, which executes both, reports it, and exits.
"""

from __future__ import annotations

import json
import os
import platform
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.scratch import scratch
from ktstr.vm.budget import cores_of_host
from ktstr.vm.job import Clock
from ktstr.vm.qemu.command import probe_command
from ktstr.vm.qemu.program import Qemu, find_qemu
from ktstr.vm.result import EXIT_DONE

__all__ = ["Accel", "probe", "probe_image"]

_KVM = Path("/dev/kvm")
_PROBE_LIMIT_S = 10.0


@dataclass(frozen=True)
class Accel:
    """An accelerator, the clock that goes with it, and in one line why it was chosen."""

    name: Literal["kvm", "tcg"]
    clock: Clock
    reason: str


def probe(clock: str = "auto", cpus: int | None = None) -> Accel:
    """The accelerator for a wanted clock: `real`, `virtual`, or `auto`, which is real where KVM works.

    The virtual clock is TCG's. A guest of more `cpus` than the host has cores is TCG's, too (None: it may take KVM
    all the same), because under KVM its CPUs would wait for one another. Raises KtstrError for another word, and
    if there is no QEMU.
    """
    if clock not in ("auto", "real", "virtual"):
        raise KtstrError(f"clock {clock!r}: must be real, virtual or auto")
    if clock == "virtual":
        return Accel("tcg", "virtual", "the virtual clock was asked for; it is TCG's")
    broken = _kvm_broken(find_qemu())
    if broken is None and cpus is not None and cpus > (cores := cores_of_host()):
        broken = f"{cpus} CPUs are more than the host's {cores} cores; --oversubscribe puts them on KVM"
    if broken is None:
        return Accel("kvm", "real", "KVM booted the probe")
    if clock == "real":
        return Accel("tcg", "real", f"the real clock was asked for; {broken}")
    return Accel("tcg", "virtual", broken)


def _kvm_broken(qemu: Qemu) -> str | None:
    """Why KVM cannot be used, or None if it can. The probe is booted once for a QEMU and a boot of the host."""
    if not _KVM.exists():
        return "KVM is not there: no /dev/kvm"
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return "KVM may not be used: no permission on /dev/kvm (join its group, usually kvm)"
    stat = qemu.path.stat()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    key = cache.digest(
        "probe-1", str(qemu.path), str(stat.st_size), str(stat.st_mtime_ns), boot, platform.release()
    )

    def make(partial: Path) -> None:
        (partial / "kvm.json").write_text(json.dumps({"broken": _boot_probe(qemu)}))

    entry = cache.entry("accel", key, "probing whether KVM works", make)
    try:
        broken: Any = json.loads((entry / "kvm.json").read_text())["broken"]
    except (OSError, ValueError, KeyError):
        return _boot_probe(qemu)
    return broken if isinstance(broken, str) else None


def _boot_probe(qemu: Qemu) -> str | None:
    with scratch("probe") as folder:
        image = folder / "probe.elf"
        image.write_bytes(probe_image())
        try:
            done = subprocess.run(
                probe_command(qemu, image),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_LIMIT_S,
                cwd=folder,  # a core that it may dump is removed with it
            )
        except subprocess.TimeoutExpired:
            return f"KVM is broken: its probe guest did nothing in {_PROBE_LIMIT_S:g} s"
    if done.returncode == EXIT_DONE:
        return None
    printed = done.stderr.decode(errors="replace").strip().splitlines()
    errors = [line for line in printed if "warning" not in line]
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return f"KVM is broken: its probe guest ended with {how}" + (f" ({errors[0].strip()})" if errors else "")


def probe_image() -> bytes:
    """The probe's guest: a 32-bit ELF image that is entered as a PVH guest (Xen's XEN_ELFNOTE_PHYS32_ENTRY, 18)."""
    code, base, offset = machine_of_host().probe_code, 0x100000, 0x1000
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", base + offset)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        *(2, 3, 1),  # ET_EXEC, EM_386, EV_CURRENT
        *(base + offset, 52, 0, 0),  # entry, program headers, section headers, flags
        *(52, 32, 2, 0, 0, 0),  # sizes and counts: two program headers, no sections
    )
    at = len(header) + 2 * 32
    size = offset + len(code)
    load = struct.pack("<8I", 1, 0, base, base, size, size, 7, 0x1000)
    notes = struct.pack("<8I", 4, at, base + at, base + at, len(note), len(note), 4, 4)
    image = header + load + notes + note
    return image + bytes(offset - len(image)) + code
