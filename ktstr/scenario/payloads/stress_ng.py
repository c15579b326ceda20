"""stress-ng: hundreds of stressors, each of which does one thing over and over."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, whole
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Offered, Payload

__all__ = ["stress_ng"]

_STRESSOR = re.compile(r"[a-z][a-z0-9-]{0,31}")


def stress_ng(
    *stressors: str,
    workers: int = 1,
    ops: int | None = None,
    seconds: int | None = None,
    args: Sequence[str] = (),
    name: str = "stress-ng",
) -> Payload:
    """`stressors` such as `cpu`, `switch`, `pipe`, `futex`, `mutex`, with `workers` processes each.

    Each ends after `ops` bogo operations, or after guest `seconds`; without both it goes on until it is killed, and
    prints its numbers then. The numbers of each stressor are `STRESSOR.ops` (bogo operations), `STRESSOR.rate` (per
    second) and `STRESSOR.cpu_rate` (per second of CPU time). One that this machine's stress-ng does not list
    (`stress-ng --stressors`) is refused before a guest is started.
    """
    if not stressors:
        raise KtstrError("stress_ng: must have a stressor, such as stress_ng('cpu')")
    options: list[str] = []
    metrics: list[Metric] = []
    for stressor in stressors:
        if not isinstance(stressor, str) or not _STRESSOR.fullmatch(stressor):
            raise KtstrError(f"stress_ng: {shown(stressor)}: must be a stressor's name, such as 'switch'")
        options += [f"--{stressor}", str(whole(workers, "stress_ng: workers", 1, 4096))]
        if ops is not None:
            options += [f"--{stressor}-ops", str(whole(ops, "stress_ng: ops", 1, 10**12))]
        metrics += _metrics(stressor)
    if seconds is not None:
        options += ["--timeout", str(whole(seconds, "stress_ng: seconds", 1, 3600))]
    return Payload(
        name,
        binary="stress-ng",
        args=(*options, "--metrics-brief", *args),
        metrics=tuple(metrics),
        package="stress-ng",
        offered=Offered("stressor", stressors, ("--stressors",)),
    )


def _metrics(stressor: str) -> list[Metric]:
    """The columns of the stressor's row: operations, real, user and system time, and two rates."""
    head = rf"metrc: \[\d+\] {stressor}\s+"
    columns = (
        ("ops", r"(?P<value>\d+)\s", "ops"),
        ("rate", r"\d+(?:\s+[\d.]+){3}\s+(?P<value>[\d.]+)\s", "ops/s"),
        ("cpu_rate", r"\d+(?:\s+[\d.]+){4}\s+(?P<value>[\d.]+)$", "ops/s"),
    )
    # Before 0.15.08 messages go to stderr, since then to stdout.
    return [
        Metric(f"{stressor}.{name}", pattern=head + column, unit=unit, better="higher", stream="both")
        for name, column, unit in columns
    ]
