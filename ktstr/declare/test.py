"""`ktstr_test`: marks a function as a test that runs in a guest, and records how."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any, TypeVar

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown, strings, whole
from ktstr.checks.expect import ExpectedError, expected_error
from ktstr.checks.thresholds import DEFAULT_CHECKS, Checks
from ktstr.declare.files import GuestFile, Inline, checked_files, refuse_unknown_names
from ktstr.declare.presets import Constraints
from ktstr.declare.scheduler import EEVDF, Scheduler, topology_of
from ktstr.declare.variant import chosen_variants, refuse_unknown_variants
from ktstr.scenario.operations.monitor import Monitor
from ktstr.scenario.operations.write import BpfMapWrite, map_writes

__all__ = ["KtstrTest", "ktstr_test", "record_of"]

DEFAULT_DURATION_S = 2.0
_MAX_MEMORY_MB = 2**20  # a TiB: more is a mistake in the unit
_MOST_WATCHDOG_MS = 30_000  # SCX_WATCHDOG_MAX_TIMEOUT; the kernel refuses a scheduler that asks for more
_ATTRIBUTE = "__ktstr_test__"
_Body = TypeVar("_Body", bound=Callable[..., Any])


@dataclass(frozen=True)
class KtstrTest:
    """How one test runs: what `ktstr_test` was given, with everything unset inherited from the scheduler."""

    name: str
    """The function's name."""
    scheduler: Scheduler
    """The scheduler under test."""
    topology: Topology
    """The guest's CPUs."""
    checks: Checks
    """The limits that a run is judged by; those of the scheduler and the library are merged in."""
    duration_s: float
    """The default length of a scenario in guest seconds."""
    memory_mb: int | None
    """The guest's memory in MiB; None: by the number of its CPUs."""
    sched_args: tuple[str, ...]
    """The scheduler's arguments, its declared ones first."""
    ignore: bool
    """Whether the test is skipped unless `--ignored` is given."""
    writes: tuple[BpfMapWrite, ...] = ()
    """What is written to the scheduler's globals."""
    expected: ExpectedError | None = None
    """The error with which the kernel must eject or refuse the scheduler; None: it must not."""
    watchdog_ms: int | None = None
    """The kernel's watchdog for the scheduler, in guest milliseconds; None: the scheduler's own."""
    auto_repro: bool = True
    """Whether a failed run is run again to learn more."""
    constraints: Constraints | None = None
    """Which topology presets the gauntlet takes it through; None: those of its scheduler."""
    kernels: tuple[str, ...] = ()
    """Which kernels it runs on, besides its scheduler's filter, each a version, a series or a range; empty: all."""
    gauntlet: bool = True
    """Whether the gauntlet takes it through presets; if not, it stays on its own topology."""
    files: Mapping[str, GuestFile] = field(default_factory=dict, compare=False)
    """Its own files in the guest, over those of the scheduler."""
    variants: tuple[str, ...] = ()
    """The variants of its scheduler that it runs in; empty: it has none."""
    monitor: Monitor | None = None
    """What is sampled during its runs; None: nothing."""
    allow_inconclusive: bool = False
    """Whether it may end without a verdict for want of samples."""
    latency: bool | None = None
    """Whether the latency of every task is counted; None: if a check needs it, or if it can be done."""

    @property
    def scheduler_with_files(self) -> Scheduler:
        """The scheduler with the test's own files over its own."""
        return replace(self.scheduler, files={**self.scheduler.files, **self.files})

    def of_variant(self, name: str) -> KtstrTest:
        """This test of one variant of its scheduler."""
        scheduler = self.scheduler.of_variant(name)
        extra = self.sched_args[len(self.scheduler.sched_args) :]
        return replace(
            self, scheduler=scheduler, sched_args=(*scheduler.sched_args, *extra), variants=(name,)
        )


def ktstr_test(
    body: None = None,
    /,
    *,
    scheduler: Scheduler | None = None,
    topology: tuple[int, int, int, int] | str | Topology | None = None,
    numa_nodes: int | None = None,
    llcs: int | None = None,
    cores: int | None = None,
    threads: int | None = None,
    memory_mb: int | None = None,
    duration_s: float = DEFAULT_DURATION_S,
    extra_sched_args: tuple[str, ...] | list[str] = (),
    files: Mapping[str, str | Path | Inline] | None = None,
    variants: Sequence[str] = (),
    exclude_variants: Sequence[str] = (),
    checks: Checks | None = None,
    ignore: bool = False,
    bpf_map_write: BpfMapWrite | Sequence[BpfMapWrite] | None = None,
    expect_err: bool = False,
    expect_scx_bpf_error_contains: str | None = None,
    expect_scx_bpf_error_matches: str | None = None,
    expect_load_error: str | None = None,
    watchdog_timeout_s: float | None = None,
    auto_repro: bool = True,
    constraints: Constraints | None = None,
    kernels: Sequence[str] = (),
    gauntlet: bool = True,
    monitor: Monitor | None = None,
    allow_inconclusive: bool = False,
    latency: bool | None = None,
) -> Callable[[_Body], _Body]:
    """Make the decorated function `def name(ctx)` a test that pytest collects, whatever its name.

    `topology` is written as for declare_scheduler; it and each of its dimensions are inherited from `scheduler` (None:
    the kernel's default, EEVDF) unless given.
    `duration_s` is the default length of a scenario in guest seconds. `ignore=True` skips the test and keeps its
    scheduler registered. `files` are as declare_scheduler's, and come over them: a name that both have is the test's.
    Of the scheduler's variants the test runs in those that match one of `variants` (none: all) and none of
    `exclude_variants`; `a+b` matches those whose name has both of these words. docs/declarations.md has the details.

    `bpf_map_write` writes to the scheduler's globals once it is attached. With `expect_err=True` the test passes only
    if the kernel ejects the scheduler with an error. `expect_scx_bpf_error_contains` (a text) and
    `expect_scx_bpf_error_matches` (a regular expression, searched for) say which scx_bpf_error() it must be; both
    must hold if both are given. With `expect_load_error` (a regular expression) the test passes only if the scheduler
    does not attach, for a reason that it is found in: that of the first line, or a line that its program printed.
    `watchdog_timeout_s` is the time after which the kernel ejects the scheduler for a
    task that it leaves waiting, at most 30 s, instead of the scheduler's own. docs/crash-tests.md has the details.

    A run that fails is run again if that shows more, unless `auto_repro=False`: docs/flight-recorder.md.

    `constraints` say which topologies the test is meant for: the gauntlet leaves out presets that they, or those that
    its scheduler declares, refuse. The test's own topology must be one. `kernels` filters kernels as
    declare_scheduler's does; it skips on others. `gauntlet=False` keeps the test on its own topology.
    docs/gauntlet.md has the details.

    `monitor` samples each run at a set period, for checks and assertions over time: docs/monitor.md. A test for which
    there were too few samples is inconclusive, and the session's status is 2, unless `allow_inconclusive=True`.
    `latency` says whether the latency of every task is counted (docs/latency.md). None: if a check needs it, and in
    runs of a sched_ext scheduler where it can be done.

    Raises KtstrError naming the test and the field if a value is not acceptable.
    """

    if body is not None:
        raise KtstrError(f"{getattr(body, '__name__', body)}: write @ktstr_test() with its parentheses")

    def decorate(body: _Body) -> _Body:
        if not inspect.isfunction(body):
            raise KtstrError(f"ktstr_test: {shown(body)}: must decorate a function, def name(ctx)")
        where = f"{body.__module__}.{body.__name__}"
        if inspect.iscoroutinefunction(body) or inspect.isgeneratorfunction(body):
            raise KtstrError(f"{where}: must be a plain function: no async, and no yield")
        _refuse_second(body, inspect.currentframe())
        try:
            record = record_for(body.__name__, _file_of(body))
        except KtstrError as error:
            raise KtstrError(f"{where}: {error}") from None
        setattr(body, _ATTRIBUTE, record)
        return body

    def record_for(name: str, where: str) -> KtstrTest:
        base = EEVDF if scheduler is None else scheduler
        if not isinstance(base, Scheduler):
            raise KtstrError(f"scheduler={shown(base)}: must be what declare_scheduler returned")
        if not isinstance(checks, Checks | None):
            raise KtstrError(f"checks={shown(checks)}: must be Checks(...)")
        arguments = strings(extra_sched_args, "extra_sched_args")
        if arguments and not (base.binary or base.binary_path):
            raise KtstrError(f"extra_sched_args: scheduler {base.name} has no program of its own")
        own_files = checked_files(files, where)
        if own_files and not base.is_sched_ext:
            raise KtstrError(f"files: scheduler {base.name} has no program that could read them")
        chosen = _variants(base, variants, exclude_variants)
        for one in [base.of_variant(name) for name in chosen] or [base]:
            refuse_unknown_names(one.sched_args + arguments, {**one.files, **own_files}, "sched_args")
        writes = map_writes(bpf_map_write)
        if writes and not base.is_sched_ext:
            raise KtstrError(f"bpf_map_write: scheduler {base.name} has no BPF to write to")
        if any(write.is_rodata for write in writes) and base.bpf is None:
            raise KtstrError(
                f"bpf_map_write: .rodata: can only be set before the scheduler is loaded, which scheduler {base.name}"
                f" does by itself; use its arguments"
            )
        expected = expected_error(
            expect_err, expect_scx_bpf_error_contains, expect_scx_bpf_error_matches, expect_load_error
        )
        field = "expect_err" if expect_load_error is None else "expect_load_error"
        if expected and not base.is_sched_ext:
            raise KtstrError(f"{field}: scheduler {base.name} is the kernel's own, which is never ejected")
        if expected and (judged := (checks or Checks()).about_scheduling):
            raise KtstrError(
                f"{field}: contradicts checks of {', '.join(judged)}: what is expected is that the scheduler fails"
            )
        if watchdog_timeout_s is not None and not base.is_sched_ext:
            raise KtstrError(f"watchdog_timeout_s: scheduler {base.name} has no watchdog")
        if not isinstance(monitor, Monitor | None):
            raise KtstrError(f"monitor={shown(monitor)}: must be Monitor(...)")
        if latency is not None and not isinstance(latency, bool):
            raise KtstrError(f"latency={shown(latency)}: must be True, False or None")
        flags = {"auto_repro": auto_repro, "gauntlet": gauntlet, "allow_inconclusive": allow_inconclusive}
        for field, value in flags.items():
            if not isinstance(value, bool):
                raise KtstrError(f"{field}={shown(value)}: must be True or False")
        dimensions = {"numa_nodes": numa_nodes, "llcs": llcs, "cores": cores, "threads": threads}
        own = _changed(base.topology if topology is None else topology_of(topology), dimensions)
        return KtstrTest(
            name=name,
            scheduler=base,
            topology=own,
            checks=(checks or Checks()).over(base.checks).over(DEFAULT_CHECKS),
            duration_s=seconds(duration_s, "duration_s"),
            memory_mb=None if memory_mb is None else whole(memory_mb, "memory_mb", 1, _MAX_MEMORY_MB),
            sched_args=base.sched_args + arguments,
            ignore=ignore,
            writes=writes,
            expected=expected,
            watchdog_ms=None if watchdog_timeout_s is None else _watchdog_ms(watchdog_timeout_s),
            auto_repro=auto_repro,
            constraints=_constraints(constraints, own),
            latency=latency,
            kernels=_kernels(kernels),
            gauntlet=gauntlet,
            files=own_files,
            variants=chosen,
            monitor=monitor,
            allow_inconclusive=allow_inconclusive,
        )

    return decorate


def _refuse_second(body: FunctionType, frame: FrameType | None) -> None:
    """Raise KtstrError if the file has made a test of this name before, which Python would let go without a word."""
    scope = frame.f_back.f_locals if frame is not None and frame.f_back is not None else {}
    first = scope.get(body.__name__)
    if inspect.isfunction(first) and record_of(first) and _file_of(first) == _file_of(body):
        raise KtstrError(
            f"{body.__module__}.{body.__name__}: declared twice in this file, at lines"
            f" {first.__code__.co_firstlineno} and {body.__code__.co_firstlineno}"
        )


def _file_of(body: FunctionType) -> str:
    return body.__code__.co_filename


def _changed(topology: Topology, dimensions: Mapping[str, int | None]) -> Topology:
    """The topology with the dimensions that are given."""
    given: dict[str, Any] = {field: value for field, value in dimensions.items() if value is not None}
    if topology.nodes and (contradicting := [field for field in given if field != "threads"]):
        raise KtstrError(
            f"{contradicting[0]}={shown(given[contradicting[0]])}: topology {topology} has nodes that differ;"
            " give topology= instead"
        )
    return replace(topology, **given) if given else topology


def _constraints(value: object, own: Topology) -> Constraints | None:
    if not isinstance(value, Constraints | None):
        raise KtstrError(f"constraints={shown(value)}: must be Constraints(...)")
    if value is not None and (refused := value.refusal(own)):
        raise KtstrError(f"constraints: {refused} refuses topology {own}, which is the test's own")
    return value


def _variants(scheduler: Scheduler, wanted: object, excluded: object) -> tuple[str, ...]:
    """The variants of `scheduler` that a test with these fields runs in."""
    names = {
        "variants": strings(wanted, "variants"),
        "exclude_variants": strings(excluded, "exclude_variants"),
    }
    for field_name, some in names.items():
        refuse_unknown_variants(scheduler.variants, some, field_name)
    chosen = chosen_variants(scheduler.variants, names["variants"], names["exclude_variants"])
    if scheduler.variants and not chosen:
        raise KtstrError(f"exclude_variants: leaves none of {', '.join(scheduler.variants)}")
    return chosen


def _kernels(value: object) -> tuple[str, ...]:
    filters = strings(value, "kernels")
    if filters:
        from ktstr.kernel.spec import (
            check_filter,  # not at import: the grammar is only needed by declarations
        )

        for text in filters:
            check_filter(text)
    return filters


def _watchdog_ms(value: object) -> int:
    field = "watchdog_timeout_s"
    ms = round(seconds(value, field) * 1000)
    return whole(ms, f"{field} in ms", 1, _MOST_WATCHDOG_MS)


def record_of(body: object) -> KtstrTest | None:
    """What `ktstr_test` recorded on a function, or None for any other object."""
    record = getattr(body, _ATTRIBUTE, None)
    return record if isinstance(record, KtstrTest) else None
