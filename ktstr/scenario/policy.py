"""Scheduling policies of workers, by sched(7)'s names."""

from __future__ import annotations

from typing import Literal, get_args

from ktstr.scenario.argument import Choice

__all__ = ["POLICY", "REAL_TIME", "Policy"]

Policy = Literal["normal", "batch", "idle", "fifo", "rr"]
"""The name of a scheduling policy, as sched(7) has it in SCHED_*."""

POLICY = Choice(get_args(Policy))
"""The policy as an argument."""

REAL_TIME: frozenset[Policy] = frozenset(("fifo", "rr"))
"""The policies that a sched_ext scheduler never gets to see."""
