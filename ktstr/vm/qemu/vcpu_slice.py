"""How a vCPU's time slice under the virtual clock is bounded, by QEMU's version and the number of CPUs.

Under icount QEMU runs one CPU until the next virtual timer, so the guest's PIT, which nobody listens to, is set to
expire often. What that does differs: from 8.1 on QEMU divides the time to the next timer among the CPUs. Measured with
pinned spinners that never pause; docs/clocks.md has the numbers. What users see calls a slice a turn (`bounded_turn`,
`turn_ns`, the plan's `pace`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.machine import machine_of_host
from ktstr.vm.job import VmJob

__all__ = ["UNBOUNDED_NS", "VcpuSlice", "slice_for", "slice_of"]

UNBOUNDED_NS = 4_000_000
"""A slice that is left to QEMU ends at a tick of some busy CPU, of which each has one in 4 ms (HZ=250)."""

_SLICE_TICKS = 119  # about 100 us
# The first release that divides the time to the next timer among the CPUs.
_DIVIDES = (8, 1)


@dataclass(frozen=True)
class VcpuSlice:
    """The PIT's programming: its mode (2: a pulse every `count` ticks, 3: a change every half of them)."""

    mode: int
    count: int

    @property
    def ns(self) -> int:
        """Guest nanoseconds between two expiries."""
        ticks = self.count // 2 if self.mode == 3 else self.count
        return ticks * 1_000_000_000 // machine_of_host().board.timer_hz

    @property
    def plan_line(self) -> str:
        """The plan's line that has the agent program the PIT."""
        return f"pace {self.mode} {self.count}\n"


def slice_for(release: tuple[int, int], cpus: int) -> VcpuSlice | None:
    """The programming for a QEMU `release` and a guest's `cpus`; None if the slice is better left to QEMU.

    Before 8.1, mode 3: mode 2's short pulse makes every other slice a tiny one, and CPUs advance unequally (1.6 times
    against 1.1 on 8 CPUs). Not with 2 CPUs, one of which any period starved for over a second. From 8.1 on,
    mode 2 with a period that grows with the CPUs among which it is divided: an undivided one starved a CPU, too.
    Above 8 CPUs that period would be as long as the slices that such a QEMU makes by itself.
    """
    if release < _DIVIDES:
        return VcpuSlice(3, 2 * _SLICE_TICKS) if cpus > 2 else None
    return VcpuSlice(2, _SLICE_TICKS * cpus) if 1 < cpus <= 8 else None


def slice_of(release: tuple[int, int], job: VmJob) -> VcpuSlice | None:
    """The programming for a job; None if its slice is not bounded."""
    bounded = job.clock == "virtual" and job.bounded_turn
    return slice_for(release, job.topology.cpus) if bounded else None
