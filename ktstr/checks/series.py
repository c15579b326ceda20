"""A quantity over time, and what a test can say of it. What does not hold is one line: when first, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import NoReturn, Self

from ktstr.base.errors import Inconclusive, KtstrError
from ktstr.base.values import shown

__all__ = ["LEAST_SAMPLES", "Sample", "Series", "SeriesFailed", "SeriesGroup", "lasting"]

LEAST_SAMPLES = 5
"""How many samples it takes to say something of a series, unless a test says another number."""

_S = 1_000_000_000
_MS = 1_000_000


class SeriesFailed(AssertionError):
    """A series is not what a test says of it; the text is the whole failure."""


@dataclass(frozen=True)
class Sample:
    """A number at a time."""

    at_ns: int
    """When, in guest ns since boot."""
    into_ns: int
    """The same, from the begin of the phase's hold."""
    value: float
    """The number."""
    phase: str = ""
    """The phase; empty for a scenario without steps."""

    @property
    def where(self) -> str:
        """The time and the phase in words."""
        step = f" of step {self.phase}" if self.phase else ""
        return f"at {self.into_ns / _S:.3f} s{step}"


@dataclass(frozen=True)
class Series:
    """A quantity over time. An assertion returns the series, so that several can follow each other.

    Each raises SeriesFailed, with the first sample that is at fault, and Inconclusive if there are fewer samples than
    `least`. Values between samples are not known: a short period sees more.
    """

    name: str
    """The name of the quantity, such as `cpu0.runnable`."""
    samples: tuple[Sample, ...]
    """Its numbers, in order; a sample that has none is left out."""
    least: int = LEAST_SAMPLES
    """How many samples an assertion needs."""
    phases: tuple[str, ...] = ()
    """The phases of the run, also those in which nothing was sampled."""

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers alone."""
        return tuple(sample.value for sample in self.samples)

    def needs(self, samples: int) -> Self:
        """The same series, of which an assertion needs so many samples."""
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
            raise KtstrError(f"{self.name}: needs({shown(samples)}): must be a whole number from 1")
        return replace(self, least=samples)

    def phase(self, name: str) -> Self:
        """The part of it in one phase; KtstrError if there is no such phase."""
        if name not in self.phases:
            names = ", ".join(one for one in self.phases if one)
            raise KtstrError(
                f"{self.name}: phase({shown(name)}): there is no such phase; there are {names or 'none'}"
            )
        return replace(self, samples=tuple(one for one in self.samples if one.phase == name))

    def by_phase(self) -> tuple[Self, ...]:
        """The part of it in each phase, in order."""
        return tuple(replace(self, samples=tuple(some)) for _, some in groupby(self.samples, _phase))

    def phase_means(self) -> Self:
        """One number for each phase, its mean, at its end: for assertions across phases. Two are enough."""
        means = [
            replace(part.samples[-1], value=fmean(part.values)) for part in self.by_phase() if part.samples
        ]
        return replace(self, name=f"mean of {self.name}", samples=tuple(means), least=2)

    def between(self, from_s: float, until_s: float) -> Self:
        """The part of it between two times, in guest seconds from the begin of a phase's hold."""
        kept = (one for one in self.samples if from_s <= one.into_ns / _S <= until_s)
        return replace(self, samples=tuple(kept))

    def never_exceeds(self, limit: float, for_ms: float = 0) -> Self:
        """No value is above `limit`; with `for_ms` not for so long without a break."""
        return self._never(lambda value: value > limit, f"exceeded {limit:g}", for_ms)

    def never_below(self, limit: float, for_ms: float = 0) -> Self:
        """No value is below `limit`; with `for_ms` not for so long without a break."""
        return self._never(lambda value: value < limit, f"was below {limit:g}", for_ms)

    def always(self, holds: Callable[[float], bool], what: str = "what must always hold") -> Self:
        """Of every value `holds` is true. `what` says in the message what that is."""
        return self._never(lambda value: not holds(value), f"is not {what}", 0)

    def converges_to(self, value: float, tolerance: float, by_s: float) -> Self:
        """From `by_s` guest seconds of each phase on, every value is within `tolerance` of `value`."""
        late = self.between(by_s, float("inf"))
        return self._through(
            late,
            lambda one: abs(one - value) > tolerance,
            f"did not converge to {value:g} +-{tolerance:g} by {by_s:g} s",
        )

    def steady_within(self, tolerance: float) -> Self:
        """Every value is within `tolerance` of the median."""
        self._enough(self.samples)
        middle = median(self.values)
        return self._never(
            lambda one: abs(one - middle) > tolerance,
            f"was not steady within {tolerance:g} of its median {middle:g}",
            0,
        )

    def rate_within(self, low: float, high: float) -> Self:
        """From each sample to the next of its phase, it grows by `low` to `high` a guest second."""
        return self._through(
            self.rates(), lambda one: not low <= one <= high, f"did not grow by {low:g} to {high:g} a second"
        )

    def rates(self) -> Self:
        """How fast it grows, a guest second, from each sample to the next of its phase."""
        found = [
            replace(after, value=(after.value - before.value) * _S / (after.at_ns - before.at_ns))
            for before, after in self._pairs()
        ]
        least = max(1, self.least - 1)
        return replace(self, name=f"rate of {self.name}", samples=tuple(found), least=least)

    def nondecreasing(self) -> Self:
        """No value is less than the one before."""
        return self._ordered(lambda before, after: after >= before, "decreased")

    def strictly_increasing(self) -> Self:
        """Every value is greater than the one before."""
        return self._ordered(lambda before, after: after > before, "did not increase")

    def ratio_within(self, other: Series, low: float, high: float) -> Self:
        """At each time that both have a value, this one divided by the other's is from `low` to `high`."""
        theirs = {one.at_ns: one.value for one in other.samples}
        ratios = tuple(
            replace(one, value=one.value / theirs[one.at_ns]) for one in self.samples if theirs.get(one.at_ns)
        )
        ratio = replace(self, name=f"ratio of {self.name} to {other.name}", samples=ratios)
        return self._through(
            ratio, lambda one: not low <= one <= high, f"was not within {low:g} and {high:g}"
        )

    def line(self, columns: int = 60, width: int = 0) -> str:
        """The series as a line of a text: its name, a bar for each sample, or for as many as fit, and its range.

        `columns` are those of the bars, at most, and `width` those of the name, at least.
        """
        if not self.samples:
            return f"{self.name:{width}}  (no samples)"
        low, high = min(self.values), max(self.values)
        per = -(-len(self.samples) // columns)
        bars = (max(self.values[at : at + per]) for at in range(0, len(self.samples), per))
        text = "".join(
            _BARS[round((one - low) / (high - low) * (len(_BARS) - 1)) if high > low else 0] for one in bars
        )
        return f"{self.name:{width}}  {text}  {low:g} to {high:g}"

    def _pairs(self) -> Iterator[tuple[Sample, Sample]]:
        return ((one, two) for one, two in pairwise(self.samples) if one.phase == two.phase)

    def _ordered(self, right: Callable[[float, float], bool], what: str) -> Self:
        self._enough(self.samples)
        for before, after in pairwise(self.samples):
            if not right(before.value, after.value):
                self._fail(f"{what}: {after.value:g} after {before.value:g}", after)
        return self

    def _never(self, wrong: Callable[[float], bool], what: str, for_ms: float) -> Self:
        self._enough(self.samples)
        for first, last in lasting(self.samples, wrong, for_ms):
            lasted = f" for {(last.at_ns - first.at_ns) / _MS:.4g} ms, limit {for_ms:g} ms" if for_ms else ""
            self._fail(f"{what}{lasted}: {first.value:g}", first)
        return self

    def _through(self, part: Series, wrong: Callable[[float], bool], what: str) -> Self:
        """An assertion on what follows from the series; `part` is that."""
        part._enough(part.samples)
        for one in part.samples:
            if wrong(one.value):
                part._fail(f"{what}: {one.value:g}", one)
        return self

    def _enough(self, samples: Sequence[Sample]) -> None:
        if len(samples) < self.least:
            raise Inconclusive(
                f"{self.name}: {len(samples)} samples, {self.least} are needed: a shorter Monitor(period_ms=...) or a"
                " longer hold gives more"
            )

    def _fail(self, what: str, sample: Sample) -> NoReturn:
        raise SeriesFailed(f"{self.name} {what} {sample.where}\n  {self.line()}")


@dataclass(frozen=True)
class SeriesGroup:
    """Several series, of each of which the same is said."""

    members: tuple[Series, ...]
    """The series."""

    def each(self, holds: Callable[[Series], object]) -> SeriesGroup:
        """Call `holds`, which asserts something, with each: `each(lambda one: one.never_exceeds(4))`."""
        for one in self.members:
            holds(one)
        return self


_BARS = "▁▂▃▄▅▆▇█"


def _phase(sample: Sample) -> str:
    return sample.phase


def lasting(
    samples: Sequence[Sample], wrong: Callable[[float], bool], for_ms: float
) -> Iterator[tuple[Sample, Sample]]:
    """The first and the last sample of each stretch of wrong values that is at least `for_ms` long; 0: of any.

    A stretch ends with its phase.
    """
    for _, some in groupby(samples, lambda one: (one.phase, wrong(one.value))):
        stretch = list(some)
        if wrong(stretch[0].value) and stretch[-1].at_ns - stretch[0].at_ns >= for_ms * _MS:
            yield stretch[0], stretch[-1]
