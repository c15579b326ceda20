"""What differs between two sides: each metric of each pair of cases, judged by its thresholds and by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Literal

from ktstr.compare.rank_test import ALPHA, holm, least_p, p_value, samples_needed
from ktstr.compare.registry import MetricKind
from ktstr.compare.samples import Case, Key
from ktstr.compare.thresholds import Threshold, with_threshold

__all__ = ["FAILED", "RESULTS", "Comparison", "Difference", "Result", "compared"]

Result = Literal["worse", "inconclusive", "better", "changed", "unclear", "same"]
"""What may be said of a metric.

`changed`: one without a direction. `unclear`: the difference is beyond the thresholds, but chance explains it.
`inconclusive`: there are too few samples to say anything.
"""
RESULTS: tuple[Result, ...] = ("worse", "inconclusive", "better", "changed", "unclear", "same")
"""All of them, what matters most first."""
FAILED = MetricKind("failed", "%", "lower", "the samples whose test did not pass", 0.0, 0.0)
"""The kind of the verdicts, which are compared as numbers are."""


@dataclass(frozen=True)
class Difference:
    """A metric of one test on both sides."""

    key: Key
    """The test, and all that is equal on both sides."""
    kind: MetricKind
    """The metric, with the project's thresholds."""
    name: str
    """The metric with its label: `wait_p99_ms[web]`."""
    before: Sequence[float]
    """The first side's samples, at least one."""
    after: Sequence[float]
    """The second side's."""
    result: Result = "same"
    """What that means."""
    p: float | None = None
    """The probability of ranks like these by chance, corrected for all metrics; None if it was not needed."""

    @property
    def ends(self) -> tuple[float, float]:
        """The middle of each side: the median; of verdicts, the part that failed."""
        middle = fmean if self.kind is FAILED else median
        return middle(self.before), middle(self.after)

    @property
    def change(self) -> float:
        """By how much the second side is more, in the metric's unit."""
        before, after = self.ends
        return after - before

    @property
    def relative(self) -> float | None:
        """The same as a part of the first side's number; None if that is 0."""
        before, _ = self.ends
        return self.change / abs(before) if before else None

    @property
    def counts(self) -> bool:
        """Whether the difference is beyond both thresholds."""
        relative = self.relative
        beyond = relative is None or abs(relative) > self.kind.relative
        return self.change != 0 and abs(self.change) > self.kind.absolute and beyond

    @property
    def direction(self) -> Result:
        """What the difference is, if it counts and is none of chance."""
        if not self.kind.better:
            return "changed"
        return "worse" if (self.change > 0) == (self.kind.better == "lower") else "better"


@dataclass(frozen=True)
class Comparison:
    """Two sides compared."""

    differences: Sequence[Difference]
    """Each metric that a test has on both sides, what matters most first."""
    only_before: Sequence[Key]
    """The tests that only the first side has."""
    only_after: Sequence[Key]
    """The tests that only the second side has."""
    undone: Mapping[Key, str]
    """The tests of which a side could not do all, or passed nothing, in words."""
    unjudged: Sequence[Key]
    """Those of which one side has verdicts and the other none."""
    lost: Sequence[tuple[Key, str]]
    """The metrics that a test has on one side only, though it passed on both."""
    tests: int
    """How many statistical tests were made, for which p is corrected."""

    @property
    def status(self) -> int:
        """The exit status: 1 if something got worse, 2 if too few samples or verdicts leave that open, else 0."""
        results = {one.result for one in self.differences}
        if "worse" in results:
            return 1
        return 2 if "inconclusive" in results or self.unjudged or not results else 0

    @property
    def needed(self) -> int:
        """How many samples a side must have for so many statistical tests."""
        return samples_needed(max(1, self.tests))


def compared(
    before: Mapping[Key, Case], after: Mapping[Key, Case], thresholds: Mapping[str, Threshold]
) -> Comparison:
    """Compare the cases of two sides. Only those with an equal key are compared."""
    both = [(before[key], after[key]) for key in before if key in after]
    found = [one for old, new in both for one in _differences(old, new, thresholds)]
    open_ones = [index for index, one in enumerate(found) if not _certain(one)]
    values = holm([p_value(found[index].before, found[index].after) for index in open_ones])
    judged = {
        index: _judged(found[index], p, len(open_ones)) for index, p in zip(open_ones, values, strict=True)
    }
    return Comparison(
        sorted((judged.get(index) or _exactly(one) for index, one in enumerate(found)), key=_weight),
        [key for key in before if key not in after],
        [key for key in after if key not in before],
        {old.key: words for old, new in both if (words := _undone(old, new))},
        [old.key for old, new in both if bool(old.samples) != bool(new.samples)],
        [(old.key, name) for old, new in both for name in _lost(old, new)],
        len(open_ones),
    )


def _differences(old: Case, new: Case, thresholds: Mapping[str, Threshold]) -> Iterator[Difference]:
    if not old.samples or not new.samples:
        return
    yield Difference(old.key, FAILED, FAILED.name, _failures(old), _failures(new))
    before, after = _numbers(old), _numbers(new)
    for name, (kind, numbers) in before.items():
        if name in after:
            yield Difference(old.key, with_threshold(kind, thresholds), name, numbers, after[name][1])


def _failures(case: Case) -> list[float]:
    return [0.0 if one.outcome == "passed" else 100.0 for one in case.samples]


def _numbers(case: Case) -> Mapping[str, tuple[MetricKind, list[float]]]:
    found: dict[str, tuple[MetricKind, list[float]]] = {}
    for sample in case.samples:
        for name, value in sample.numbers.items():
            found.setdefault(name, (value.kind, []))[1].append(value.number)
    return found


def _certain(one: Difference) -> bool:
    """Whether no statistical test is needed.

    That is so for costs, which no interleaving changes; for a test that always passed on one side and not on the other,
    because a test promises that; and if with the virtual clock each seed has the very same number, so that nothing that
    the guest does has changed it.
    """
    if one.kind.exact:
        return True
    if one.kind is FAILED:
        return 0.0 in one.ends
    return one.key.clock == "virtual" and one.before == one.after


def _exactly(one: Difference) -> Difference:
    return replace(one, result=one.direction if one.counts else "same")


def _judged(one: Difference, p: float, tests: int) -> Difference:
    if least_p(len(one.before), len(one.after)) * tests > ALPHA:
        return replace(one, result="inconclusive", p=p)
    result: Result = "same"
    if one.counts:
        result = one.direction if p <= ALPHA else "unclear"
    return replace(one, result=result, p=p)


def _weight(one: Difference) -> tuple[object, ...]:
    """What got worst comes first: by how far it is beyond the threshold of its metric."""
    relative = abs(one.relative) if one.relative is not None else float("inf")
    return (
        RESULTS.index(one.result),
        one.kind is not FAILED,
        -relative / (one.kind.relative or 1),
        one.key,
        one.name,
    )


def _undone(old: Case, new: Case) -> str:
    words = []
    for case, where in ((old, "before"), (new, "after")):
        if case.undone:
            words.append(f"{case.undone} without a verdict {where}")
        if case.samples and not any(one.outcome == "passed" for one in case.samples):
            words.append(f"none passed {where}, so no numbers are compared")
    return ", ".join(words)


def _lost(old: Case, new: Case) -> list[str]:
    if not (any(one.numbers for one in old.samples) and any(one.numbers for one in new.samples)):
        return []
    return sorted(_numbers(old).keys() ^ _numbers(new).keys())
