"""The judge of a run: a loop over the registered checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ktstr.base.errors import Inconclusive, KtstrError
from ktstr.base.values import shown
from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Check, Stage, declared_checks
from ktstr.checks.series import LEAST_SAMPLES
from ktstr.checks.thresholds import Checks
from ktstr.checks.violation import Finding, Violation

__all__ = ["Violation", "judge", "unsettled"]


def judge(run: Evidence, limits: Checks, checks: Iterable[Check] | None = None) -> list[Violation]:
    """Every violation of `checks` (None: all that are declared), the ones that explain most first.

    A guest that did not carry out its plan is one violation by itself. A scheduler that did not attach, or left, is
    one as well, except for what the kernel said: what workers did without it says nothing. If an error of the
    scheduler is expected, what workers did is not judged at all. What workers did is judged for each phase by itself;
    a phase that the kernel's default scheduled says nothing of a scheduler. With the real clock, what
    the host kept the guest's CPUs waiting is added to the limit of a wait.
    """
    several = declared_checks() if checks is None else tuple(checks)
    by_phase = run.by_phase()
    violations: list[Violation] = []
    for stage in Stage:
        if stage is Stage.WORK and (violations or run.expected):
            continue
        for check in several:
            if check.stage is stage and (limit := limits.limit(check)) is not False:
                for part in by_phase if stage is Stage.WORK else (run,):
                    if part.without_scheduler and check.threshold is not None:
                        continue
                    if check.monitored and not _has_samples(part):
                        continue
                    found = _judged(check, part, _beyond_the_hosts(check, part, limit))
                    violations += [_violation(check, part, one) for one in found]
        if stage is Stage.GUEST and violations:
            break
    return violations


def unsettled(run: Evidence, limits: Checks) -> tuple[str, ...]:
    """The checks that cannot be judged in some phase for want of samples, a line each; none if nothing was sampled."""
    found = []
    for check in declared_checks():
        limit = limits.limit(check)
        if not check.monitored or limit is False or run.report.monitor is None:
            continue
        for part in run.by_phase():
            if not part.without_scheduler and (why := _lacking(check, part, limit)):
                where = f" (in step {part.phase.name})" if part.phase and part.phase.name else ""
                found.append(f"{check.name}: {why}{where}")
    return tuple(found)


def _lacking(check: Check, run: Evidence, limit: object) -> str:
    """Why the check cannot be judged; empty if it can."""
    if not _has_samples(run):
        count = len(run.report.monitor.at_ns) if run.report.monitor else 0
        return f"{count} samples, {LEAST_SAMPLES} are needed: a shorter period_ms or a longer hold gives more"
    try:
        _findings(check, run, limit)
    except Inconclusive as error:
        return str(error)
    return ""


def _has_samples(run: Evidence) -> bool:
    return run.report.monitor is not None and len(run.report.monitor.at_ns) >= LEAST_SAMPLES


def _beyond_the_hosts(check: Check, run: Evidence, limit: Any) -> Any:
    """The limit of a wait, longer by what the host kept the guest's CPUs waiting, which may be a part of the wait."""
    of_wait = isinstance(check.accepts, Limit) and check.accepts.of_wait
    return limit + round(run.host_delay_ms, 1) if of_wait and run.host_delay_ms else limit


def _judged(check: Check, run: Evidence, limit: object) -> list[Finding]:
    try:
        return _findings(check, run, limit)
    except Inconclusive:
        if not check.monitored:
            raise
        return []  # `unsettled` has it


def _findings(check: Check, run: Evidence, limit: object) -> list[Finding]:
    found = check.judge(run, limit)
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise KtstrError(f"check {check.key}: returned {shown(found)}: must yield a message a violation")
    findings = []
    for one in found:
        if not isinstance(one, str | Finding):
            raise KtstrError(f"check {check.key}: yielded {shown(one)}: must be a message")
        findings.append(one if isinstance(one, Finding) else Finding(one))
    return findings


def _violation(check: Check, run: Evidence, found: Finding) -> Violation:
    phase = run.phase_at(found.at_ns)
    if phase is None:
        return Violation(check.name, found.message, at_ns=found.at_ns, victim=found.victim)
    ended_ns = phase.began_ns + phase.held_ns if phase.held_ns else None
    at_ns = ended_ns if found.at_ns is None else found.at_ns
    into_ns = None if at_ns is None else at_ns - phase.began_ns
    return Violation(check.name, found.message, phase.name, at_ns, into_ns, found.victim)
