"""The second run of a failed one, in the failure's text."""

from __future__ import annotations

from ktstr.report.flight import flight_lines
from ktstr.run.second import Repro

__all__ = ["maps_note", "repro_lines"]


def repro_lines(repro: Repro) -> list[str]:
    """What came of it, and what its flight recorder had. Nothing of one that is the first run over again."""
    if repro.outcome == "identical":
        return []
    lines = [f"run again with {'a ' if repro.more == 'dump' else 'the '}{repro.more}: {repro.told}"]
    return lines + flight_lines(repro.report.guest.flight if repro.report else ())


def maps_note(repro: Repro) -> str:
    """Where the maps come from that it was run again for."""
    if repro.outcome == "identical":
        return "(read at the end of the hold, by a second run that is the same up to there)"
    return "(of the second run: see auto-repro)"
