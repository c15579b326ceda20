"""Which of the collected tests a session runs, and what it says about the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ktstr.plugin.budget import budget_lines, within_budget
from ktstr.plugin.gauntlet import LeftOut, constraint_lines, left_out_lines, refused_by_constraints, too_large
from ktstr.plugin.kernels import KernelAxis
from ktstr.plugin.plan import is_planned, plan_tests
from ktstr.plugin.session import Options

__all__ = ["Choice", "choose"]


@dataclass(frozen=True)
class Choice:
    """The items to run, those to drop, and what to say about the choice at the end, a line each."""

    kept: list[pytest.Item]
    dropped: list[pytest.Item]
    lines: tuple[str, ...]


def choose(
    config: pytest.Config,
    items: list[pytest.Item],
    axis: KernelAxis,
    options: Options,
    known: Mapping[str, int],
) -> Choice:
    """Choose among `items`, and plan those of ours that are kept, unless the session only lists them.

    `known` is what tests took before. KtstrError if a kernel cannot be obtained.
    """
    large = too_large(items, options) if options.gauntlet else {}
    dropped = list(large)
    kept = [item for item in items if item not in large]
    left = [
        LeftOut(item.nodeid.partition("[")[0], item.nodeid.partition("[")[2].removesuffix("]"), why)
        for item, why in large.items()
    ]
    lines = constraint_lines(
        refused_by_constraints(items, options), config.option.verbose > 0
    ) + left_out_lines(left)
    # With a budget a list shows what would run, which depends on what would be skipped.
    if not config.option.collectonly or options.budget_ms is not None:
        kept, again = plan_tests(kept, axis, options)
        dropped += again
    if options.budget_ms is not None:
        # What is skipped takes no time and covers nothing.
        candidates = [item for item in kept if is_planned(item) and item.get_closest_marker("skip") is None]
        lanes = _lanes(config)
        late, found = within_budget(candidates, known, options.budget_ms, lanes)
        lines += budget_lines(found, options.budget_ms, lanes)
        gone = set(late)
        kept = [item for item in kept if item not in gone]
        dropped += late
    return Choice(kept, dropped, tuple(lines))


def _lanes(config: pytest.Config) -> int:
    """How many tests run at once: one for each of xdist's workers, but no more than the host has cores."""
    from ktstr.vm.budget import cores_of_host

    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    return max(1, min(workers, cores_of_host()))
