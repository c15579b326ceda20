"""The work type `phased`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument, Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["Phased", "Phases"]

_KINDS: Mapping[str, tuple[Argument, int]] = {
    "spin": (Milliseconds(), 1_000_000),
    "sleep": (Milliseconds(), 1_000_000),
    "yield": (Whole(1, 1_000_000), 1),
    "io": (Whole(1, 65_536), 1024),
}
_MOST = 32


@dataclass(frozen=True)
class Phases(Argument):
    """A list of phases, each a pair of what is done and how much of it; the plan has nanoseconds, times and bytes."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError, naming the phase, for anything else."""
        if not isinstance(value, tuple) or not 1 <= len(value) <= _MOST:
            raise KtstrError(f"{where}={shown(value)}: must be a tuple of 1 to {_MOST} phases")
        for phase in value:
            if not isinstance(phase, tuple) or len(phase) != 2 or phase[0] not in _KINDS:
                raise KtstrError(
                    f"{where}: {shown(phase)}: must be a pair of {', '.join(_KINDS)} and a number"
                )
            _KINDS[phase[0]][0].check(phase[1], f"{where}: {phase[0]}")

    def words(self, value: Any) -> tuple[str, ...]:
        """The phases as one word: `spin:1000000,yield:1`."""
        return (",".join(f"{kind}:{round(amount * _KINDS[kind][1])}" for kind, amount in value),)


@dataclass(frozen=True)
class Phased(WorkType):
    """Goes through a list of `phases`, over and over: `Phased((("spin", 2), ("sleep", 0.5), ("io", 16)))`.

    `spin` computes and `sleep` sleeps for guest milliseconds, `yield` yields so often, a step before each, and `io`
    writes so many KiB to a file in a tmpfs.
    """

    name = "phased"
    phases: Annotated[tuple[tuple[str, float], ...], Phases()] = (
        ("spin", 1),
        ("sleep", 1),
        ("yield", 1),
        ("io", 4),
    )

    @property
    def tokens(self) -> tuple[str, ...]:
        """Its name and its phases, the one parameter of a work type that is no number. KtstrError for a wrong phase."""
        self.check()
        return (self.name, f"phases={Phases().words(self.phases)[0]}")
