"""The one place where a VM job is put together: for a test's scenario, for a cell of the sweep, for a shell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.per_environment import kept_file
from ktstr.base.topology import Topology
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import Packed, base_files, size_mb
from ktstr.kernel.model import Kernel
from ktstr.run.program import packed_together
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.watchdog import needs_patience, watched_command
from ktstr.scenario.plan import ATTACH_S, scenario_plan
from ktstr.vm.job import Clock, VmJob, default_memory_mb, least_memory_mb

__all__ = ["assemble", "scenario_job", "wall_limit_s"]

# Host seconds a run may take. The guest's own watchdog finds a hang long before; this is for an emulator that does not
# run its guest at all, so it only has to be more than a slow and busy host needs.
_WALL_BASE_S = 240.0
_WALL_PER_CPU_SECOND_S = 6.0
_OBSERVER = "/ktstr/observer"


def assemble(
    *,
    kernel: Kernel,
    topology: Topology,
    plan: str,
    clock: Clock,
    seed: int,
    payload: Sequence[Packed] = (),
    sources: Sequence[Path] = (),
    kargs: Sequence[str] = (),
    memory_mb: int | None = None,
    memory_of: str = "memory_mb",
    at_least: bool = False,
    bounded_turn: bool = True,
    channel: bool = False,
    wall_limit_s: float = 300.0,
    instruments: Sequence[str] = (),
    interleaving: str = "",
) -> VmJob:
    """The job of a guest that carries out `plan`, with `payload` in it; `sources` are C files that its agent needs.

    `sources` are the C files of a project that carry out its own operations and work types (`Scenario.sources`).

    `memory_mb` is MiB of memory (None: enough for the topology and the payload). If that is less than such a guest
    needs to boot, KtstrError says so, with `memory_of` for who asked; or, with `at_least`, it is raised.
    """
    packed_mb = size_mb(payload)
    least = least_memory_mb(topology, packed_mb)
    if memory_mb is not None and memory_mb < least and not at_least:
        raise KtstrError(
            f"{memory_of}: a guest of {topology} with {packed_mb} MiB of files needs {least} MiB"
        )
    memory_mb = memory_mb or default_memory_mb(topology, packed_mb)
    if at_least:
        memory_mb = max(memory_mb, least)
    if memory_mb < least:
        raise KtstrError(
            f"topology {topology}: its nodes have {memory_mb} MiB; a guest with {packed_mb} MiB of files needs {least}"
        )
    topology.memory_mb(memory_mb)  # refuses what contradicts the nodes
    return VmJob(
        kernel=kernel,
        topology=topology,
        memory_mb=memory_mb,
        files=tuple(base_files(build_agent(sources) if sources else _agent(), kernel.config, kernel.release)),
        payload=tuple(payload),
        plan=plan,
        clock=clock,
        seed=seed,
        kargs=tuple(kargs),
        bounded_turn=bounded_turn,
        channel=channel,
        wall_limit_s=wall_limit_s,
        instruments=tuple(instruments),
        interleaving=interleaving,
    )


@kept_file
def _agent() -> Path:
    return build_agent(())


def scenario_job(run: ScenarioRun) -> VmJob:
    """The job of a test's scenario. KtstrError if the plan cannot be made, or the test sets too little memory."""
    test, scheduler = run.test, run.test.scheduler
    plan = scenario_plan(
        replace(run.scenario, hold_s=run.hold_s),
        run.topology,
        sysctls=scheduler.sysctls,
        scheduler=watched_command(run, run.program),
        attach_s=scheduler.attach_timeout_s,
        workload_root=scheduler.cgroup_parent,
        enable=scheduler.enable,
        disable=scheduler.disable,
        privileged=scheduler.privileged or any(program.privileged for program in run.others.values()),
        watchdog_ms=test.watchdog_ms,
        patience=needs_patience(run),
        writes=test.writes,
        perturbations=run.perturbed,
        recorder=run.recorder,
        monitor=run.monitor,
        observer=_OBSERVER if run.observer else "",
        layout=run.layout,
        others={name: watched_command(run, program) for name, program in run.others.items()},
        others_attach_s={name: program.attach_s for name, program in run.others.items()},
    )
    return assemble(
        kernel=run.kernel,
        topology=run.topology,
        plan=run.look.cut(plan) if run.look else plan,
        clock=run.clock,
        seed=run.seed,
        payload=(
            *packed_together([run.program, *run.others.values(), *run.payloads.values()]),
            *_observer(run),
        ),
        sources=run.scenario.sources,
        kargs=scheduler.kargs,
        memory_mb=test.memory_mb,
        memory_of=f"{test.name}: memory_mb={test.memory_mb}",
        bounded_turn=run.bounded_turn,
        instruments=run.instruments,
        interleaving=str(run.interleaving) if run.interleaving else "",
        wall_limit_s=wall_limit_s(
            run.topology,
            run.total_s,
            (scheduler.attach_timeout_s, *(program.attach_s for program in run.others.values())),
        ),
    )


def _observer(run: ScenarioRun) -> list[Packed]:
    return [Packed(_OBSERVER, run.observer, 0o644, "counts latency")] if run.observer else []


def wall_limit_s(topology: Topology, busy_s: float, attach_s: Iterable[float] = ()) -> float:
    """Host seconds to allow for a guest whose CPUs are all busy for `busy_s` guest seconds.

    `attach_s` is what each scheduler may take to attach: while it is verified, it keeps one CPU busy.
    """
    longer_s = sum(max(0.0, one - ATTACH_S) for one in attach_s)
    return _WALL_BASE_S + _WALL_PER_CPU_SECOND_S * (busy_s * topology.cpus + longer_s)
