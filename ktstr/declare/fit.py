"""Which topology presets a test and its scheduler are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ktstr.base.topology import Topology
from ktstr.declare.presets import PRESETS, Constraints

if TYPE_CHECKING:
    from ktstr.declare.test import KtstrTest

__all__ = ["Fit", "fit", "preset_of"]

_UNDECLARED = Constraints()
_NAMES = {str(topology): name for name, topology in PRESETS.items()}


@dataclass(frozen=True)
class Fit:
    """The presets that a test runs on, and the others, each with the constraint that refuses it."""

    admitted: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def fit(test: KtstrTest, names: Sequence[str] = ()) -> Fit:
    """Which of the presets `names` (none: all) the constraints of `test` and of its scheduler admit."""
    reasons = {name: _refusal(test, PRESETS[name]) for name in (names or PRESETS)}
    return Fit(
        tuple(name for name, reason in reasons.items() if reason is None),
        tuple((name, reason) for name, reason in reasons.items() if reason is not None),
    )


def preset_of(topology: str) -> str | None:
    """The name of the preset that is written as `topology`; None if none is."""
    return _NAMES.get(topology)


def _refusal(test: KtstrTest, topology: Topology) -> str | None:
    declared = test.scheduler.constraints
    if test.constraints is not None and (reason := test.constraints.refusal(topology)):
        return f"the test's constraints: {reason}"
    # If only the test says something, the defaults of a scheduler that says nothing do not speak against it.
    if test.constraints is None or declared != _UNDECLARED:
        reason = declared.refusal(topology)
        return f"constraints: {reason}" if reason else None
    return None
