"""Churn: operations at random times of a hold, which follow from the run's seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument, Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At

__all__ = ["Churn"]

_NS = 1_000_000_000
_MOST_PER_S = 1000
_MOST = 1000


@dataclass(frozen=True)
class _Operations(Argument):
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, tuple) or not value:
            raise KtstrError(f"{where}={shown(value)}: must be operations, such as (SetNice('a', 5),)")
        for one in value:
            if not isinstance(one, Operation) or isinstance(one, At | Churn):
                raise KtstrError(f"{where}: {shown(one)}: must be an operation without a time of its own")
            if one.instead:
                raise KtstrError(f"{where}={one.name}: ktstr puts it into the plan; use {one.instead}")

    def words(self, value: tuple[Operation, ...]) -> tuple[str, ...]:
        return ("; ".join(str(one) for one in value),)


@dataclass(frozen=True)
class _Numbers(Argument):
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, frozenset) or not all(isinstance(one, int) for one in value):
            raise KtstrError(f"{where}={shown(value)}: must be a frozenset of numbers of operations")

    def words(self, value: frozenset[int]) -> tuple[str, ...]:
        return (",".join(map(str, sorted(value))),)


@dataclass(frozen=True)
class Churn(Operation):
    """Does `operations` at random times of the step's hold, `per_s` a guest second, in an order that is random, too.

    Times and order follow from the run's seed. One that makes no sense at its moment (a cgroup that is gone) is passed
    over for another. `without` leaves some out by their numbers, from 0 in order of time; the others stay as they are.
    """

    name = "churn"
    operations: Annotated[tuple[Operation, ...], _Operations()]
    """What may be done."""
    per_s: Annotated[int, Whole(1, _MOST_PER_S)] = 10
    """How many in a guest second; at most 1000 in a hold."""
    without: Annotated[frozenset[int], _Numbers()] = frozenset()
    """The numbers of those that are left out."""

    def __init__(
        self, operations: Iterable[Operation], per_s: int = 10, without: Iterable[int] = frozenset()
    ) -> None:
        object.__setattr__(
            self, "operations", tuple(operations) if isinstance(operations, Iterable) else operations
        )
        object.__setattr__(self, "per_s", per_s)
        object.__setattr__(self, "without", frozenset(without))
        self.check()

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """The operations with their times."""
        done = self.drawn(state, hold_s, seed)
        return tuple(one for number, one in enumerate(done) if number not in self.without)

    def drawn(self, state: State, hold_s: float, seed: int) -> tuple[At, ...]:
        """All operations in order of time, those of `without` included."""
        # See scenario/perturb.py: a text is hashed the same way everywhere.
        source = random.Random(f"ktstr churn {seed} {self.per_s} {self.operations}")
        count = min(_MOST, max(1, round(hold_s * self.per_s)))
        times = sorted(source.randrange(round(hold_s * _NS)) for _ in range(count))
        drawn: list[At] = []
        for at_ns in times:
            for one in source.sample(self.operations, len(self.operations)):
                try:
                    (settled,) = one.expand(state, hold_s, source.randrange(2**32))
                    state = settled.changes(state)
                except (KtstrError, ValueError):
                    continue
                drawn.append(At(at_ns / _NS, settled))
                break
        return tuple(drawn)

    def only(self, numbers: Iterable[int], count: int) -> Churn:
        """With only those of `count` operations left: what shrinking tries."""
        return replace(self, without=frozenset(range(count)) - frozenset(numbers))

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its operations need."""
        return tuple(dict.fromkeys(file for one in self.operations for file in one.source_files()))

    def __str__(self) -> str:
        less = f", without {len(self.without)} of them" if self.without else ""
        names = "; ".join(str(one) for one in self.operations)
        return f"churn {self.per_s} times a second{less}: {names}"
