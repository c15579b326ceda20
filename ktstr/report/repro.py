"""The second run of a failed one: what it is, and how a failure's text shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ktstr.checks.verdict import RunReport
from ktstr.report.flight import flight_lines

__all__ = ["More", "Outcome", "Repro", "maps_note", "repro_lines"]

More = Literal["flight recorder", "dump"]
"""What a second run has that the first one has not."""

Outcome = Literal[
    "identical",  # event by event, as far as the first one goes
    "same",  # the same exit, or the same checks if the scheduler stayed
    "same_kind",  # an exit of the same kind with another message
    "other",  # it failed in another way
    "passed",
    "undone",  # it could not be run again
]
"""How a second run ended, compared with the first."""


@dataclass(frozen=True)
class Repro:
    """A second run of a failed one: what it was to have more, its outcome against the first run, and that in a line.

    `report` is the run itself and `record` its record for the sidecar; both are None if it could not be done.
    """

    more: More
    outcome: Outcome
    told: str
    report: RunReport | None = None
    record: dict[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        """For the first run's record; docs/sidecar.md describes it."""
        return {"more": self.more, "outcome": self.outcome, "told": self.told, "run": self.record}


def repro_lines(repro: Repro) -> list[str]:
    """The outcome, and what the flight recorder had; nothing if the second run was the first one over again."""
    if repro.outcome == "identical":
        return []
    lines = [f"run again with {'a ' if repro.more == 'dump' else 'the '}{repro.more}: {repro.told}"]
    return lines + flight_lines(repro.report.guest.flight if repro.report else ())


def maps_note(repro: Repro) -> str:
    """Where the maps come from, if it was run again for them."""
    if repro.outcome == "identical":
        return "(read at the end of the hold, by a second run that is the same up to there)"
    return "(of the second run: see auto-repro)"
