"""A VM run as data: all that can change its result, and how the result may be obtained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ktstr.base import cache
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed, files_digest
from ktstr.kernel.model import Kernel

__all__ = ["DEFAULT_OPTIONS", "Clock", "RunOptions", "VmJob", "default_memory_mb", "least_memory_mb"]

Clock = Literal["real", "virtual"]
"""What a guest's clock counts: the host's time, or instructions (docs/clocks.md)."""


@dataclass(frozen=True)
class VmJob:
    """One guest to run.

    The guest boots with `files` and gets `payload` for this job; its agent carries out `plan` (docs/plan.md). `kargs`
    go to the guest kernel's command line. Everything random follows from `seed`. `bounded_turn=False` leaves the
    virtual clock's CPU turn as QEMU has it. `channel` connects the guest to this process, for the plan's `shell`. The
    run is ended after `wall_limit_s` host seconds; the limit does not change a result that comes before it.
    `instruments` look at the guest from outside (ktstr/instrument/), which it cannot feel: they are not in the digest.
    `interleaving` says where its CPUs stand still, as the text of an Interleaving; empty: nowhere. It needs the virtual
    clock.
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
    instruments: tuple[str, ...] = ()
    interleaving: str = ""

    def digest(self) -> str:
        """A key over everything that can change the result, apart from the QEMU that runs it.

        Files count by content, so the key is the same wherever they lie.
        """
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
            *(["interleaving", self.interleaving] if self.interleaving else []),
            *self.kargs,
        )


@dataclass(frozen=True)
class RunOptions:
    """How a result may be obtained.

    `cold` boots the guest instead of cloning a template, `fresh` runs the job even if its result is remembered.
    """

    cold: bool = False
    fresh: bool = False


DEFAULT_OPTIONS = RunOptions()
"""A result may be remembered, and a guest may be a clone."""
_PACKED_STEP_MB = 64


def default_memory_mb(topology: Topology, packed_mb: int = 0) -> int:
    """MiB for a guest whose test sets no memory: 64 per CPU, at least 256, and room for `packed_mb` MiB of files.

    Files are in memory twice while they are unpacked. The room grows in steps, so that jobs share templates. Nodes that
    say how much memory they have add that; if all of them do, it is all that the guest has.
    """
    shared = max(64 * topology.cpus, 256) + 2 * packed_mb // _PACKED_STEP_MB * _PACKED_STEP_MB
    declared = [node.memory_mb for node in topology.nodes]
    given = sum(filter(None, declared))
    return given if declared and None not in declared else given + shared


def least_memory_mb(topology: Topology, packed_mb: int) -> int:
    """MiB below which a guest with `packed_mb` MiB of files may hang or reset before it can report anything.

    Measured with Debian's 7.0.13: 2 CPUs boot with 80 MiB, 8 with 96, 32 with 128, and 2 CPUs with 64 MiB of files
    with 140; a little less hangs silently. This is about 20 MiB above.
    """
    return 96 + 2 * topology.cpus + packed_mb
