"""A check that a run did not pass."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "Violation"]


@dataclass(frozen=True)
class Finding:
    """What a check found, and when it was: a check yields it in place of a message if it knows the time."""

    message: str
    """Who, the measured value and the limit, in one line."""
    at_ns: int | None = None
    """The guest time, in ns since boot; None: not known."""
    victim: int | None = None
    """The number of the worker that waited; None: none did."""


@dataclass(frozen=True)
class Violation:
    """A check that failed."""

    check: str
    """The name of the check."""
    message: str
    """Who, the measured value and the limit, in one line."""
    phase: str = ""
    """The step in which it was, with the turn if there are several; empty for a scenario without steps."""
    at_ns: int | None = None
    """The guest time, in ns since boot: of what was found, or of the end of the phase that was judged."""
    into_ns: int | None = None
    """The same in guest ns from the begin of the phase's hold; negative if it was before."""
    victim: int | None = None
    """The number of the worker that waited; None: none did."""

    @property
    def where(self) -> str:
        """The phase and the time in it, as a message shows them; empty for a scenario without steps."""
        if not self.phase:
            return ""
        if self.into_ns is None:
            return f"in step {self.phase}"
        if self.into_ns < 0:
            return f"at the start of step {self.phase}"
        return f"in step {self.phase}, at {self.into_ns / 1e9:.3f} s"

    @property
    def line(self) -> str:
        """The message, and where it was."""
        return f"{self.message} ({self.where})" if self.where else self.message
