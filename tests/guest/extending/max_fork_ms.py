"""A check of the project's own."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr import Evidence, Limit, declare_check


@declare_check(default=False, accepts=Limit("guest milliseconds"))
def max_fork_ms(run: Evidence, limit: float) -> Iterator[str]:
    """No process of a fork storm took longer than this from its fork to its end."""
    for event in run.of("fork_storm"):
        took_ms = event["longest_ns"] / 1e6
        if took_ms > limit:
            yield f"of {event['count']} forks one took {took_ms:.3f} ms, limit {limit:g} ms"
