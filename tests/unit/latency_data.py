"""Latency as the guest reports it, for tests of what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ktstr.events.distribution import bucket_of

__all__ = ["latency_event", "wasted_event"]


def latency_event(
    index: int | None = None,
    *,
    pid: int = 100,
    woken: Sequence[int] = (),
    wait: Sequence[int] = (),
    run: Sequence[int] = (),
    **fields: Any,
) -> dict[str, Any]:
    """An event `latency` of a task with these durations in ns; of a worker, if it has an index."""
    event: dict[str, Any] = {
        "ev": "latency",
        "pid": pid,
        "comm": "kworker/0:1" if index is None else f"ktstr-w{index}",
        "policy": 0,
        "nice": 0,
        "voluntary": len(woken),
        "involuntary": 0,
    }
    for key, several in (("woken", woken), ("wait", wait), ("run", run)):
        event |= _histogram(key, several)
    return event | ({} if index is None else {"index": index}) | fields


def wasted_event(ns: int) -> dict[str, Any]:
    """An event `wasted`."""
    return {"ev": "wasted", "ns": ns}


def _histogram(key: str, several: Sequence[int]) -> dict[str, Any]:
    fields: dict[str, Any] = {f"{key}_ns": sum(several)}
    if several:
        buckets = [bucket_of(ns) for ns in several]
        pairs = [number for bucket in sorted(set(buckets)) for number in (bucket, buckets.count(bucket))]
        fields |= {key: pairs, f"{key}_most_ns": max(several), f"{key}_most_at_ns": 1_500_000_000}
    return fields
