"""What is said of the tests that run at the moment: one line, for a log and for a terminal of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Going", "failed_line", "log_line", "remaining_s", "status_line"]

_SHOWN = 4


@dataclass(frozen=True)
class Going:
    """A test that runs: its name, for how many seconds, and how far its guest is."""

    name: str
    for_s: float
    stage: str


def failed_line(name: str, for_s: float, what: str) -> str:
    """`... smoke FAILED after 8 s: ...`: said at once, because what is run again to show more may take a minute."""
    return f"... {name} FAILED after {for_s:.0f} s: {what}"


def log_line(going: Sequence[Going], done: int, total: int, left_s: float | None) -> str:
    """`... 1 of 3 done, about 40 s left; running: smoke holds, 12 s`: those that began first are named."""
    oldest = _oldest(going)
    named = ", ".join(f"{_named(one)}, {one.for_s:.0f} s" for one in oldest[:_SHOWN])
    more = f" and {len(oldest) - _SHOWN} more" if len(oldest) > _SHOWN else ""
    left = "" if left_s is None else f", about {_duration(left_s)} left"
    return f"... {done} of {total} done{left}; running: {named}{more}"


def status_line(going: Sequence[Going], done: int, total: int, left_s: float | None, columns: int) -> str:
    """`1/3, about 40 s left: smoke holds 12 s, smt boots 2 s, +1`: as much of it as `columns` hold."""
    oldest = _oldest(going)
    left = "" if left_s is None else f", about {_duration(left_s)} left"
    heads = [f"{done}/{total}{left}: ", f"{done}/{total}: "]
    for head in heads:
        for shown in range(min(len(oldest), _SHOWN), 0, -1):
            parts = [f"{_named(one)} {one.for_s:.0f} s" for one in oldest[:shown]]
            rest = [f"+{len(oldest) - shown}"] if len(oldest) > shown else []
            if len(text := head + ", ".join([*parts, *rest])) <= columns:
                return text
    # Not even one test fits: its name is what is shortened, because the rest says how it goes on.
    first = oldest[0]
    tail = f" {first.stage} {first.for_s:.0f} s"
    name = max(0, columns - len(heads[1]) - len(tail))
    return f"{heads[1]}{first.name[:name]}{tail}"[:columns]


def remaining_s(
    going: Mapping[str, float], rest: Sequence[str], took_s: Mapping[str, float], at_once: int
) -> float | None:
    """How long the rest will take, in seconds; None if nothing is known of it, or it was wrong.

    `going` is for how long those run that run now; `took_s` what tests took before, by id. A test that never ran is
    taken to need as long as the others do on average.
    """
    if not took_s:
        return None
    average = sum(took_s.values()) / len(took_s)
    left = sum(max(0.0, took_s.get(one, average) - for_s) for one, for_s in going.items())
    left += sum(took_s.get(one, average) for one in rest)
    # Those that run take longer than before: nobody knows how long.
    return left / max(1, at_once) if left >= 1 else None


def _named(one: Going) -> str:
    return f"{one.name} {one.stage}"


def _oldest(going: Sequence[Going]) -> list[Going]:
    return sorted(going, key=lambda one: -one.for_s)


def _duration(seconds: float) -> str:
    """In steps that an estimate deserves: `40 s`, `3 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds / 5) * 5) if seconds > 10 else max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
