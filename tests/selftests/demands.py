"""What a test of the tree demands of a run. Each demand takes the report and says what is wrong, if anything."""

from __future__ import annotations

import re
from collections.abc import Callable

from ktstr import RunReport

__all__ = [
    "NORMAL_EXIT",
    "Demand",
    "attaches_each_time",
    "counts",
    "exits",
    "gets_share",
    "grows",
    "holds",
    "reads",
    "same_bandwidth",
    "stays",
]

Demand = Callable[[RunReport], str]

NORMAL_EXIT = "uei_kind == 64"
"""A condition for `counts`: it ended by SCX_EXIT_UNREG of `enum scx_exit_kind`, because its program detached it."""


def stays(report: RunReport) -> str:
    """The scheduler stays until it is detached, and nothing else is violated."""
    return "; ".join(f"{one.check}: {one.message}" for one in report.violations)


def exits(kind: str, code: int | None = None, message: str | None = None) -> Demand:
    """The scheduler leaves with this kind of exit, this code, and this whole message; the kernel reports no bug."""

    def demand(report: RunReport) -> str:
        left = report.guest.scheduler_exit
        if left is None:
            return f"it did not exit, expected: {kind}"
        found = (left.kind, left.code or 0, left.message)
        wanted = (kind, found[1] if code is None else code, found[2] if message is None else message)
        if found != wanted:
            return f"it exited with {found}, expected: {wanted}"
        other = [one for one in report.violations if one.check != "attached"]
        return "; ".join(f"{one.check}: {one.message}" for one in other)

    return demand


def counts(*conditions: str) -> Demand:
    """Each condition holds for the globals that were read: a Python expression, with `_` for what is no name in it."""

    def demand(report: RunReport) -> str:
        values = {re.sub(r"\W+", "_", path).strip("_"): value for path, value in report.globals.items()}
        for condition in conditions:
            if not eval(condition, {"__builtins__": {}}, values):
                named = [f"{name}={values[name]}" for name in values if re.search(rf"\b{name}\b", condition)]
                return f"{condition}: does not hold, {', '.join(named)}"
        return ""

    return demand


def grows(path: str, least: int) -> Demand:
    """Of two readings of a global the second is larger by that much, and the first is not zero."""

    def demand(report: RunReport) -> str:
        values = [one.value for one in report.guest.globals_read if one.path == path]
        grown = len(values) == 2 and values[0] >= least and values[1] - values[0] >= least
        return "" if grown else f"{path} was {values}, expected: {least} or more, then again {least} or more"

    return demand


def holds(array: str, least: int) -> Demand:
    """So many elements of an array that was read are above 0."""

    def demand(report: RunReport) -> str:
        values = [value for path, value in report.globals.items() if path.startswith(f"{array}[")]
        found = sum(value > 0 for value in values)
        return "" if found >= least else f"{found} elements of {array} are above 0, expected: {least}"

    return demand


def reads(path: str, text: str) -> Demand:
    """A file of the guest had this text."""

    def demand(report: RunReport) -> str:
        found = next((one.text.strip() for one in report.files if one.path == path), None)
        return "" if found == text else f"{path} has {found!r}, expected: {text!r}"

    return demand


def gets_share(worker: int, least_pct: float) -> Demand:
    """In every phase the worker gets at least this share of the time that all workers have."""

    def demand(report: RunReport) -> str:
        for phase in report.phases:
            all_ns = sum(one.run_ns for one in phase.workers)
            share = 100 * sum(one.run_ns for one in phase.workers if one.index == worker) / max(1, all_ns)
            if share < least_pct:
                return (
                    f"{phase.name}: worker {worker} got {share:.1f} % of the CPU, expected: {least_pct:g} %"
                )
        return ""

    return demand


def same_bandwidth(equal: tuple[tuple[str, str], ...], more: tuple[tuple[str, str], ...]) -> Demand:
    """Each reading of `total_bw` has the same value for all CPUs; pairs of readings have equal, or more of it."""

    def demand(report: RunReport) -> str:
        found: dict[str, int] = {}
        for one in report.files:
            values = {int(line.split(":")[1]) for line in one.text.splitlines() if ":" in line}
            if len(values) != 1:
                return f"{one.phase}: total_bw is not the same for all CPUs: {sorted(values)}"
            found[one.phase] = values.pop()
        for left, right in equal:
            if found[left] != found[right]:
                return f"total_bw is {found[left]} in {left} and {found[right]} in {right}"
        for left, right in more:
            if not found[left] > found[right]:
                return f"total_bw is {found[left]} in {left}, no more than {found[right]} in {right}"
        return ""

    return demand


def attaches_each_time(times: int) -> Demand:
    """Of so many attaches in all some succeed, every other one comes while one is attached."""

    def demand(report: RunReport) -> str:
        done = report.result.of("reloaded")
        if len(done) != 1 or not done[0]["attached"]:
            return f"it was not attached again: {done}"
        total = done[0]["attached"] + done[0]["refused"]
        return "" if total == times else f"{total} attaches succeeded or were refused, expected: {times}"

    return demand
