"""cyclictest of rt-tests: threads that sleep until a time, and note how late they run."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.values import whole
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Payload

__all__ = ["cyclictest"]


def cyclictest(
    threads: int = 1,
    loops: int = 100,
    *,
    interval_us: int = 1000,
    priority: int = 0,
    args: Sequence[str] = (),
    name: str = "cyclictest",
) -> Payload:
    """`threads` threads that sleep `loops` times for `interval_us` (each further thread for 500 us more).

    They are SCHED_OTHER, which is what a sched_ext scheduler gets; with a `priority` SCHED_FIFO. Its numbers are the
    latencies of wakeups over all threads: `min`, `avg` (the mean of the threads' averages) and `max`, in us.
    """
    options = ["-q", "-t", str(whole(threads, "cyclictest: threads", 1, 1024))]
    options += ["-l", str(whole(loops, "cyclictest: loops", 1, 10**9))]
    options += ["-i", str(whole(interval_us, "cyclictest: interval_us", 1, 10**9))]
    if whole(priority, "cyclictest: priority", 0, 99):
        options += ["-p", str(priority)]
    else:
        options += ["--policy=other"]

    def latency(metric: str, word: str, take: str) -> Metric:
        pattern = rf"^T:.* {word}:\s*(?P<value>-?\d+)"
        return Metric(metric, pattern=pattern, unit="us", better="lower", take=take)  # type: ignore[arg-type]

    metrics = (latency("min", "Min", "min"), latency("avg", "Avg", "mean"), latency("max", "Max", "max"))
    return Payload(name, binary="cyclictest", args=(*options, *args), metrics=metrics, package="rt-tests")
