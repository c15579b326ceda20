"""The verdict of a step: that of all variants of a test together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ktstr.report.text import first_line, printable

__all__ = ["Verdict", "judged"]


@dataclass(frozen=True)
class Verdict:
    """The verdict on one revision, and the reason on one line. `skipped` means that it could not be judged."""

    outcome: Literal["passed", "failed", "skipped"]
    why: str = ""


def judged(sidecars: Sequence[Mapping[str, Any]], otherwise: str) -> Verdict:
    """The verdict of all variants of a test, from their sidecars; `otherwise` is the reason if there are none."""
    if not sidecars:
        return Verdict("skipped", otherwise)
    for outcome in ("error", "failed", "inconclusive", "skipped"):
        for data in sidecars:
            if data["outcome"] == outcome:
                why = first_line(printable(str(data.get("message") or "")))
                return Verdict("failed" if outcome == "failed" else "skipped", why or outcome)
    return Verdict("passed")
