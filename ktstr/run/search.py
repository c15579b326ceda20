"""A search for the few of a run's elements that make it fail: each list is run once, and time ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ktstr.checks.verdict import RunReport
from ktstr.run.shrink_time import ShrinkTime, TimeIsUp

__all__ = ["Search"]

_T = TypeVar("_T")


class Search(Generic[_T]):
    """What is known of the runs with fewer elements so far.

    `items` are all of them, with which a run came to `failure`; `run_with` runs with some of them, and gives None for
    some that make no sense without the others. Only a violation of the failure's first check is the same failure.
    """

    def __init__(
        self,
        items: Sequence[_T],
        failure: RunReport,
        run_with: Callable[[tuple[_T, ...]], RunReport | None],
        time: ShrinkTime,
    ) -> None:
        self.items = tuple(items)
        self.unfinished = ""
        self._check = failure.violations[0].check
        self._run_with = run_with
        self._time = time
        self._reports: dict[tuple[_T, ...], RunReport | None] = {self.items: failure}
        self._least = self.items

    def until_time_is_up(self, few: Callable[[], Sequence[_T]]) -> tuple[_T, ...]:
        """What `few` finds, which asks `fails` alone; if its time is up before, the fewest that failed so far.

        `unfinished` then says so. Which runs there are follows from their results; the clock only ends them early.
        """
        try:
            return tuple(few())
        except TimeIsUp:
            self.unfinished = self._time.unfinished
            return self._least

    def fails(self, some: Sequence[_T]) -> bool:
        """Whether the run with `some` of the elements violates the same check. Raises TimeIsUp."""
        key = tuple(some)
        if key not in self._reports:
            self._time.say(len(self._least), len(self.items))
            with self._time.run():
                self._reports[key] = self._run_with(key)
        report = self._reports[key]
        failed = report is not None and any(one.check == self._check for one in report.violations)
        if failed and len(key) < len(self._least):
            self._least = key
        return failed

    def knows(self, some: Sequence[_T]) -> bool:
        """Whether the run with `some` was made."""
        return tuple(some) in self._reports

    def report(self, some: Sequence[_T]) -> RunReport:
        """The report of a run that was made."""
        report = self._reports[tuple(some)]
        assert report is not None, "only of a run that could be made"
        return report
