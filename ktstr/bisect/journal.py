"""The journal: the steps of an unfinished bisection, so that a bisection that was killed continues where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.bisect.verdict import Verdict
from ktstr.report.sidecar import write_json

__all__ = ["Journal", "Step"]

_SCHEMA = 1


@dataclass(frozen=True)
class Step:
    """One step of a bisection."""

    revision: str
    """The revision that was tested."""
    name: str
    """The revision as a table shows it."""
    verdict: Verdict
    """The test's verdict there."""
    left: int
    """How many suspects there were before the step."""


class Journal:
    """The steps so far, in a file of `folder`.

    `about` is everything besides the kernel that the verdicts depend on. Steps that were made with another `about` are
    ignored, and `outdated` is true then.
    """

    def __init__(self, folder: Path, about: Mapping[str, object]) -> None:
        self._path = folder / "journal.json"
        self._about = dict(about)
        self.steps: list[Step] = []
        self.outdated = False
        try:
            data = json.loads(self._path.read_text(encoding="ascii"))
            if data["schema"] == _SCHEMA and data["about"] == self._about:
                self.steps = [
                    Step(**(step | {"verdict": Verdict(**step["verdict"])})) for step in data["steps"]
                ]
            else:
                self.outdated = bool(data["steps"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is no journal, or only half of one

    def find(self, revision: str) -> Step | None:
        """The step that tested the revision, or None."""
        return next((step for step in self.steps if step.revision == revision), None)

    def add(self, step: Step) -> None:
        """Add a step and write the journal; KtstrError if it cannot be written."""
        self.steps.append(step)
        self._write(self._path)

    def close(self, found: Mapping[str, object]) -> Path:
        """End the bisection with its result, so that the next one starts over. Returns the path of the final record."""
        kept = self._path.with_name("bisect.json")
        self._write(kept, found)
        self.discard()
        return kept

    def discard(self) -> None:
        """Delete the journal."""
        self._path.unlink(missing_ok=True)

    def _write(self, path: Path, found: Mapping[str, object] | None = None) -> None:
        data = {"schema": _SCHEMA, "about": self._about, "steps": [asdict(step) for step in self.steps]}
        try:
            write_json(path, data | ({"found": dict(found)} if found else {}))
        except OSError as error:
            raise KtstrError(f"{path}: {error.strerror}") from None
