"""How much of a CPU a task is due, and how long it may wait: by its policy and nice value."""

from __future__ import annotations

__all__ = ["NICE_0", "patience", "task_weight"]

NICE_0 = 1024
"""The weight of a task of the policy normal with nice 0."""

# sched_prio_to_weight of the kernel (kernel/sched/core.c), from nice -20 to 19.
_WEIGHTS = (
    *(88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916),
    *(9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277),
    *(NICE_0, 820, 655, 526, 423, 335, 272, 215, 172, 137),
    *(110, 87, 70, 56, 45, 36, 29, 23, 18, 15),
)
_IDLE = 3  # WEIGHT_IDLEPRIO


def task_weight(policy: str, nice: int) -> int:
    """The kernel's weight of a task that has one: of the policy normal, batch, idle or ext."""
    return _IDLE if policy == "idle" else _WEIGHTS[min(max(nice, -20), 19) + 20]


def patience(policy: str, nice: int) -> float:
    """How many times as long as one with nice 0 a task may wait by right: 1, and more for lighter ones.

    A task of half the weight is due half the time, so it waits twice as long for its turn.
    """
    return max(1.0, NICE_0 / task_weight(policy, nice))
