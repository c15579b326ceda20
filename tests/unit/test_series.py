"""Assertions over time: each passes or fails with the first sample at fault, and too few samples are no verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from monitor_data import series

from ktstr import Inconclusive, KtstrError, Series, SeriesFailed, SeriesGroup

RISING = series(1, 2, 3, 4, 5, 6)
BUMP = series(1, 1, 5, 5, 5, 1)
FLAT = series(4, 4, 4, 4, 4)

PASS: list[tuple[Series, Callable[[Series], object]]] = [
    (RISING, lambda one: one.never_exceeds(6).never_below(1)),
    (BUMP, lambda one: one.never_exceeds(4, for_ms=21)),
    (RISING, lambda one: one.always(lambda value: value > 0)),
    (series(9, 1, 4, 4.5, 4, 4.2, 4, 4), lambda one: one.converges_to(4, tolerance=0.5, by_s=0.02)),
    (FLAT, lambda one: one.steady_within(0)),
    (RISING, lambda one: one.rate_within(99, 101)),
    (FLAT, lambda one: one.nondecreasing()),
    (RISING, lambda one: one.strictly_increasing()),
    (RISING, lambda one: one.ratio_within(series(2, 4, 6, 8, 10, 12), 0.5, 0.5)),
]
FAIL: list[tuple[Series, Callable[[Series], object], str]] = [
    (RISING, lambda one: one.never_exceeds(4), "depth exceeded 4: 5 at 0.040 s"),
    (RISING, lambda one: one.never_below(3), "depth was below 3: 1 at 0.000 s"),
    (
        BUMP,
        lambda one: one.never_exceeds(4, for_ms=20),
        "depth exceeded 4 for 20 ms, limit 20 ms: 5 at 0.020 s",
    ),
    (RISING, lambda one: one.always(lambda value: value < 3, "a few"), "depth is not a few: 3 at 0.020 s"),
    (
        series(9, 1, 4, 4, 5, 4, 4),
        lambda one: one.converges_to(4, tolerance=0.5, by_s=0.02),
        "depth did not converge to 4 +-0.5 by 0.02 s: 5 at 0.040 s",
    ),
    (BUMP, lambda one: one.steady_within(3), "depth was not steady within 3 of its median 3: 9 at 0.010 s"),
    (
        BUMP,
        lambda one: one.rate_within(-100, 100),
        "rate of depth did not grow by -100 to 100 a second: 400 at 0.020 s",
    ),
    (BUMP, lambda one: one.nondecreasing(), "depth decreased: 1 after 5 at 0.050 s"),
    (FLAT, lambda one: one.strictly_increasing(), "depth did not increase: 4 after 4 at 0.010 s"),
    (
        RISING,
        lambda one: one.ratio_within(series(2, 4, 6, 4, 10, 12, name="other"), 0.4, 0.6),
        "ratio of depth to other was not within 0.4 and 0.6: 1 at 0.030 s",
    ),
]
FAIL[5] = (
    series(3, 9, 3, 3, 3),
    lambda one: one.steady_within(3),
    "depth was not steady within 3 of its median 3: 9 at 0.010 s",
)


@pytest.mark.parametrize(("given", "holds"), PASS)
def test_what_holds_passes(given: Series, holds: Callable[[Series], object]) -> None:
    assert holds(given) is not None


@pytest.mark.parametrize(("given", "holds", "message"), FAIL)
def test_what_does_not_hold_is_one_line_with_the_first_sample(
    given: Series, holds: Callable[[Series], object], message: str
) -> None:
    with pytest.raises(SeriesFailed) as failed:
        holds(given)
    assert str(failed.value).splitlines()[0] == message


@pytest.mark.parametrize(
    "holds",
    [
        lambda one: one.never_exceeds(9),
        lambda one: one.always(bool),
        lambda one: one.steady_within(9),
        lambda one: one.nondecreasing(),
        lambda one: one.rate_within(0, 1000),
        lambda one: one.converges_to(1, 9, by_s=0),
        lambda one: one.ratio_within(one, 0, 9),
        lambda one: one.phase_means().nondecreasing(),
    ],
)
def test_too_few_samples_are_never_a_pass(holds: Callable[[Series], object]) -> None:
    with pytest.raises(Inconclusive, match=r"\d samples, \d are needed: a shorter Monitor\(period_ms=...\)"):
        holds(series(1, 2, 3))


def test_a_test_may_say_how_many_samples_it_needs() -> None:
    series(1, 2, 3).needs(3).strictly_increasing().rate_within(0, 1000)
    with pytest.raises(KtstrError, match=r"depth: needs\(0\): must be a whole number from 1"):
        RISING.needs(0)


def test_what_converges_too_late_to_be_seen_is_inconclusive() -> None:
    with pytest.raises(Inconclusive):
        RISING.converges_to(6, 1, by_s=0.04)


def test_phases_are_judged_apart_and_together() -> None:
    phased = series(1, 1, 1, 1, 1, 4, 4, 4, 4, 4, phases=["calm"] * 5 + ["crowd"] * 5)
    phased.phase("calm").never_exceeds(1)
    phased.phase("crowd").never_below(4)
    phased.phase_means().strictly_increasing()
    assert [part.values for part in phased.by_phase()] == [(1,) * 5, (4,) * 5]
    phased.rate_within(0, 0)  # no rate crosses from one phase to the next
    with pytest.raises(SeriesFailed, match=r"^depth exceeded 2: 4 at 0\.000 s of step crowd"):
        phased.never_exceeds(2)
    with pytest.raises(KtstrError, match=r"phase\('quiet'\): there is no such phase; there are calm, crowd"):
        phased.phase("quiet")


def test_a_stretch_ends_with_its_phase() -> None:
    phased = series(5, 5, 5, 5, 5, 5, phases=["a"] * 3 + ["b"] * 3)
    phased.never_exceeds(4, for_ms=21)


def test_a_group_is_asserted_of_each() -> None:
    group = SeriesGroup((RISING, FLAT))
    group.each(lambda one: one.nondecreasing())
    with pytest.raises(SeriesFailed, match="depth exceeded 4: 5"):
        group.each(lambda one: one.never_exceeds(4))


def test_a_series_is_a_line_of_bars() -> None:
    assert RISING.line() == "depth  ▁▂▄▅▇█  1 to 6"
    assert FLAT.line() == "depth  ▁▁▁▁▁  4 to 4"
    assert series(*range(100)).line(columns=10) == "depth  ▂▂▃▄▄▅▆▇▇█  0 to 99"
    assert series().line(width=8) == "depth     (no samples)"
