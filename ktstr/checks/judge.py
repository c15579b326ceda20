"""The judge of a run: a loop over the registered checks."""

from __future__ import annotations

from collections.abc import Iterable

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Check, Stage, declared_checks
from ktstr.checks.thresholds import Checks
from ktstr.checks.violation import Violation

__all__ = ["Violation", "judge"]


def judge(run: Evidence, limits: Checks, checks: Iterable[Check] | None = None) -> list[Violation]:
    """Every violation of `checks` (None: all that are declared), the ones that explain most first.

    A guest that did not carry out its plan is one violation by itself. A scheduler that did not attach, or left, is
    one as well, except for what the kernel said: what workers did without it says nothing. If an error of the
    scheduler is expected, what workers did is not judged at all.
    """
    several = declared_checks() if checks is None else tuple(checks)
    violations: list[Violation] = []
    for stage in Stage:
        if stage is Stage.WORK and (violations or run.expected):
            continue
        for check in several:
            limit = limits.limit(check)
            if check.stage is stage and limit is not False:
                violations += [Violation(check.name, message) for message in _messages(check, run, limit)]
        if stage is Stage.GUEST and violations:
            break
    return violations


def _messages(check: Check, run: Evidence, limit: object) -> list[str]:
    found = check.judge(run, limit)
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise KtstrError(f"check {check.key}: returned {shown(found)}: must yield a message a violation")
    messages = list(found)
    for message in messages:
        if not isinstance(message, str):
            raise KtstrError(f"check {check.key}: yielded {shown(message)}: must be a message")
    return messages
