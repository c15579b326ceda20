"""What each collected test will run, and what it tells the reports about that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.test import KtstrTest, record_of
from ktstr.kernel.model import Kernel
from ktstr.plugin.kernels import KernelAxis, kernel_to_json, skip_reason
from ktstr.report.console import test_name
from ktstr.report.rundir import Staging
from ktstr.report.sidecar import file_stem
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions

if TYPE_CHECKING:
    from ktstr.run.context import Ctx

__all__ = [
    "KERNEL_FIXTURE",
    "Options",
    "Plan",
    "describe",
    "finish",
    "make_context",
    "options_of",
    "plan_tests",
]

KERNEL_FIXTURE = "_ktstr_kernel"
SEED_FIXTURE = "_ktstr_seed"
_MOST_SEEDS = 100_000


@dataclass(frozen=True)
class Options:
    """The command line. `topology` None: each test's own; `clock` is real, virtual or auto."""

    topology: Topology | None
    clock: str
    seed: int
    ignored: bool
    run_options: RunOptions = DEFAULT_OPTIONS
    oversubscribe: bool = False
    seeds: range = range(0)
    perturb: bool = False


@dataclass(frozen=True)
class Plan:
    """What one collected test will run."""

    test: KtstrTest
    kernel_id: str
    kernel: Kernel
    options: Options


@dataclass(frozen=True)
class Machine:
    """What runs the VMs of a test, and why it was chosen."""

    accelerator: str
    clock: str
    reason: str
    emulator: str


_PLAN = pytest.StashKey[Plan]()
_MACHINE = pytest.StashKey[Machine]()
_STAGING = pytest.StashKey[Staging]()
_CONTEXT = pytest.StashKey["Ctx"]()
_LINE = pytest.StashKey[int]()


def options_of(config: pytest.Config) -> Options:
    """The options; KtstrError for a value that is none."""
    # All are texts so far: what argparse refuses takes five lines and is status 4.
    text, seed = config.getoption("ktstr_topology"), _whole(config, "seed") or 0
    try:
        topology = Topology.parse(text) if text else None
    except KtstrError as error:
        raise KtstrError(f"--topology: {error}") from None
    if not 0 <= seed < 2**32:
        raise KtstrError(f"--seed {seed}: must be between 0 and {2**32 - 1}")
    count = _whole(config, "seeds")
    if count is not None and not 1 <= count <= _MOST_SEEDS:
        raise KtstrError(f"--seeds {count}: must be between 1 and {_MOST_SEEDS}")
    if count is not None and seed + count > 2**32:
        raise KtstrError(f"--seed {seed} --seeds {count}: go beyond the last seed, {2**32 - 1}")
    clock, perturb = config.getoption("ktstr_clock"), config.getoption("ktstr_perturb")
    if clock not in ("real", "virtual", "auto"):
        raise KtstrError(f"--clock {clock}: must be real, virtual or auto")
    if perturb not in ("on", "off", "auto"):
        raise KtstrError(f"--perturb {perturb}: must be on, off or auto")
    return Options(
        topology,
        clock,
        seed,
        config.getoption("ktstr_ignored"),
        RunOptions(cold=config.getoption("ktstr_cold"), fresh=config.getoption("ktstr_fresh")),
        config.getoption("ktstr_oversubscribe"),
        range(seed, seed + (count or 0)),
        perturb == "on" or (perturb == "auto" and count is not None),
    )


def _whole(config: pytest.Config, name: str) -> int | None:
    text = config.getoption(f"ktstr_{name}")
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise KtstrError(f"--{name} {text}: must be a whole number") from None


def plan_tests(
    items: Sequence[pytest.Item], axis: KernelAxis, options: Options
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items to keep, each of ours with its plan, and those to drop: what would repeat a kernel.

    KtstrError where a kernel is not to be had.
    """
    tests = [
        (item, record, name) for item in items if (record := _record(item)) and (name := _kernel_id(item))
    ]
    kernels = axis.resolve(name for _, _, name in tests)
    dropped = []
    for item, record, name in tests:
        if name not in kernels:
            dropped.append(item)
            continue
        test = replace(record, topology=options.topology) if options.topology else record
        item.stash[_PLAN] = Plan(test, name, kernels[name], replace(options, seed=_seed(item, options)))
        reason = skip_reason(test, kernels[name], run_ignored=options.ignored)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
    gone = set(dropped)
    return [item for item in items if item not in gone], dropped


def make_context(item: pytest.Item, session_name: str) -> Ctx:
    """The `ctx` of a planned test. Its artifacts lie beside the test's sidecar, under the same name."""
    from ktstr.run.context import Ctx
    from ktstr.vm.local import LocalExecutor

    plan = item.stash.get(_PLAN, None)
    if plan is None:
        raise KtstrError(f"{item.nodeid}: the ctx fixture is for functions decorated with @ktstr_test")
    if (staging := item.config.stash.get(_STAGING, None)) is None:
        item.config.stash[_STAGING] = staging = Staging(item.config.rootpath, session_name)
        staging.hold()
    executor = LocalExecutor()
    topology = plan.test.topology
    accel = executor.accelerator(plan.options.clock, None if plan.options.oversubscribe else topology.cpus)
    item.stash[_MACHINE] = machine = Machine(accel.name, accel.clock, accel.reason, executor.emulator)
    if limit := executor.refusal(topology, accel):
        pytest.skip(limit)
    item.stash[_CONTEXT] = context = Ctx(
        test=plan.test,
        kernel=plan.kernel,
        clock=machine.clock,
        seed=plan.options.seed,
        artifacts=staging.folder(plan.kernel.version) / file_stem(item.nodeid),
        options=plan.options.run_options,
        perturb=plan.options.perturb,
        oversubscribe=plan.options.oversubscribe,
        executor=executor,
    )
    return context


def finish(item: pytest.Item) -> None:
    """Raise VerdictFailed where the body of a planned item returned and the error that it expects has not fired."""
    if item.stash[_PLAN].test.expected:
        item.stash[_CONTEXT].finish()


def describe(item: pytest.Item, error: BaseException | None) -> Mapping[str, object]:
    """What a report of a planned item's carries about it, as plain data.

    `failure` says what an exception means: `verdict`, `run` (it could not be done), or nothing in particular.
    """
    from ktstr.checks.verdict import VerdictFailed

    plan = item.stash[_PLAN]
    machine = item.stash.get(_MACHINE, None)
    context = item.stash.get(_CONTEXT, None)
    failure = (
        "verdict" if isinstance(error, VerdictFailed) else "run" if isinstance(error, KtstrError) else ""
    )
    return {
        "test": test_name(item.nodeid, [plan.kernel_id]),
        "kernel": kernel_to_json(plan.kernel),
        "topology": str(plan.test.topology),
        "scheduler": plan.test.scheduler.name,
        "sched_args": list(plan.test.sched_args),
        "seed": plan.options.seed,
        "perturb": plan.options.perturb,
        "clock": machine.clock if machine else "",
        "clock_reason": machine.reason if machine else "",
        "accelerator": machine.accelerator if machine else "",
        "emulator": machine.emulator if machine else "",
        "failure": failure,
        "line": _line(item, error),
        # Text, because reports travel between processes that know a few plain types only.
        "runs": json.dumps(context.runs if context else [], default=str),
    }


def _line(item: pytest.Item, error: BaseException | None) -> int:
    """The line of the item's file at which `error`, or that of an earlier phase, came about, else at which the test
    begins."""
    trace = error.__traceback__ if error else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(item.path):
            item.stash[_LINE] = trace.tb_lineno
        trace = trace.tb_next
    return item.stash.get(_LINE, (item.location[1] or 0) + 1)


def _record(item: pytest.Item) -> KtstrTest | None:
    return record_of(getattr(item, "function", None))


def _seed(item: pytest.Item, options: Options) -> int:
    callspec = getattr(item, "callspec", None)
    seed: int = callspec.params.get(SEED_FIXTURE, options.seed) if callspec else options.seed
    return seed


def _kernel_id(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(KERNEL_FIXTURE) if callspec else None
