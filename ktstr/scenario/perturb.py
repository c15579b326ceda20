"""Perturbations: short preemptions by a real-time task on CPUs and at times that follow from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ktstr.base.topology import Topology

__all__ = ["Perturbation", "aimed", "only", "perturbations"]

_NS = 1_000_000_000
_PER_SECOND = 40
_AT_MOST = 400
# From what a timer's interrupt takes to about a tick's length, each order of magnitude as often.
_SHORTEST_NS, _LONGEST_NS = 20_000, 2_000_000


@dataclass(frozen=True)
class Perturbation:
    """A burst of `ns` guest nanoseconds on `cpu`, `at_ns` after the start of the hold; of 0, none."""

    at_ns: int
    cpu: int
    ns: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The perturbation as the plan has it."""
        return ("perturb", str(self.cpu), str(self.at_ns), str(self.ns))


def perturbations(seed: int, topology: Topology, hold_s: float) -> tuple[Perturbation, ...]:
    """The perturbations of a hold, in order of time: 40 a guest second over all CPUs, 400 at most."""
    # Of its own for each use of the seed, and by a text, whose hash random takes from SHA-512: the same everywhere.
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
    """`some` of the perturbations `of`, and in the others' place as many that are none.

    What comes before the hold takes as long as with all of them: the hold begins at a multiple of guest time, and would
    begin at another one if the guest had a shorter plan to read.
    """
    return (*some, *(replace(one, ns=0) for one in of[len(some) :]))


def aimed(one: Perturbation, did_ns: int, does_ns: int, hold_s: float) -> Perturbation | None:
    """`one`, moved so that it preempts a task as far into its turn as it did before: at `did_ns` instead of `does_ns`.

    With other perturbations left out, turns begin at other times. None where that cannot be: one of the two is 0, for
    it preempted nothing then, or the hold has no such time.
    """
    at_ns = one.at_ns + did_ns - does_ns
    if not did_ns or not does_ns or not 0 <= at_ns < round(hold_s * _NS):
        return None
    return replace(one, at_ns=at_ns)
