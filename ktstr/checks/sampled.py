"""What checks of a monitor's samples have in common: a limit that may have to be exceeded for a while."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.base.errors import Inconclusive
from ktstr.checks.accepted import Sustained
from ktstr.checks.evidence import Evidence
from ktstr.checks.recorded import Recorded, recorded
from ktstr.checks.series import Sample, Series, lasting
from ktstr.checks.violation import Finding

__all__ = ["event_rate", "exceeded", "lasted", "recording", "sustained"]

_MS = 1_000_000


def sustained(limit: float | Sustained) -> Sustained:
    """A threshold, whichever way it was given."""
    return limit if isinstance(limit, Sustained) else Sustained(limit)


def recording(run: Evidence) -> Recorded:
    """What the monitor sampled; a monitored check is only asked about runs that have it."""
    found = recorded(run.report)
    assert found is not None
    return found


def exceeded(several: Iterator[Series], limit: Sustained) -> tuple[Series, Sample, Sample] | None:
    """Of the series that are above the limit for long enough the one that is so for longest, from when to when."""
    found = [
        (one, first, last)
        for one in several
        for first, last in lasting(one.samples, lambda value: value > limit.limit, limit.for_ms)
    ]
    return max(found, key=lambda each: each[2].at_ns - each[1].at_ns, default=None)


def event_rate(
    run: Evidence, limit: float | Sustained, counters: tuple[str, ...], what: str
) -> Iterator[Finding]:
    """The finding, if there is one, that these counters of sched_ext together count more than so many a second."""
    allowed, monitor = sustained(limit), recording(run)
    names = [name for counter in counters if (name := f"event.SCX_EV_{counter}") in monitor.names]
    rates = [monitor[name].rates() for name in names]
    if not rates:
        raise Inconclusive(f"the kernel does not count SCX_EV_{' and SCX_EV_'.join(counters)}")
    together = Series(
        what,
        tuple(
            Sample(several[0].at_ns, several[0].into_ns, sum(one.value for one in several), several[0].phase)
            for several in zip(*(rate.samples for rate in rates), strict=False)
        ),
    )
    if found := exceeded(iter([together]), allowed):
        _, first, last = found
        peak = max(one.value for one in together.samples if first.at_ns <= one.at_ns <= last.at_ns)
        yield Finding(
            f"{what} up to {peak:.0f} times a second{lasted(first, last)}, limit {allowed}", first.at_ns
        )


def lasted(first: Sample, last: Sample) -> str:
    """For how long, as the end of a message; nothing for one sample."""
    return f" for {(last.at_ns - first.at_ns) / _MS:.4g} ms" if last.at_ns > first.at_ns else ""
