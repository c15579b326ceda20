"""The registry of checks: ktstr's own and those that a project declares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.checks.accepted import Accepted, OnOff, Threshold
from ktstr.checks.evidence import Evidence
from ktstr.checks.violation import Finding

__all__ = ["Check", "Judge", "Stage", "declare_check", "declared_checks", "find_check"]

Judge = Callable[[Evidence, Any], Iterable[str | Finding]]
"""From what a run left, and the threshold, to a message for each violation."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = ("about_scheduling", "limit", "over", "said")  # of Checks itself
_USERS_RANK = 100
_registry: dict[str, Check] = {}


class Stage(Enum):
    """When a check is judged: in this order, the checks that explain most first."""

    GUEST = "the guest's end: if it is violated, nothing else is judged"
    """Checks of the guest's end."""
    SCHEDULER = "whether the scheduler is still there: if it is not, what workers did says nothing"
    """Checks of whether the scheduler is still attached."""
    WORK = "what the scheduler made of the workers; not judged if the scheduler is expected to fail"
    """Checks of what the workers got to do."""
    KERNEL = "what the kernel said, whatever the scheduler did"
    """Checks of what the kernel reported about itself."""


@dataclass(frozen=True)
class Check:
    """A check: the name that its violations have, and the function that finds them.

    `key` is its own name, `threshold` the keyword of `Checks` that sets it (None: always on), `default` the value if
    nobody sets it. Within a stage, a check of lower `rank` is judged first.
    """

    key: str
    name: str
    """The name that its violations have."""
    judge: Judge
    """The function: from what a run left, and the threshold, to a message for each violation."""
    threshold: str | None
    default: Threshold
    accepts: Accepted
    """What its threshold may be."""
    stage: Stage
    """When it is judged."""
    rank: int
    declared_in: str
    """The file of its declaration."""
    monitored: bool = False
    """Whether it judges what the monitor sampled: it is then only judged if there are enough samples."""
    needs_latency: bool = False
    """Whether it judges what is only known if latency is counted."""

    @property
    def explanation(self) -> str:
        """The docstring of its function."""
        return self.judge.__doc__ or ""


def declare_check(
    *,
    default: Threshold = True,
    accepts: Accepted | None = None,
    stage: Stage = Stage.WORK,
    name: str | None = None,
    always: bool = False,
    rank: int = _USERS_RANK,
    monitored: bool = False,
    needs_latency: bool = False,
) -> Callable[[Judge], Judge]:
    """Make the decorated function a check, which every run is judged by from then on.

    The function takes what a run left (`Evidence`) and the threshold, and yields a message for each violation: one
    line with who, the measured value and the limit; or a `Finding`, which has the time as well. What workers did is
    judged for each phase by itself. Its name is the keyword of `Checks(...)`; `default` is the threshold of tests that
    say nothing, False for off. `accepts` says what a threshold may be: `OnOff()`, or `Limit("guest milliseconds")` for
    a number in that unit (None: on or off).

    `stage` says when it is judged, `rank` in which order within a stage. `name` is another check's, if this function
    is a part of that one; `always` is for checks that have no threshold. `monitored` is for checks of what the monitor
    sampled (`Evidence.report.monitor`), of which each phase needs a few samples. `needs_latency` is for one that
    judges `Evidence.latency`: a test that sets it has latency counted. Raises KtstrError if the name is taken.
    """

    def declare(judge: Judge) -> Judge:
        key = judge.__name__
        threshold = None if always else name or key
        check = Check(
            key=key,
            name=name or key,
            judge=judge,
            threshold=threshold,
            default=default,
            accepts=OnOff() if accepts is None else accepts,
            stage=stage,
            rank=rank,
            declared_in=inspect.getfile(judge),
            monitored=monitored,
            needs_latency=needs_latency,
        )
        _register(check)
        return judge

    return declare


def declared_checks() -> tuple[Check, ...]:
    """All declared checks, in the order in which a run is judged by them."""
    return tuple(_registry.values())


def find_check(threshold: str) -> Check | None:
    """The check that the keyword `threshold` of `Checks` sets, or None if there is none."""
    check = _registry.get(threshold)
    return check if check is not None and check.threshold == threshold else None


def _register(check: Check) -> None:
    where = f"{check.declared_in}: check {shown(check.key)}"
    if not _NAME.fullmatch(check.key) or check.key in _RESERVED:
        raise KtstrError(
            f"{where}: the function's name must be lower-case letters, digits and '_', and none of"
            f" {', '.join(_RESERVED)}"
        )
    known = _registry.get(check.key)
    # One file may be imported twice (by pytest and by the verifier sweep), and then declares the same again.
    if known is not None and known.declared_in != check.declared_in:
        raise KtstrError(f"{where}: already declared in {known.declared_in}")
    check.accepts.check(check.default, f"{where}: default")
    # In that order from the start: each run of a session asks for all of them several times.
    stages = list(Stage)
    several = {**_registry, check.key: check}
    _registry.clear()
    _registry.update(sorted(several.items(), key=lambda one: (stages.index(one[1].stage), one[1].rank)))
