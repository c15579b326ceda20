"""Churn: operations at random times of a hold, which follow from the run's seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
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
class Churn(Operation):
    """Does `operations` at random times of the step's hold, `per_s` a guest second, in an order that is random, too.

    Times and order follow from the run's seed. One that makes no sense at its moment (a cgroup that is gone) is passed
    over for another. If the run fails, runs with fewer of them show which ones it takes.
    """

    name = "churn"
    operations: Annotated[tuple[Operation, ...], _Operations()]
    """What may be done."""
    per_s: Annotated[int, Whole(1, _MOST_PER_S)] = 10
    """How many in a guest second; at most 1000 in a hold."""

    def __init__(self, operations: Iterable[Operation], per_s: int = 10) -> None:
        several = tuple(operations) if isinstance(operations, Iterable) else operations
        object.__setattr__(self, "operations", several)
        object.__setattr__(self, "per_s", per_s)
        self.check()

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """The operations with their times, in order."""
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

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its operations need."""
        return tuple(dict.fromkeys(file for one in self.operations for file in one.source_files()))

    def __str__(self) -> str:
        names = "; ".join(str(one) for one in self.operations)
        return f"churn {self.per_s} times a second: {names}"
