"""The plan: what the agent does, as the text it reads.

A line is an operation; tokens are separated by one space, and bytes that would end a token are written %XX.
docs/plan.md lists the operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_TOKENS
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown
from ktstr.scenario import operations
from ktstr.scenario.layout import Layout, lay_out
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.dump import Dump
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.monitor import Monitor
from ktstr.scenario.operations.observer import Observer
from ktstr.scenario.operations.patience import Patience
from ktstr.scenario.operations.perturb import Perturbation
from ktstr.scenario.operations.perturber import Perturber
from ktstr.scenario.operations.phase import BeginPhase
from ktstr.scenario.operations.privileged import Privileged
from ktstr.scenario.operations.program import DeclareProgram
from ktstr.scenario.operations.recorder import Recorder
from ktstr.scenario.operations.scheduler import StartScheduler
from ktstr.scenario.operations.sysctl import sysctls as sysctl_operations
from ktstr.scenario.operations.trace import Trace
from ktstr.scenario.operations.unlocked import Unlocked
from ktstr.scenario.operations.watchdog import Watchdog
from ktstr.scenario.operations.workload_root import WorkloadRoot
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.scheduler_name import OF_TEST

__all__ = ["ATTACH_S", "plan_of", "scenario_plan"]

_NS = 1_000_000_000
# Guest seconds that a scheduler gets to load, pass the verifier and attach.
ATTACH_S = 30
_NONE: Mapping[str, str] = MappingProxyType({})
_NO_OTHERS: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_TIMES: Mapping[str, float] = MappingProxyType({})
# The agent's own: one of a user's may not take such a name.
_BUILT_IN = frozenset(path.stem for path in Path(operations.__file__).parent.glob("[a-z]*.py")) | {
    "seed",
    "pace",
}


def scenario_plan(
    scenario: Scenario,
    topology: Topology,
    *,
    sysctls: Mapping[str, str] = _NONE,
    scheduler: Sequence[str] = (),
    attach_s: float = ATTACH_S,
    workload_root: str = "",
    privileged: bool = False,
    watchdog_ms: int | None = None,
    patience: bool = False,
    writes: Sequence[BpfMapWrite] = (),
    perturbations: Sequence[Perturbation] | None = None,
    recorder: bool = False,
    enable: Sequence[Operation] = (),
    disable: Sequence[Operation] = (),
    monitor: Monitor | None = None,
    observer: str = "",
    seed: int = 0,
    others: Mapping[str, Sequence[str]] = _NO_OTHERS,
    others_attach_s: Mapping[str, float] = _NO_TIMES,
    online: frozenset[int] | None = None,
    layout: Layout | None = None,
) -> str:
    """The plan of one scenario: start `scheduler` (a command in the guest; empty: none), carry it out, hold.

    `attach_s` guest seconds are what the scheduler may take to attach, `others_attach_s` the others.

    The scenario must say how long it holds. `watchdog_ms` (None: the scheduler's own) is the kernel's for that
    scheduler; with `patience` the guest's own takes longer than the longest of those. All cgroups are below
    `workload_root` (empty: the root), which is there before the scheduler starts. Programs that are `privileged`
    are not confined. `writes` go to its globals, except those that have to be made before it is loaded.
    `perturbations` (None: no perturber) disturb the holds; `recorder` keeps the last scheduling events before the
    scheduler's exit. `monitor` is what is sampled in the holds (None: nothing), `observer` the file in the guest
    with the programs that count every task's latency (empty: nothing does). `enable` comes before the scheduler,
    `disable` after the last hold. `others` are the commands of the schedulers that the scenario's operations name.
    `layout` is the scenario laid out in time. Without it, what is random follows from `seed`, and `online` are the
    CPUs that are online at first (None: all).
    KtstrError for a scenario that makes no sense (`lay_out`).
    """
    layout = layout or lay_out(
        scenario,
        topology,
        seconds(scenario.hold_s, "scenario: hold_s"),
        scheduler=OF_TEST if scheduler else None,
    )
    _check_times(writes, layout)
    steps: list[Operation] = [*sysctl_operations(sysctls)]
    if observer:
        steps.append(Observer(observer, layout.workers))
    if workload_root:
        steps.append(WorkloadRoot(workload_root))
    steps += enable
    if privileged:
        steps.append(Privileged())
    if monitor is not None:
        monitor.check_length(layout.hold_ns / _NS, topology.cpus)
        steps.append(monitor)
    steps += [
        DeclareProgram(name, round(others_attach_s.get(name, ATTACH_S) * _NS), tuple(command))
        for name, command in others.items()
    ]
    if (scheduler or others) and watchdog_ms is not None:
        steps.append(Watchdog(watchdog_ms))
    if patience:
        steps.append(Patience())
    waiting = [write for write in writes if not write.is_rodata]
    start: list[Operation] = [StartScheduler(round(attach_s * _NS), tuple(scheduler))] if scheduler else []
    start += [write for write in waiting if write.at_s is None or not scenario.steps]
    if not layout.attach_at:
        steps += start
    steps += layout.backdrop
    steps += _phases(scenario, layout, start, waiting, perturbations, recorder=recorder)
    if scenario.dump:
        steps.append(Dump())
    steps += disable
    if not privileged and any(step.needs_open_kernel for step in steps):
        steps.insert(0, Unlocked())
    return plan_of(steps, topology)


def _check_times(writes: Sequence[BpfMapWrite], layout: Layout) -> None:
    """KtstrError for a write at a time at which the scenario has no scheduler."""
    total_s, attach_s = layout.hold_ns / _NS, layout.attach_ns / _NS
    for write in writes:
        if write.at_s is None:
            continue
        where = f"BpfMapWrite {write.target}: at_s={write.at_s:g}"
        if write.at_s >= total_s:
            raise KtstrError(f"{where}: the scenario is over by then, it lasts {total_s:g} s")
        if write.at_s < attach_s:
            raise KtstrError(f"{where}: the scheduler is not attached by then, but at {attach_s:g} s")


def _phases(
    scenario: Scenario,
    layout: Layout,
    start: Sequence[Operation],
    writes: Sequence[BpfMapWrite],
    perturbations: Sequence[Perturbation] | None,
    *,
    recorder: bool,
) -> Iterator[Operation]:
    """What each phase is in the plan. Times count from the begin of the first hold, as if all followed each other.

    `start` are the operations that start the scheduler, if an earlier phase is without it.
    """
    began_ns = 0
    for number, phase in enumerate(layout.phases):
        over_ns = began_ns + phase.hold_ns
        is_last = phase is layout.phases[-1]
        if scenario.steps:
            yield BeginPhase(phase.name)
            if number and number == layout.attach_at:
                yield from start
            for write in writes:
                if write.at_s is not None and began_ns <= round(write.at_s * _NS) < over_ns:
                    yield replace(write, at_s=write.at_s - began_ns / _NS)
        yield from phase.operations
        yield from phase.timed
        if scenario.trace:
            yield Trace()
        if recorder:
            yield Recorder()
        if perturbations is not None:
            yield Perturber()
            for one in perturbations:
                if one.at_ns >= began_ns and (one.at_ns < over_ns or is_last):
                    yield replace(one, at_ns=one.at_ns - began_ns)
        yield HoldFor(phase.hold_ns)
        began_ns = over_ns


def plan_of(steps: Iterable[Operation], topology: Topology) -> str:
    """The plan of these operations in a guest of `topology`; KtstrError for one that cannot be a line of it."""
    return "".join(" ".join(map(_escape, _line(step, topology))) + "\n" for step in steps)


def _line(step: Operation, topology: Topology) -> tuple[str, ...]:
    """The tokens of `step`, which a user's class may have made."""
    ours = type(step).__module__.startswith(f"{operations.__name__}.")
    if step.name in _BUILT_IN and not ours:
        raise KtstrError(f"{type(step).__name__}: name={step.name!r}: is an operation of ktstr's own")
    tokens = step.tokens(topology)
    for index, token in enumerate(tokens[1:], 1):
        if not isinstance(token, str) or "\0" in token:
            raise KtstrError(
                f"{step.name}: argument {index}: {shown(token)}: must be a text without zero bytes"
            )
    if len(tokens) > MAX_TOKENS:
        raise KtstrError(
            f"{tokens[0]} {tokens[2]}: {len(tokens)} words on its command line: {MAX_TOKENS} at most"
        )
    return tokens


def _escape(token: str) -> str:
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in token.encode()
    )
