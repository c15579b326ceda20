"""How long a run and a boot take on a host without KVM, as measured: a first guess at what has not run here yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ktstr.base.topology import Topology

if TYPE_CHECKING:
    from ktstr.declare.test import KtstrTest

__all__ = ["boot_ms", "run_ms"]


def run_ms(test: KtstrTest, topology: Topology) -> int:
    """Host milliseconds of a run of `test` in a clone, emulated; without any knowledge of its body.

    Measured on a host without KVM: a clone, a report and pytest take 0.7 s, the attach of a scheduler 1 s, and a guest
    second 0.6 s. At constant work that is flat up to 16 CPUs, 1.7 times as much with 32, and 2.7 times with 64.
    """
    once_ms = 700 + 1000 * test.scheduler.is_sched_ext + 600 * test.duration_s
    return round(once_ms * max(1.0, 1 + (topology.cpus - 16) / 28))


def boot_ms(topology: Topology) -> int:
    """Host milliseconds of the boot of a guest that is then kept: 4.5 s for 8 CPUs, 33 s for 64, emulated."""
    return round(4000 + 1000 * topology.cpus**2 / 140)
