"""The executor that runs guests on this machine's cores, which all processes of the host share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from ktstr.base.cancel import Cancel
from ktstr.base.topology import Topology
from ktstr.vm.budget import cores_of_host, keep_cores
from ktstr.vm.executor import Talk
from ktstr.vm.host import Accel, emulator_version, probe, topology_limit, vcpu_slice_ns
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.result import VmResult
from ktstr.vm.run import run

__all__ = ["LocalExecutor"]


class LocalExecutor:
    """Runs jobs on this machine, with its QEMU. `ktstr.vm.executor.Executor` documents the methods."""

    @property
    def capacity(self) -> int:
        """The cores that this process may use."""
        return cores_of_host()

    @property
    def emulator(self) -> str:
        """QEMU's version. KtstrError if there is no QEMU, or one that is too old."""
        return emulator_version()

    def accelerator(self, clock: str, cpus: int | None = None) -> Accel:
        """KVM if it works here, else TCG."""
        return probe(clock, cpus)

    def refusal(self, topology: Topology, accel: Accel) -> str | None:
        """What QEMU cannot have."""
        return topology_limit(topology, accel)

    def cpu_turn_ns(self, cpus: int, *, bounded: bool) -> int:
        """The turn of a CPU under icount."""
        return vcpu_slice_ns(cpus, bounded=bounded)

    def in_a_row(self) -> AbstractContextManager[None]:
        """The cores of the first are kept."""
        return keep_cores()

    def run(
        self,
        job: VmJob,
        accel: Accel,
        folder: Path,
        options: RunOptions = DEFAULT_OPTIONS,
        *,
        talk: Talk | None = None,
        cancel: Cancel | None = None,
    ) -> VmResult:
        """Run the job here, once enough cores are free."""
        return run(job, accel, folder, options, talk, cancel)
