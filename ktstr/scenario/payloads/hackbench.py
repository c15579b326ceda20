"""hackbench of rt-tests: groups of tasks that send each other messages."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.values import whole
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Payload

__all__ = ["hackbench"]


def hackbench(
    groups: int = 1,
    loops: int = 100,
    *,
    fds: int = 20,
    pipe: bool = False,
    threads: bool = False,
    args: Sequence[str] = (),
    name: str = "hackbench",
) -> Payload:
    """`groups` groups of `fds` senders and `fds` receivers; each sender sends `loops` messages to each receiver.

    They use sockets, or pipes (`pipe`), and are processes, or `threads`. Its number is `time`, in seconds.
    """
    options = ["-g", str(whole(groups, "hackbench: groups", 1, 1000))]
    options += ["-l", str(whole(loops, "hackbench: loops", 1, 10**9))]
    options += ["-f", str(whole(fds, "hackbench: fds", 1, 1000))]
    options += ["-p"] if pipe else []
    options += ["-T"] if threads else []
    time = Metric("time", pattern=r"^Time: (?P<value>[\d.]+)$", unit="s", better="lower")
    return Payload(name, binary="hackbench", args=(*options, *args), metrics=(time,), package="rt-tests")
