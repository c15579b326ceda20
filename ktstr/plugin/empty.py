"""Tests that tested nothing: those that run no scenario, return a value, or are skipped wherever they could run."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.report.case import Case

__all__ = ["NO_SCENARIO", "nothing_ran", "refuse_no_scenario", "refuse_value", "returned_values", "rows"]

NO_SCENARIO = "ktstr_no_scenario"
"""The mark of a test that runs its guests by other ways than its `ctx`."""
_ON_PURPOSE = "declared with ignore=True"


@contextmanager
def returned_values(item: pytest.Function) -> Iterator[list[object]]:
    """The values that a test returns within the block.

    pytest does not get to see them: it would report a failure, which says something about the scheduler.
    """
    returned: list[object] = []
    body = item.obj

    @functools.wraps(body)
    def kept(*arguments: object, **named: object) -> None:
        __tracebackhide__ = True
        value = body(*arguments, **named)
        if value is not None:
            returned.append(value)

    item.obj = kept
    try:
        yield returned
    finally:
        item.obj = body


def refuse_value(item: pytest.Item, returned: Sequence[object]) -> None:
    """KtstrError if the body returned a value."""
    if returned:
        raise KtstrError(
            f"{item.name.partition('[')[0]}: returned {shown(returned[0])}, which nobody looks at;"
            " say what must hold with assert"
        )


def refuse_no_scenario(item: pytest.Item, asked: int) -> None:
    """KtstrError if the body asked for no run, and does not say that this is meant to be so."""
    if not asked and item.get_closest_marker(NO_SCENARIO) is None:
        raise KtstrError(
            f"{item.name.partition('[')[0]}: ran no scenario, so it tested nothing; call ctx.run or one of"
            f" ktstr.scenarios, pytest.skip with a reason, or mark it with pytest.mark.{NO_SCENARIO}"
        )


def nothing_ran(cases: Sequence[Case]) -> bool:
    """Whether there are cases and every one was skipped."""
    return bool(cases) and not any(map(_ran, cases))


def rows(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """The footer's rows: a row for each test that was skipped wherever it could run, and one if that is all tests.

    A test that is declared with `ignore=True` is skipped on purpose, which its own line says.
    """
    tests: dict[str, list[Case]] = {}
    for case in cases:
        tests.setdefault(case.nodeid.partition("[")[0], []).append(case)
    found = []
    for some in tests.values():
        first = some[0]
        if any(map(_ran, some)) or first.message.startswith(_ON_PURPOSE):
            continue
        kernels = ", ".join(dict.fromkeys(case.kernel.version for case in some))
        name = first.test.partition("[")[0]
        found.append(("never ran", f"{name}: skipped on every kernel ({kernels}): {first.message}"))
    if nothing_ran(cases):
        what = "the only test was skipped" if len(cases) == 1 else f"all {len(cases)} tests were skipped"
        found.append(("NOTHING RAN", what))
    return found


def _ran(case: Case) -> bool:
    expected = case.outcome == "skipped" and case.message.startswith("expected failure")
    return case.outcome != "skipped" or expected or bool(case.runs)
