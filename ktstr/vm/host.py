"""What this host runs guests with: the emulator, the accelerator and the clock that go with it, and their limits.

Code outside `ktstr/vm/` asks here and does not know which emulator it is.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.machine import MACHINES
from ktstr.base.topology import Topology
from ktstr.vm.qemu.accel import Accel, probe
from ktstr.vm.qemu.cpus import emulation_limit, hosting_limit
from ktstr.vm.qemu.program import find_qemu, packages_of
from ktstr.vm.qemu.serialize import build_serializer
from ktstr.vm.qemu.vcpu_slice import UNBOUNDED_NS, slice_for

__all__ = [
    "Accel",
    "Emulator",
    "emulation_limit",
    "emulator_of_host",
    "emulator_packages",
    "emulator_version",
    "probe",
    "topology_limit",
    "vcpu_slice_ns",
    "virtual_clock_problem",
]


@dataclass(frozen=True)
class Emulator:
    """A build of the emulator, on this host or on another.

    With the virtual clock two hosts that have the same `build`, a key over the program and its firmware, give the same
    results.
    """

    version: str
    build: str

    def limit(self, topology: Topology, accel: Accel) -> str | None:
        """Why it cannot run a topology, in one line, or None if it can."""
        if accel.name == "tcg":
            return emulation_limit(topology, self._release, accel.clock)
        return hosting_limit(topology, self._release)

    def cpu_turn_ns(self, cpus: int, *, bounded: bool) -> int:
        """As `vcpu_slice_ns`."""
        bound = slice_for(self._release, cpus) if bounded else None
        return bound.ns if bound else UNBOUNDED_NS

    @property
    def _release(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


def emulator_of_host() -> Emulator:
    """The emulator that guests run in here; KtstrError if there is none that can be used."""
    found = find_qemu()
    return Emulator(found.version, found.digest)


def virtual_clock_problem() -> str | None:
    """Why this host cannot run guests with the virtual clock, in one line, or None if it can."""
    try:
        build_serializer()
    except KtstrError as error:
        return str(error)
    return None


def emulator_version() -> str:
    """The version of the emulator that guests run in; KtstrError if there is none that can be used."""
    return find_qemu().version


def topology_limit(topology: Topology, accel: Accel) -> str | None:
    """Why this host's emulator cannot run a topology, in one line, or None if it can; KtstrError if there is none."""
    return emulator_of_host().limit(topology, accel)


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
    return emulator_of_host().cpu_turn_ns(cpus, bounded=bounded)
