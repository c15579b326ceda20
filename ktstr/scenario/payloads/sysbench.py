"""sysbench: its tests of CPU, threads and mutexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, whole
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Payload

__all__ = ["sysbench"]

_TESTS = ("cpu", "threads", "mutex")


def sysbench(
    test: Literal["cpu", "threads", "mutex"] = "cpu",
    *,
    threads: int = 1,
    events: int = 1000,
    args: Sequence[str] = (),
    name: str = "sysbench",
) -> Payload:
    """A test of sysbench with `threads` threads, which do `events` events together (`mutex`: one each).

    `args` are further options, such as `--cpu-max-prime=500`. The numbers are `time` in seconds, `events`, and the
    latencies of events `latency_avg`, `latency_p95` and `latency_max` in ms.
    """
    if test not in _TESTS:
        raise KtstrError(f"sysbench: test={shown(test)}: must be one of {', '.join(_TESTS)}")
    options = [test, f"--threads={whole(threads, 'sysbench: threads', 1, 4096)}", "--time=0"]
    options += [f"--events={whole(events, 'sysbench: events', 1, 10**12)}"]

    def number(
        metric: str, words: str, unit: str, better: Literal["lower", "higher", ""] = "lower"
    ) -> Metric:
        return Metric(metric, pattern=rf"^\s+{words}:\s+(?P<value>[\d.]+)s?$", unit=unit, better=better)

    metrics = (
        number("time", "total time", "s"),
        number("events", "total number of events", "events", ""),
        number("latency_avg", "avg", "ms"),
        number("latency_p95", "95th percentile", "ms"),
        number("latency_max", "max", "ms"),
    )
    return Payload(
        name, binary="sysbench", args=(*options, *args, "run"), metrics=metrics, package="sysbench"
    )
