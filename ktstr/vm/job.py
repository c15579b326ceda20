"""A VM run as data: everything that can change its result, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ktstr.base import cache
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed, files_digest
from ktstr.kernel.model import Kernel

__all__ = ["DEFAULT_WAY", "Clock", "VmJob", "Way", "default_memory_mb", "least_memory_mb"]

Clock = Literal["real", "virtual"]


@dataclass(frozen=True)
class VmJob:
    """One guest to run.

    `files` are what it boots with and `payload` what it gets for this job; `plan` is what its agent carries out (see
    docs/plan.md), `kargs` go to the guest kernel's command line. All that is random follows from `seed`.
    `bounded_turn=False` leaves the virtual clock's CPU turn as QEMU has it. `channel` gives it a line to this process,
    for the plan's `shell`. `wall_limit_s` is host seconds after which the run is ended; it does not change a result
    that comes before it.
    """

    kernel: Kernel
    """The kernel that boots."""
    topology: Topology
    """The guest's CPUs."""
    memory_mb: int
    """The guest's memory in MiB."""
    files: tuple[Packed, ...]
    payload: tuple[Packed, ...]
    plan: str
    clock: Clock
    """The guest's clock."""
    seed: int
    kargs: tuple[str, ...] = ()
    bounded_turn: bool = True
    channel: bool = False
    wall_limit_s: float = 300.0

    def digest(self) -> str:
        """A key over everything that can change the result, apart from the QEMU that runs it."""
        return cache.digest(
            self.kernel.image_sha256,
            str(self.topology),
            str(self.memory_mb),
            files_digest(self.files),
            files_digest(self.payload),
            self.plan,
            self.clock,
            str(self.seed),
            str(self.bounded_turn),
            *(["channel"] if self.channel else []),
            *self.kargs,
        )


@dataclass(frozen=True)
class Way:
    """How a result is come by: `cold` boots a guest instead of cloning one, `fresh` ignores remembered results."""

    cold: bool = False
    fresh: bool = False


DEFAULT_WAY = Way()
_PACKED_STEP_MB = 64


def default_memory_mb(topology: Topology, packed_mb: int = 0) -> int:
    """MiB for a guest whose test asks for none: 64 a CPU, 256 at least, and room for `packed_mb` MiB of a job's files.

    Files are there twice while they are unpacked. Room comes in steps, so that jobs share templates.
    """
    return max(64 * topology.cpus, 256) + 2 * packed_mb // _PACKED_STEP_MB * _PACKED_STEP_MB


def least_memory_mb(topology: Topology, packed_mb: int) -> int:
    """MiB below which a guest may hang or reset before it can say anything, with `packed_mb` MiB of files.

    Measured with Debian's 7.0.13: 2 CPUs boot with 80 MiB, 8 with 96, 32 with 128, and 2 with 64 MiB of files with
    140; a little less hangs without a word. This is some 20 MiB above.
    """
    return 96 + 2 * topology.cpus + packed_mb
