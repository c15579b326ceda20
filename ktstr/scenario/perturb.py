"""Perturbations: short preemptions by a real-time task on CPUs and at times that follow from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from ktstr.base.topology import Topology
from ktstr.scenario.operations.perturb import Perturbation

__all__ = ["Perturbation", "aimed", "only", "perturbations"]

_NS = 1_000_000_000
_PER_SECOND = 40
_AT_MOST = 400
# From about what a timer's interrupt takes to about a tick, each order of magnitude equally often.
_SHORTEST_NS, _LONGEST_NS = 20_000, 2_000_000


def perturbations(seed: int, topology: Topology, hold_s: float) -> tuple[Perturbation, ...]:
    """The perturbations of a hold, in order of time: 40 a guest second over all CPUs, 400 at most."""
    # Each use of the seed has a generator of its own. It is seeded by a text, which random hashes with SHA-512, so
    # that it is the same on every machine and in every version of Python.
    source = random.Random(f"ktstr perturbations {seed}")
    count = min(_AT_MOST, max(1, round(hold_s * _PER_SECOND)))
    return tuple(
        sorted(
            (
                Perturbation(
                    at_ns=source.randrange(round(hold_s * _NS)),
                    cpu=source.randrange(topology.cpus),
                    ns=round(_SHORTEST_NS * (_LONGEST_NS / _SHORTEST_NS) ** source.random()),
                )
                for _ in range(count)
            ),
            key=lambda one: (one.at_ns, one.cpu, one.ns),
        )
    )


def only(some: Sequence[Perturbation], of: Sequence[Perturbation]) -> tuple[Perturbation, ...]:
    """`some` of the perturbations `of`; the others are replaced by as many of length 0.

    Removing one must not shift anything else: the hold begins at a multiple of guest time, and would begin at another
    one if the guest had a shorter plan to read.
    """
    return (*some, *(replace(one, ns=0) for one in of[len(some) :]))


def aimed(one: Perturbation, did_ns: int, does_ns: int, hold_s: float) -> Perturbation | None:
    """`one`, moved so that it preempts a task as far into its time slice as before: at `did_ns` instead of `does_ns`.

    With other perturbations left out, time slices begin at other times. None if it cannot be moved: one of the two is
    0, because it preempted nothing in that run, or the hold has no such time.
    """
    at_ns = one.at_ns + did_ns - does_ns
    if not did_ns or not does_ns or not 0 <= at_ns < round(hold_s * _NS):
        return None
    return replace(one, at_ns=at_ns)
