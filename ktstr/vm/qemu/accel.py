"""Which accelerator and clock guests get on this host.

`/dev/kvm` being there proves nothing: it may open and create a VM whose first MSR or SSE instruction then ends QEMU.
So a guest of a few instructions is booted, which does both, says so, and leaves.
"""

from __future__ import annotations

import json
import os
import platform
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.vm.budget import cores_of_host
from ktstr.vm.job import Clock
from ktstr.vm.qemu.command import Qemu, find_qemu, probe_command
from ktstr.vm.result import EXIT_DONE

__all__ = ["Accel", "probe", "probe_image"]

_KVM = Path("/dev/kvm")
_PROBE_LIMIT_S = 10.0
# The probe's guest, in 32-bit protected mode as a PVH entry begins: SSE on, one SSE instruction (it needs the host to
# emulate or run what kernels use), 0x10 to isa-debug-exit.
_CODE = bytes.fromhex(
    "0f20e0"  # mov eax, cr4
    "0d00020000"  # or eax, CR4.OSFXSR
    "0f22e0"  # mov cr4, eax
    "660fefc0"  # pxor xmm0, xmm0
    "66baf400"  # mov dx, 0xf4
    "b010"  # mov al, 0x10
    "ee"  # out dx, al
    "f4"  # hlt
    "ebfd"  # jmp to the hlt
)


@dataclass(frozen=True)
class Accel:
    """An accelerator, the clock that goes with it, and why it was chosen, in one line."""

    name: Literal["kvm", "tcg"]
    clock: Clock
    reason: str


def probe(clock: str = "auto", cpus: int | None = None) -> Accel:
    """The accelerator for a wanted clock: `real`, `virtual`, or `auto`, which is real where KVM works.

    The virtual clock is TCG's. A guest of more `cpus` than the host has cores is TCG's, too (None: it may take KVM
    all the same), because under KVM its CPUs would wait for one another. Raises KtstrError for another word, and where
    there is no QEMU.
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
    """Why KVM cannot be used, or None where it can. Booted once for a QEMU and a boot of the host."""
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
        told: Any = json.loads((entry / "kvm.json").read_text())["broken"]
    except (OSError, ValueError, KeyError):
        return _boot_probe(qemu)
    return told if isinstance(told, str) else None


def _boot_probe(qemu: Qemu) -> str | None:
    with tempfile.TemporaryDirectory(prefix="ktstr-probe-") as folder:
        image = Path(folder, "probe.elf")
        image.write_bytes(probe_image())
        try:
            done = subprocess.run(
                probe_command(qemu, image),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_LIMIT_S,
                cwd=folder,  # where a core that it may dump goes away with it
            )
        except subprocess.TimeoutExpired:
            return f"KVM is broken: its probe guest did nothing in {_PROBE_LIMIT_S:g} s"
    if done.returncode == EXIT_DONE:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    telling = [line for line in said if "warning" not in line]
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return f"KVM is broken: its probe guest ended with {how}" + (
        f" ({telling[0].strip()})" if telling else ""
    )


def probe_image() -> bytes:
    """The probe's guest: a 32-bit ELF image that is entered as a PVH guest (Xen's XEN_ELFNOTE_PHYS32_ENTRY, 18)."""
    base, offset = 0x100000, 0x1000
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", base + offset)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        *(2, 3, 1),  # ET_EXEC, EM_386, EV_CURRENT
        *(base + offset, 52, 0, 0),  # entry, program headers, section headers, flags
        *(52, 32, 2, 0, 0, 0),  # sizes and counts: two program headers, no sections
    )
    at = len(header) + 2 * 32
    size = offset + len(_CODE)
    load = struct.pack("<8I", 1, 0, base, base, size, size, 7, 0x1000)
    notes = struct.pack("<8I", 4, at, base + at, base + at, len(note), len(note), 4, 4)
    image = header + load + notes + note
    return image + bytes(offset - len(image)) + _CODE
