"""Thresholds: what a test, its scheduler and the library each say, and how they merge."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ktstr.base.errors import KtstrError
from ktstr.checks import builtin
from ktstr.checks.accepted import Sustained, Threshold
from ktstr.checks.registry import Check, Stage, declared_checks, find_check

__all__ = ["DEFAULT_CHECKS", "Checks"]

Off = Literal[False]


@dataclass(frozen=True, init=False, repr=False)
class Checks:
    """Limits that a run is judged by. None inherits, False turns a check off, a value sets it.

    `not_stuck`: every worker did some work. `isolation`: no worker ran outside its cpuset. `attached`: the scheduler
    still schedules at the end, with the enable sequence it started with, and every worker is in the ext class.
    `max_spread_pct`: largest difference, within a cgroup, between two workers' shares of time spent wanting a CPU and
    not having it, in percentage points. `max_idle_wait_pct`: for how many percent of the time that a worker wanted to
    run it may wait while a CPU that it may use is idle. `max_inversion_pct`: by how many more points a worker of the
    better nice value may wait. `max_gap_ms`: the longest time, in guest milliseconds, that a worker which wanted to
    run did not. `max_weight_error`: by how many percentage points a cgroup's share of its siblings' CPU time may be
    less than its `cpu.weight` gives it. `max_bandwidth_excess_pct`: by how many percent a cgroup may exceed its
    `cpu.max`. `max_share_error`, `max_nice_error`: by how many percentage points workers may get less of all CPU time,
    or of their cgroup's, than they are due by weight. `min_work_per_s`: how many chunks of work a worker must do in a
    second. `max_rate_spread_pct`: by how much that may vary in a cgroup. `max_teardown_ms`: for how many guest
    milliseconds a scheduler that is asked to end may go on. `kernel_clean`: the kernel reported no bug of its own: no
    warning, oops, lockup or stall.

    These judge latency (docs/latency.md), which is counted if one of them is set: `max_wake_latency_ms` and
    `max_wake_latency_p99_ms`: how long a worker that was woken may take to run, the longest time and that of 99 of
    a hundred. `max_wake_latency_cv`: by how much that may vary, its deviation by its mean.
    `max_slice_inversion_ms`: how much longer workers that ask for a shorter slice may take to run than those that
    ask for a longer one. `max_task_wait_ms`: how long a task that is no worker may wait for a CPU.
    `max_idle_wait_ms`: how long a worker may wait while one CPU that it may use is idle, or now one and now
    another. `max_idle_wake_ms`: how long one that was woken may, while one CPU is idle. `max_wasted_pct`: for how
    many percent of their time CPUs may be idle while tasks wait for one. `max_migrations_per_s`,
    `max_llc_moves_per_s`, `max_node_moves_per_s`: how often a worker may move to another CPU, LLC and NUMA node.
    `min_llc_share_pct`: how many percent of a worker's CPU time must be on one LLC.

    `max_insns_per_call`: how many instructions of BPF code a call of a function may take, `{"mine_enqueue": 900}`
    (docs/coverage.md): these are counted if it is set.

    Of what a monitor samples, and off unless set: `max_imbalance_ratio`, `max_local_dsq_depth`, `max_fallback_rate`,
    `max_keep_last_rate`, `max_enq_skip_rate` (a second), each a number or `Sustained(number, for_ms=...)`, and
    `max_stall_ms`. docs/monitor.md.

    A check that a project declares (`declare_check`) is a keyword like these. `said` has the ones that are set, by
    name. KtstrError for a check that does not exist, or a value that it does not accept.
    """

    said: tuple[tuple[str, Threshold], ...]

    if TYPE_CHECKING:  # for editors and mypy; which keywords there are is up to the registry
        not_stuck: bool | None
        isolation: bool | None
        attached: bool | None
        max_idle_wait_pct: float | Off | None
        max_spread_pct: float | Off | None
        max_inversion_pct: float | Off | None
        max_gap_ms: float | Off | None
        max_weight_error: float | Off | None
        max_bandwidth_excess_pct: float | Off | None
        max_teardown_ms: float | Off | None
        max_idle_wake_ms: float | Off | None
        max_idle_wait_ms: float | Off | None
        max_task_wait_ms: float | Off | None
        max_wasted_pct: float | Off | None
        max_share_error: float | Off | None
        max_nice_error: float | Off | None
        max_wake_latency_ms: float | Off | None
        max_wake_latency_p99_ms: float | Off | None
        max_wake_latency_cv: float | Off | None
        max_slice_inversion_ms: float | Off | None
        max_migrations_per_s: float | Off | None
        max_llc_moves_per_s: float | Off | None
        max_node_moves_per_s: float | Off | None
        min_llc_share_pct: float | Off | None
        max_rate_spread_pct: float | Off | None
        min_work_per_s: float | Off | None
        kernel_clean: bool | None
        max_insns_per_call: Mapping[str, int] | bool | None
        max_imbalance_ratio: float | Sustained | Off | None
        max_local_dsq_depth: float | Sustained | Off | None
        max_fallback_rate: float | Sustained | Off | None
        max_keep_last_rate: float | Sustained | Off | None
        max_enq_skip_rate: float | Sustained | Off | None
        max_stall_ms: float | Off | None

        def __init__(
            self,
            *,
            not_stuck: bool | None = None,
            isolation: bool | None = None,
            attached: bool | None = None,
            max_idle_wait_pct: float | Off | None = None,
            max_spread_pct: float | Off | None = None,
            max_inversion_pct: float | Off | None = None,
            max_gap_ms: float | Off | None = None,
            max_weight_error: float | Off | None = None,
            max_bandwidth_excess_pct: float | Off | None = None,
            max_teardown_ms: float | Off | None = None,
            max_idle_wake_ms: float | Off | None = None,
            max_idle_wait_ms: float | Off | None = None,
            max_task_wait_ms: float | Off | None = None,
            max_wasted_pct: float | Off | None = None,
            max_share_error: float | Off | None = None,
            max_nice_error: float | Off | None = None,
            max_wake_latency_ms: float | Off | None = None,
            max_wake_latency_p99_ms: float | Off | None = None,
            max_wake_latency_cv: float | Off | None = None,
            max_slice_inversion_ms: float | Off | None = None,
            max_migrations_per_s: float | Off | None = None,
            max_llc_moves_per_s: float | Off | None = None,
            max_node_moves_per_s: float | Off | None = None,
            min_llc_share_pct: float | Off | None = None,
            max_rate_spread_pct: float | Off | None = None,
            min_work_per_s: float | Off | None = None,
            kernel_clean: bool | None = None,
            max_insns_per_call: Mapping[str, int] | bool | None = None,
            max_imbalance_ratio: float | Sustained | Off | None = None,
            max_local_dsq_depth: float | Sustained | Off | None = None,
            max_fallback_rate: float | Sustained | Off | None = None,
            max_keep_last_rate: float | Sustained | Off | None = None,
            max_enq_skip_rate: float | Sustained | Off | None = None,
            max_stall_ms: float | Off | None = None,
            **declared: Threshold | None,
        ) -> None: ...

    else:

        def __init__(self, **thresholds: Threshold | None) -> None:
            for name, value in thresholds.items():
                check = _existing(name)
                if value is not None:
                    check.accepts.check(value, f"checks: {name}")
            # Pairs, not a dict: checks can be hashed.
            said = sorted(
                (name, tuple(sorted(value.items())) if isinstance(value, Mapping) else value)
                for name, value in thresholds.items()
                if value is not None
            )
            object.__setattr__(self, "said", tuple(said))

    def __getattr__(self, name: str) -> Any:
        """The threshold of a check, None if it is not set."""
        if name == "said" or find_check(name) is None:
            raise AttributeError(f"'Checks' object has no attribute {name!r}")
        return dict(self.said).get(name)

    def __repr__(self) -> str:
        return f"Checks({', '.join(f'{name}={value!r}' for name, value in self.said)})"

    @property
    def about_scheduling(self) -> tuple[str, ...]:
        """The checks that ask for a scheduler that works, as far as they are set, in the order they are judged in."""
        said = dict(self.said)
        names = [check.threshold for check in declared_checks() if check.stage is not Stage.KERNEL]
        on = (name for name in names if name is not None and said.get(name, False) is not False)
        return tuple(dict.fromkeys(on))

    def over(self, base: Checks) -> Checks:
        """These checks, and for those that are not set here the ones of `base`."""
        merged: dict[str, Any] = {**dict(base.said), **dict(self.said)}
        return Checks(**merged)

    def limit(self, check: Check) -> Threshold:
        """The threshold of `check`: what is said of it, else its default."""
        if check.threshold is None:
            return True
        return dict(self.said).get(check.threshold, check.default)


def _existing(name: str) -> Check:
    check = find_check(name)
    if check is None:
        names = sorted({one.threshold for one in declared_checks() if one.threshold})
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"near is {near[0]}" if near else f"there are {', '.join(names)}"
        raise KtstrError(f"checks: {name}: no such check; {hint}")
    return check


_defaults: dict[str, Any] = {
    name: default for name in builtin.NAMES if (default := _existing(name).default) is not False
}
DEFAULT_CHECKS = Checks(**_defaults)
"""What ktstr's own checks say if nobody else does."""
