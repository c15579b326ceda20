"""Judging a run: a guest's report against thresholds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ktstr.base.topology import Topology, cpu_list
from ktstr.checks.expect import ExpectedError
from ktstr.checks.thresholds import Checks
from ktstr.events.exit import program_end
from ktstr.events.report import GuestReport, WorkerStats
from ktstr.scenario.cgroup import REAL_TIME, CgroupDef
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.plan import ATTACH_S

__all__ = ["Violation", "judge", "judge_expected"]

_MS = 1_000_000
# What libbpf and ktstr's loader say when the kernel's verifier refuses a program.
_REFUSED = re.compile(r"refused by the verifier|BEGIN PROG LOAD LOG|BPF program load failed")
# The runtime's loader, when a library that it needs is not there (dlopen'ed ones cannot be found beforehand).
_LIBRARY = re.compile(r"error while loading shared libraries: (?P<what>.*)")


@dataclass(frozen=True)
class Violation:
    """A check that failed: its name, and one line with who, the measured value and the limit."""

    check: str
    message: str


def judge(
    report: GuestReport, checks: Checks, topology: Topology, cgroups: Sequence[CgroupDef], sched_ext: bool
) -> list[Violation]:
    """Every violation, the most telling first.

    A scheduler that did not attach, or left, is one violation by itself: what workers did without it says nothing.
    """
    if sched_ext and checks.attached and (out := _scheduler_out(report)):
        return [Violation("attached", out), *_kernel_bugs(report, checks)]
    return _scheduled(report, checks, topology, cgroups, sched_ext) + _kernel_bugs(report, checks)


def judge_expected(
    report: GuestReport, checks: Checks, expected: ExpectedError, writes: Sequence[BpfMapWrite]
) -> list[Violation]:
    """Every violation of a run that is expected to end with an error, which `writes` bring about, if there are any."""
    wrong = _not_as_expected(report, expected, writes)
    violations = [Violation("expected_error", wrong)] if wrong else []
    return violations + _kernel_bugs(report, checks)


def _not_as_expected(
    report: GuestReport, expected: ExpectedError, writes: Sequence[BpfMapWrite]
) -> str | None:
    left = report.scheduler_exit
    if left is None or not left.is_error:
        what = (
            _scheduler_out(report)
            or f"the scheduler still schedules after {report.held_ns / 1e9:.2f} guest seconds"
        )
        return f"expected error did not fire: {what} (expected: {expected.named})"
    if not expected.fits(left):
        return f"another error fired than expected: expected {expected.named}, got {left.line}"
    asked = sorted((w for w in writes if not w.is_rodata), key=lambda write: write.at_s or 0)
    if missing := asked[len(report.writes) :]:
        return f"the error fired before {missing[0].target} was written, so that is not what made it: {left.line}"
    return None


def _kernel_bugs(report: GuestReport, checks: Checks) -> list[Violation]:
    bugs = report.kernel_bugs
    if not checks.kernel_clean or not bugs:
        return []
    more = f" (and {len(bugs) - 1} more)" if len(bugs) > 1 else ""
    return [Violation("kernel_clean", f"the kernel reported a bug ({bugs[0].kind}): {bugs[0].text}{more}")]


def _scheduled(
    report: GuestReport, checks: Checks, topology: Topology, cgroups: Sequence[CgroupDef], sched_ext: bool
) -> list[Violation]:
    """What a scheduler that stayed did wrong."""
    violations = _died(report.workers)
    # What a worker did not do after its end says nothing of the scheduler.
    alive = [w for w in report.workers if w.died is None]
    by_name = {cgroup.name: cgroup for cgroup in cgroups}
    if sched_ext and checks.attached:
        violations += _taken_over(alive, by_name)
    if checks.not_stuck:
        violations += _not_stuck(alive)
    if checks.isolation:
        violations += _isolation(report.workers, by_name, topology)
    if checks.max_spread_pct is not None and checks.max_spread_pct is not False:
        violations += _spread(alive, checks.max_spread_pct)
    if checks.max_gap_ms is not None and checks.max_gap_ms is not False:
        violations += _gaps(alive, checks.max_gap_ms)
    return violations


def _scheduler_out(report: GuestReport) -> str | None:
    """Why the scheduler does not schedule at the end, or None where it does."""
    attached, held = report.state("attached"), report.state("held")
    how = _ended(report)
    if attached is None:
        return "the scheduler was never started"
    if attached.state != "enabled":
        said = "\n".join(report.log)
        if _REFUSED.search(said):
            return f"the scheduler's BPF was refused by the verifier ({how}): {_telling(report.log)}"
        if library := _LIBRARY.search(said):
            return f"the scheduler could not start: {library['what']}"
        if not attached.running:
            return f"the scheduler exited before it attached ({how}): {_telling(report.log)}"
        return f"the scheduler did not attach within {ATTACH_S} guest seconds (sched_ext state: {attached.state})"
    if held is None:
        return "the guest ended before the scenario did"
    if held.state != "enabled":
        after = f"after {report.held_ns / 1e9:.2f} of {report.asked_ns / 1e9:.2f} guest seconds"
        left = report.scheduler_exit
        why = left.line if left and left.reason and left.line != how else _telling(report.log)
        return f"the scheduler attached and then left {after} ({how}): {why}"
    if held.enable_seq != attached.enable_seq:
        return (
            f"the scheduler was replaced while it ran: enable_seq {attached.enable_seq} at the start,"
            f" {held.enable_seq} at the end"
        )
    if not held.running:
        return f"the scheduler's program ended while its BPF stayed attached ({how})"
    if report.scheduler_exit is not None:
        return f"the scheduler was ejected as the scenario ended: {report.scheduler_exit.line}"
    return None


def _taken_over(workers: Iterable[WorkerStats], cgroups: dict[str, CgroupDef]) -> list[Violation]:
    candidates = [w for w in workers if cgroups[w.cgroup].policy not in REAL_TIME]
    outside = [w for w in candidates if w.ext is False]
    if not outside:
        return []
    names = _names(outside)
    return [
        Violation(
            "attached",
            f"{len(outside)} of {len(candidates)} workers were not in the ext class: the scheduler is attached"
            f" but did not take over {names} (does it set SCX_OPS_SWITCH_PARTIAL?)",
        )
    ]


def _died(workers: Iterable[WorkerStats]) -> list[Violation]:
    return [
        Violation("workers", f"{_name(w)} ended by itself (wait status {w.died:#x})")
        for w in workers
        if w.died is not None
    ]


def _not_stuck(workers: Iterable[WorkerStats]) -> list[Violation]:
    return [
        Violation(
            "not_stuck",
            f"{_name(w)} did no work in {w.wall_ns / 1e9:.2f} guest seconds: starved (0 iterations, limit: 1;"
            f" {w.run_ns / _MS:.1f} ms on a CPU)",
        )
        for w in workers
        if w.iterations == 0
    ]


def _isolation(
    workers: Iterable[WorkerStats], cgroups: dict[str, CgroupDef], topology: Topology
) -> list[Violation]:
    violations = []
    for w in workers:
        allowed = cgroups[w.cgroup].cpus(topology)
        if outside := frozenset(w.cpus) - allowed:
            violations.append(
                Violation(
                    "isolation",
                    f"{_name(w)} ran on CPU {cpu_list(outside)}, outside its cpuset {cpu_list(allowed)}",
                )
            )
    return violations


def _spread(workers: Iterable[WorkerStats], limit_pct: float) -> list[Violation]:
    violations = []
    groups: dict[str, list[WorkerStats]] = {}
    for w in workers:
        groups.setdefault(w.cgroup, []).append(w)
    for name, members in groups.items():
        low = min(members, key=lambda w: w.off_cpu_pct)
        high = max(members, key=lambda w: w.off_cpu_pct)
        spread = high.off_cpu_pct - low.off_cpu_pct
        if spread > limit_pct:
            violations.append(
                Violation(
                    "max_spread_pct",
                    f"cgroup {name} was scheduled unfairly: {_name(high)} waited {high.off_cpu_pct:.1f}% of its time"
                    f" and {_name(low)} {low.off_cpu_pct:.1f}%: spread {spread:.1f} points, limit {limit_pct:g}",
                )
            )
    return violations


def _gaps(workers: Iterable[WorkerStats], limit_ms: float) -> list[Violation]:
    return [
        Violation(
            "max_gap_ms",
            f"{_name(w)} wanted to run and did not for {w.gap_ns / _MS:.1f} ms, limit {limit_ms:g} ms",
        )
        for w in workers
        if w.gap_ns > limit_ms * _MS
    ]


def _name(w: WorkerStats) -> str:
    return f"worker {w.cgroup}/{w.index} ({w.kind})"


def _names(workers: Sequence[WorkerStats]) -> str:
    shown = ", ".join(f"{w.cgroup}/{w.index}" for w in workers[:4])
    return f"worker {shown}" + (f" and {len(workers) - 4} more" if len(workers) > 4 else "")


def _ended(report: GuestReport) -> str:
    if report.exit is None:
        return "its program still ran"
    left = report.scheduler_exit
    if left and left.kind == "oom_killed":
        return left.line
    return program_end(**report.exit)


def _telling(log: Sequence[str]) -> str:
    """The line of a scheduler's log that says most: the first with an error in it, else its last."""
    lines = [line.strip() for line in log if line.strip()]
    for word in ("refused by the verifier", "BPF program load failed", "rror", "ailed"):
        for line in lines:
            if word in line:
                return line
    return lines[-1] if lines else "it printed nothing"
