"""The phases of a run as its failure text shows them: what was done in each, and what its workers got to do."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.events.phase import NeededOperations, OperationDone, Phase
from ktstr.events.report import GuestReport
from ktstr.report.workers import worker_table

__all__ = ["needed_lines", "needed_list", "stats_lines"]

_OPERATIONS = 12
_UNFINISHED = 12


def stats_lines(report: GuestReport) -> list[str]:
    """The workers' table; of a scenario with steps one for each phase, with its operations."""
    if not any(phase.name for phase in report.phases):
        return worker_table(report.workers) if report.workers else []
    # What was there before the first step is in the plan; only what went wrong with it is news.
    lines = _operations([one for one in report.backdrop if one.errno], 0)
    for phase in report.phases:
        lines += [""] if lines else []
        lines.append(_head(phase))
        lines += _operations(phase.operations, phase.began_ns)
        lines += worker_table(phase.workers) if phase.workers else []
    return lines


def _head(phase: Phase) -> str:
    if not phase.asked_ns:
        return f"step {phase.name}: its hold never ended"
    short = f" of {phase.asked_ns / 1e9:g}" if phase.held_ns < phase.asked_ns else ""
    return f"step {phase.name}: held {phase.held_ns / 1e9:.2f}{short} s"


def _operations(some: Sequence[OperationDone], began_ns: int) -> list[str]:
    """A line for each of the first few, with its time in the hold; those before the hold have none."""
    lines = []
    for one in some[:_OPERATIONS]:
        at = "" if one.due_ns is None else f"at {(one.began_ns - began_ns) / 1e9:.3f} s "
        lines.append(f"  {at}{one.line}")
    if left_out := len(some) - _OPERATIONS:
        lines += [f"  and {left_out} more operations"] if left_out > 0 else []
    return lines


def needed_lines(needed: NeededOperations) -> list[str]:
    """The drawn operations that a failure needs, a line each."""
    return needed_list([f"  {one}" for one in needed.operations], needed.tried, needed.unfinished)


def needed_list(lines: Sequence[str], tried: int, unfinished: str) -> list[str]:
    """How many of the `tried` elements a failure needs, then `lines`, one for each of them.

    If the search is `unfinished`, that is said, and only as many are shown as one reads.
    """
    if unfinished and len(lines) == tried:
        return [f"{tried}, {unfinished}"]
    if unfinished:
        more = [f"  and {len(lines) - _UNFINISHED} more"] if len(lines) > _UNFINISHED else []
        head = f"at most {len(lines)} of {tried}, {unfinished}:"
        return [head, *lines[:_UNFINISHED], *more]
    return (
        [f"it takes {len(lines)} of {tried}:", *lines] if lines else [f"it fails without any of the {tried}"]
    )
