"""Work types: what a worker does. The agent's `work.c` carries them out."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Bursty", "Mixed", "SpinWait", "WorkType", "YieldHeavy"]

_MS = 1_000_000


@dataclass(frozen=True)
class SpinWait:
    """Computes without end and never gives up its CPU; `pause` ends every few hundred instructions in a PAUSE.

    Without the PAUSE it looks to the machine like a program that computes, and shows the emulator's CPU turn.
    """

    pause: bool = True

    @property
    def tokens(self) -> tuple[str, ...]:
        """The work type as the plan has it: its name, then `key=value`."""
        return ("spin_wait", f"pause={int(self.pause)}")


@dataclass(frozen=True)
class YieldHeavy:
    """Computes a few hundred instructions, yields, and again."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The work type as the plan has it."""
        return ("yield_heavy",)


@dataclass(frozen=True)
class Mixed:
    """Computes for `burst_ms` guest milliseconds, yields, and again."""

    burst_ms: float = 1.0

    def __post_init__(self) -> None:
        _check("Mixed", "burst_ms", self.burst_ms)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The work type as the plan has it."""
        return ("mixed", f"burst_ns={round(self.burst_ms * _MS)}")


@dataclass(frozen=True)
class Bursty:
    """Computes for `burst_ms`, sleeps for `sleep_ms` (guest milliseconds), and again."""

    burst_ms: float = 50.0
    sleep_ms: float = 100.0

    def __post_init__(self) -> None:
        _check("Bursty", "burst_ms", self.burst_ms)
        _check("Bursty", "sleep_ms", self.sleep_ms)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The work type as the plan has it."""
        return ("bursty", f"burst_ns={round(self.burst_ms * _MS)}", f"sleep_ns={round(self.sleep_ms * _MS)}")


WorkType = SpinWait | YieldHeavy | Mixed | Bursty


def _check(kind: str, field: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.001 <= value <= 3_600_000:
        raise KtstrError(f"{kind}: {field}={shown(value)}: must be milliseconds, from 0.001 to an hour")
