"""From a cell to its VM job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ktstr.guest.agent import build_agent
from ktstr.guest.bpf import build_loader
from ktstr.guest.initramfs import Packed, base_files, program_files, size_mb
from ktstr.run.program import Program, scheduler_program
from ktstr.scenario.plan import ATTACH_S, plan_lines, sysctl_lines
from ktstr.verifier.cell import Cell
from ktstr.vm.job import Clock, VmJob, default_memory_mb

__all__ = ["Jobs", "cell_plan"]

_NS = 1_000_000_000
# Guest time in which every worker must get to run: enough for the slowest queue, below the kernel's own watchdog.
_PROGRESS_MOST_NS = 10 * _NS
# Guest time that a scheduler is kept at work although all have run, so that one that leaves at once has left. On eight
# CPUs a guest second of it costs two of the host's.
_PROGRESS_LEAST_NS = _NS // 10
_OBJECT_S = 300
_CGROUP = "verifier"
# Host seconds, as for a test: only for a QEMU that does not run its guest at all.
_WALL_BASE_S = 240.0
_WALL_PER_CPU_S = 30.0


def cell_plan(cell: Cell, command: tuple[str, ...]) -> str:
    """What the agent does for a cell; `command` loads the scheduler, or the object, in the guest."""
    if cell.object is not None:
        return plan_lines([("run", str(_OBJECT_S * _NS), *command), ("programs",)])
    # Two workers a CPU: one that stays on it, so that each CPU has to be served, and one that may go anywhere, so that
    # tasks queue and what dispatches them is needed.
    workers = 2 * cell.topology.cpus
    return plan_lines(
        [
            *sysctl_lines(cell.scheduler.sysctls),
            ("scheduler", str(ATTACH_S * _NS), *command),
            ("programs",),
            ("cgroup", _CGROUP, "-"),
            ("spawn", _CGROUP, str(workers), "spin_wait", "policy=normal"),
            ("progress", str(_PROGRESS_LEAST_NS), str(_PROGRESS_MOST_NS)),
            ("unregister",),
        ]
    )


class Jobs:
    """Makes the jobs of a sweep's cells, building each program once."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._files: dict[str, Path] = {}
        self._programs: dict[tuple[str, str], Program] = {}

    def of(self, cell: Cell, clock: Clock) -> VmJob:
        """The job. KtstrError where the scheduler's program is missing or does not compile."""
        agent = self._once("agent", build_agent)
        key = (cell.scheduler.name, cell.kernel.key)
        if key not in self._programs:
            self._programs[key] = self._program(cell)
        program = self._programs[key]
        packed_mb = size_mb(program.files)
        return VmJob(
            kernel=cell.kernel,
            topology=cell.topology,
            memory_mb=default_memory_mb(cell.topology, packed_mb),
            files=tuple(base_files(agent, cell.kernel.config, cell.kernel.release)),
            payload=program.files,
            plan=cell_plan(cell, program.command),
            clock=clock,
            seed=self._seed,
            kargs=cell.scheduler.kargs,
            wall_limit_s=_WALL_BASE_S + _WALL_PER_CPU_S * cell.topology.cpus,
        )

    def _program(self, cell: Cell) -> Program:
        if cell.object is None:
            return scheduler_program(cell.scheduler, cell.kernel, cell.scheduler.sched_args)
        loader, path = "/ktstr/bin/loader", "/ktstr/object.bpf.o"
        files = program_files(
            self._once("loader", build_loader), loader, "loads the programs of a BPF object"
        )
        packed = Packed(path, cell.object, 0o644, "the BPF object")
        return Program((*files, packed), (loader, path, "--each", "/sys/fs/bpf"))

    def _once(self, name: str, build: Callable[[], Path]) -> Path:
        if name not in self._files:
            self._files[name] = build()
        return self._files[name]
