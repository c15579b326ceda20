"""What each collected test will run, and what its reports carry about that."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from ktstr.base.errors import Inconclusive, KtstrError
from ktstr.base.values import shown
from ktstr.declare.test import KtstrTest, record_of
from ktstr.instrument.plugin import COUNTS, TIMELINE
from ktstr.kernel.model import Kernel
from ktstr.plugin.axes import KERNEL_FIXTURE, SEED_FIXTURE, VARIANT_FIXTURE
from ktstr.plugin.early import keep_failure
from ktstr.plugin.empty import refuse_no_scenario, refuse_value
from ktstr.plugin.gauntlet import no_preset, on_topology
from ktstr.plugin.kernels import KernelAxis, kernel_to_json, skip_reason
from ktstr.plugin.seeds import first_seed
from ktstr.plugin.session import Options
from ktstr.report.console import test_name
from ktstr.report.rundir import Staging
from ktstr.report.sidecar import file_stem
from ktstr.report.text import printable

if TYPE_CHECKING:
    from ktstr.checks.verdict import RunReport
    from ktstr.explore.strategy import Chosen
    from ktstr.run.context import Ctx
    from ktstr.vm.executor import Executor
    from ktstr.vm.job import VmJob

__all__ = [
    "EXPLORED",
    "Plan",
    "PytestHooks",
    "describe",
    "finish",
    "hooks_of",
    "is_planned",
    "make_context",
    "plan_of",
    "plan_tests",
    "trial_context",
    "whole_text",
]


@dataclass(frozen=True)
class Plan:
    """What one collected test will run."""

    test: KtstrTest
    kernel_id: str
    kernel: Kernel
    options: Options


@dataclass(frozen=True)
class PytestHooks:
    """Hands what a context reports of its runs to the hooks of plugins that can see the test, and keeps it."""

    item: pytest.Item
    staging: Staging
    started: float = field(default_factory=time.time)
    jobs: list[VmJob] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)

    def before_run(self, ctx: Ctx, job: VmJob) -> None:
        self.jobs.append(job)
        self.item.ihook.pytest_ktstr_before_run(ctx=ctx, job=job)

    def after_verdict(self, ctx: Ctx, report: RunReport) -> None:
        self.reports.append(report)
        self.item.ihook.pytest_ktstr_after_verdict(ctx=ctx, report=report)

    def failed(self, ctx: Ctx, text: str) -> None:
        about = describe(self.item, None)
        keep_failure(self.item.nodeid, about, text, self.started, ctx.artifacts, self.item.config.rootpath)

    def why_not_shrunk(self, ctx: Ctx, check: str) -> str:
        if _param(self.item, SEED_FIXTURE) is None:
            return ""
        first = first_seed(self.staging.path, self.item.nodeid, ctx.seed, check)
        return "" if first == ctx.seed else f"seed {first} failed {check} before (ktstr replay --shrink)"

    def report_sections(self, ctx: Ctx, report: RunReport) -> Sequence[tuple[str, str]]:
        answers = self.item.ihook.pytest_ktstr_report_sections(ctx=ctx, report=report)
        sections = [section for answer in answers for section in answer or ()]
        for section in sections:
            if not isinstance(section, tuple) or [type(part) for part in section] != [str, str]:
                raise KtstrError(
                    f"pytest_ktstr_report_sections: {shown(section)}: must be a tuple of a title and a text"
                )
        return sections


@dataclass(frozen=True)
class Machine:
    """What runs the VMs of a test, and the reason for that choice."""

    accelerator: str
    clock: str
    reason: str
    emulator: str


_PLAN = pytest.StashKey[Plan]()
_MACHINE = pytest.StashKey[Machine]()
_STAGING = pytest.StashKey[Staging]()
_CONTEXT = pytest.StashKey["Ctx"]()
_HOOKS = pytest.StashKey[PytestHooks]()
EXPLORED = pytest.StashKey[str]()
"""Where what the exploration of an item came to is, in a line."""
_LINE = pytest.StashKey[int]()


def plan_tests(
    items: Sequence[pytest.Item], axis: KernelAxis, options: Options
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items to keep, ours with a plan each, and the items to drop because they would repeat a kernel.

    Raises KtstrError if a kernel cannot be obtained.
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
        test = on_topology(record, item, options)
        if variant := _param(item, VARIANT_FIXTURE):
            test = test.of_variant(variant)
        item.stash[_PLAN] = Plan(test, name, kernels[name], replace(options, seed=_seed(item, options)))
        _set_properties(
            item,
            kernel=kernels[name].version,
            topology=str(test.topology),
            scheduler=test.scheduler.title,
            seed=str(_seed(item, options)),
        )
        reason = skip_reason(test, kernels[name], run_ignored=options.ignored)
        reason = reason or no_preset(record, item, options)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
    gone = set(dropped)
    return [item for item in items if item not in gone], dropped


def plan_of(item: pytest.Item) -> Plan | None:
    """The item's plan, if `plan_tests` gave it one."""
    return item.stash.get(_PLAN, None)


def hooks_of(item: pytest.Item) -> PytestHooks | None:
    """What the item's context reports to, once it has a context."""
    return item.stash.get(_HOOKS, None)


def is_planned(item: pytest.Item) -> bool:
    """Whether `plan_tests` gave the item a plan, and will run it."""
    return _PLAN in item.stash


def _set_properties(item: pytest.Item, **properties: str) -> None:
    """Set user properties of the item, which its reports carry: to pytest's own JUnit file, and to other reporters."""
    others = [(name, value) for name, value in item.user_properties if name not in properties]
    item.user_properties[:] = [*others, *properties.items()]


def make_context(item: pytest.Item, session_name: str) -> Ctx:
    """The `ctx` of a planned test. Its artifacts are beside the test's sidecar, under the same name."""
    from ktstr.farm.choice import executor_of

    plan = item.stash.get(_PLAN, None)
    if plan is None:
        raise KtstrError(f"{item.nodeid}: the ctx fixture is for functions decorated with @ktstr_test")
    if (staging := item.config.stash.get(_STAGING, None)) is None:
        staging = Staging(item.config.rootpath, session_name)
        try:
            staging.hold()
        except OSError as error:
            raise KtstrError(f"results directory {staging.results}: {error.strerror}") from None
        item.config.stash[_STAGING] = staging
    executor = executor_of(plan.options.executor)
    topology = plan.test.topology
    accel = executor.accelerator(plan.options.clock, None if plan.options.oversubscribe else topology.cpus)
    item.stash[_MACHINE] = machine = Machine(accel.name, accel.clock, accel.reason, executor.emulator)
    _set_properties(item, clock=machine.clock)
    if limit := executor.refusal(topology, accel):
        pytest.skip(limit)
    return _context(item, staging, executor)


def trial_context(item: pytest.Item, seed: int, chosen: Chosen) -> tuple[Ctx, PytestHooks]:
    """Another `ctx` of an item that has one: with that seed and interleaving. From now on it is the item's."""
    from ktstr.farm.choice import executor_of

    plan = item.stash[_PLAN]
    options = replace(plan.options, seed=seed, perturb=chosen.perturb, interleaved=chosen.interleaving or ())
    item.stash[_PLAN] = replace(plan, options=options)
    _set_properties(item, seed=str(seed))
    context = _context(item, item.config.stash[_STAGING], executor_of(options.executor))
    return context, item.stash[_HOOKS]


def _context(item: pytest.Item, staging: Staging, executor: Executor) -> Ctx:
    from ktstr.run.context import Ctx

    plan = item.stash[_PLAN]
    item.stash[_HOOKS] = hooks = PytestHooks(item, staging)
    item.stash[_CONTEXT] = context = Ctx(
        test=plan.test,
        kernel=plan.kernel,
        clock=item.stash[_MACHINE].clock,
        seed=plan.options.seed,
        artifacts=staging.folder(plan.kernel.version) / file_stem(item.nodeid),
        options=plan.options.run_options,
        perturb=plan.options.perturb,
        oversubscribe=plan.options.oversubscribe,
        executor=executor,
        hooks=hooks,
        once=plan.options.once,
        shrink_s=plan.options.shrink_s,
        instruments=_instruments(plan.options),
        interleaving=plan.options.interleaved or None,
    )
    return context


def _instruments(options: Options) -> tuple[str, ...]:
    asked = {COUNTS: options.coverage, TIMELINE: options.timeline}
    return tuple(name for name, is_asked in asked.items() if is_asked)


def finish(item: pytest.Item, returned: Sequence[object]) -> None:
    """Judge the body of a planned item once it has returned.

    Raises VerdictFailed if the error that it expects has not fired, and KtstrError if it tested nothing.
    """
    context = item.stash.get(_CONTEXT, None)
    refuse_value(item, returned)
    if context is not None and item.stash[_PLAN].test.expected:
        context.finish()
    elif context is not None:
        refuse_no_scenario(item, context.asked)


def describe(item: pytest.Item, error: BaseException | None) -> Mapping[str, object]:
    """What the report of a planned item carries about it, as plain data.

    `failure` says what an exception means: `verdict`, `series` (an assertion over time), `inconclusive`, `run` (it
    could not be done), `mistake` (of the test's own Python), or nothing in particular (empty), such as an `assert` of
    the test.
    """
    plan = item.stash[_PLAN]
    machine = item.stash.get(_MACHINE, None)
    context = item.stash.get(_CONTEXT, None)
    return {
        "test": test_name(item.nodeid, [plan.kernel_id]),
        "kernel": kernel_to_json(plan.kernel),
        "topology": str(plan.test.topology),
        "scheduler": plan.test.scheduler.name,
        "variant": plan.test.scheduler.variant,
        "sched_args": list(plan.test.sched_args),
        "seed": plan.options.seed,
        "perturb": plan.options.perturb,
        "clock": machine.clock if machine else "",
        "clock_reason": machine.reason if machine else "",
        "accelerator": machine.accelerator if machine else "",
        "emulator": machine.emulator if machine else "",
        "explored": item.stash.get(EXPLORED, ""),
        "failure": _meaning(error),
        "allow_inconclusive": plan.test.allow_inconclusive,
        "line": _line(item, error),
        # Text, because reports travel between processes, which transfer a few plain types only.
        "runs": json.dumps(context.runs if context else [], default=str),
    }


def _meaning(error: BaseException | None) -> str:
    from ktstr.checks.series import SeriesFailed
    from ktstr.checks.verdict import VerdictFailed

    if isinstance(error, VerdictFailed):
        return "verdict"
    if isinstance(error, SeriesFailed):
        return "series"
    if isinstance(error, Inconclusive):
        return "inconclusive"
    if isinstance(error, KtstrError):
        return "run"
    # pytest.fail() and the like raise what is no Exception; exit() is nothing that says how a scheduler did.
    ours = isinstance(error, Exception | SystemExit) and not isinstance(error, AssertionError)
    return "mistake" if ours else ""


def whole_text(about: Mapping[str, object], error: BaseException) -> str | None:
    """All that is to be said of an error, if that is complete without a traceback; else None."""
    from ktstr.declare.mistake import explained, in_one_line

    if about["failure"] in ("verdict", "series", "inconclusive", "run"):
        return printable(str(error))
    if about["failure"] == "mistake" and explained(error) is not None:
        return in_one_line(error)
    return None


def _line(item: pytest.Item, error: BaseException | None) -> int:
    """The line of the item's file at which `error`, or the error of an earlier phase, was raised; else the first line
    of the test."""
    trace = error.__traceback__ if error else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(item.path):
            item.stash[_LINE] = trace.tb_lineno
        trace = trace.tb_next
    return item.stash.get(_LINE, (item.location[1] or 0) + 1)


def _record(item: pytest.Item) -> KtstrTest | None:
    return record_of(getattr(item, "function", None))


def _seed(item: pytest.Item, options: Options) -> int:
    seed: int | None = _param(item, SEED_FIXTURE)
    return options.seed if seed is None else seed


def _kernel_id(item: pytest.Item) -> str | None:
    name: str | None = _param(item, KERNEL_FIXTURE)
    return name


def _param(item: pytest.Item, fixture: str) -> Any:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(fixture) if callspec else None
