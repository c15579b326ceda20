"""The VM job of a cell."""

from __future__ import annotations

import threading

from ktstr.bpf.build import build_loader, stripped
from ktstr.guest.initramfs import Packed, program_files
from ktstr.run.assemble import assemble, wall_limit_s
from ktstr.run.program import Program, scheduler_program
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.privileged import Privileged
from ktstr.scenario.operations.programs import Programs
from ktstr.scenario.operations.progress import Progress
from ktstr.scenario.operations.run import Run
from ktstr.scenario.operations.scheduler import StartScheduler
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.operations.sysctl import sysctls
from ktstr.scenario.operations.unregister import Unregister
from ktstr.scenario.operations.workload_root import WorkloadRoot
from ktstr.scenario.plan import plan_of
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.verifier.cell import Cell
from ktstr.vm.job import Clock, VmJob

__all__ = ["Jobs", "cell_plan"]

_NS = 1_000_000_000
# Guest time in which every worker has to run: enough for the slowest queue, less than the kernel's own watchdog.
_PROGRESS_MOST_NS = 10 * _NS
# Guest time for which a scheduler is kept at work even if all workers have run, so that one that leaves soon is found.
# On eight CPUs a guest second of it costs two host seconds.
_PROGRESS_LEAST_NS = _NS // 10
_OBJECT_S = 300
_CGROUP = "verifier"
# Guest seconds in which all CPUs are busy, for the time limit.
_BUSY_S = 5.0


def cell_plan(cell: Cell, command: tuple[str, ...]) -> str:
    """What the agent does for a cell; `command` loads the scheduler, or the object, in the guest."""
    if cell.object is not None:
        return plan_of([Run(_OBJECT_S * _NS, command), Programs()], cell.topology)
    # Two workers per CPU: one that stays on it, so that each CPU has to be served, and one that may go anywhere, so
    # that tasks queue and have to be dispatched.
    workers = 2 * cell.topology.cpus
    return plan_of(
        [
            *sysctls(cell.scheduler.sysctls),
            *([WorkloadRoot(root)] if (root := cell.scheduler.cgroup_parent) else []),
            *([Privileged()] if cell.scheduler.privileged else []),
            StartScheduler(round(cell.scheduler.attach_timeout_s * _NS), command),
            Programs(),
            AddCgroup(_CGROUP),
            Spawn(_CGROUP, workers, SpinWait()),
            Progress(_PROGRESS_LEAST_NS, _PROGRESS_MOST_NS),
            Unregister(),
        ],
        cell.topology,
    )


class Jobs:
    """Makes the jobs of a sweep's cells, and each program once. It may be used by several threads."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._making = threading.Lock()
        self._locks: dict[tuple[str, str, str], threading.Lock] = {}
        self._programs: dict[tuple[str, str, str], Program] = {}

    def of(self, cell: Cell, clock: Clock) -> VmJob:
        """The job. KtstrError if the scheduler's program is missing or does not compile."""
        program = self._program_of(cell)
        return assemble(
            kernel=cell.kernel,
            topology=cell.topology,
            plan=cell_plan(cell, program.command),
            clock=clock,
            seed=self._seed,
            payload=program.files,
            kargs=cell.scheduler.kargs,
            wall_limit_s=wall_limit_s(cell.topology, _BUSY_S, (cell.scheduler.attach_timeout_s,)),
        )

    def _program_of(self, cell: Cell) -> Program:
        # Its values may depend on the topology.
        key = (cell.scheduler.name, cell.kernel.key, str(cell.topology) if cell.scheduler.values else "")
        with self._making:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:  # of this program alone: others are built meanwhile
            if key not in self._programs:
                self._programs[key] = _program(cell)
            return self._programs[key]


def _program(cell: Cell) -> Program:
    if cell.object is None:
        return scheduler_program(
            cell.scheduler, cell.kernel, cell.scheduler.sched_args, topology=cell.topology
        )
    loader, path = "/ktstr/bin/loader", "/ktstr/object.bpf.o"
    files = program_files(build_loader(), loader, "loads the programs of a BPF object")
    packed = Packed(path, stripped(cell.object), 0o644, "the BPF object")
    return Program((*files, packed), (loader, path, "--each", "/sys/fs/bpf"))
