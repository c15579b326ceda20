"""The journal: the steps of a bisection that is not over, so that one that was killed goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.bisect.step import Verdict
from ktstr.report.sidecar import write_json

__all__ = ["Journal", "Step"]

_SCHEMA = 1


@dataclass(frozen=True)
class Step:
    """A step: the revision by its name, what became of the test there, and how many suspects there were before."""

    revision: str
    name: str
    verdict: Verdict
    left: int


class Journal:
    """The steps so far, in a file of `folder`. `about` is all that their verdicts depend on beside the kernel: steps
    with something else in it are not taken."""

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
            pass  # there is none, or half of one

    def find(self, revision: str) -> Step | None:
        """The revision's step, if it was made."""
        return next((step for step in self.steps if step.revision == revision), None)

    def add(self, step: Step) -> None:
        """Keep a step."""
        self.steps.append(step)
        self._write(self._path)

    def close(self, found: Mapping[str, object]) -> Path:
        """End it with what was found: the next bisection begins anew. Returns where it is kept."""
        kept = self._path.with_name("bisect.json")
        self._write(kept, found)
        self.discard()
        return kept

    def discard(self) -> None:
        """Forget the steps."""
        self._path.unlink(missing_ok=True)

    def _write(self, path: Path, found: Mapping[str, object] | None = None) -> None:
        data = {"schema": _SCHEMA, "about": self._about, "steps": [asdict(step) for step in self.steps]}
        try:
            write_json(path, data | ({"found": dict(found)} if found else {}))
        except OSError as error:
            raise KtstrError(f"{path}: {error.strerror}") from None
