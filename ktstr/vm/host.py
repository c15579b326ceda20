"""What this host runs guests with: the emulator, the accelerator and the clock that go with it, and their limits.

Code outside `ktstr/vm/` asks here and does not know which emulator it is.
"""

from __future__ import annotations

import platform

from ktstr.base.machine import MACHINES
from ktstr.base.topology import Topology
from ktstr.vm.qemu.accel import Accel, probe
from ktstr.vm.qemu.cpus import emulation_limit, hosting_limit
from ktstr.vm.qemu.program import find_qemu, packages_of
from ktstr.vm.qemu.vcpu_slice import UNBOUNDED_NS, slice_for

__all__ = [
    "Accel",
    "emulation_limit",
    "emulator_build",
    "emulator_packages",
    "emulator_version",
    "probe",
    "topology_limit",
    "vcpu_slice_ns",
]


def emulator_version() -> str:
    """The version of the emulator that guests run in; KtstrError if there is none that can be used."""
    return find_qemu().version


def emulator_build() -> str:
    """A key over the emulator's program and firmware: hosts where it is the same have the same results.

    KtstrError if there is none that can be used.
    """
    return find_qemu().digest


def topology_limit(topology: Topology, accel: Accel) -> str | None:
    """Why this host's emulator cannot run a topology, in one line, or None if it can; KtstrError if there is none."""
    release = find_qemu().release
    return (
        emulation_limit(topology, release, accel.clock)
        if accel.name == "tcg"
        else hosting_limit(topology, release)
    )


def emulator_packages() -> dict[str, str]:
    """The packages that have the emulator, by family of distributions (`debian`, `fedora`, `arch`).

    On a host that ktstr does not run on they are the first machine's; `probe` reports that.
    """
    name = platform.machine()
    return packages_of(next((machine for machine in MACHINES if machine.name == name), MACHINES[0]))


def vcpu_slice_ns(cpus: int, *, bounded: bool) -> int:
    """How long a CPU of a guest of `cpus` runs at a time under the virtual clock, in guest nanoseconds.

    `bounded` is the job's `bounded_turn`. Meanwhile the other CPUs stand still while guest time goes on, so a finer
    measurement of them measures the emulator. KtstrError if there is no emulator.
    """
    bound = slice_for(find_qemu().release, cpus) if bounded else None
    return bound.ns if bound else UNBOUNDED_NS
