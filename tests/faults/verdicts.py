"""What a run says: the verdicts that it left in its sidecars, and what is wrong with them and with its words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Verdict", "stray_words", "verdicts_in", "wrong_verdicts"]

DECIDED = ("passed", "failed")
_NO_SIDECAR = ("run.json", "session.json", "timings.json", "job.json")
_STRAY = re.compile(
    r"Traceback \(most recent|INTERNALERROR|Exception ignored|Fatal Python error|^E  ", re.MULTILINE
)


@dataclass(frozen=True)
class Verdict:
    """A test's outcome, and for one that was decided what it was decided from: hashes of events, and violations."""

    outcome: str
    events: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()


def verdicts_in(target: Path, left_out: Path | None = None) -> dict[str, Verdict]:
    """The verdict of each test in the sidecars below `target`; one that cannot be read is `unreadable`.

    What a killed run left is read where that run wrote it, and not where a later run has moved it. `left_out` is a
    sidecar of an earlier run that is known to be wrong.
    """
    found: dict[str, Verdict] = {}
    for path in sorted(target.rglob("*.json")) if target.is_dir() else ():
        if path.name in _NO_SIDECAR or path.name.startswith(".") or "-interrupted/" in str(path):
            continue
        if path == left_out:
            continue
        try:
            data = json.loads(path.read_text())
            found[_unique(data["test"], found)] = _verdict(data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            found[f"{path.name}: {error}"] = Verdict("unreadable")
    return found


def _unique(test: str, found: Mapping[str, Verdict]) -> str:
    """The test's name, numbered from its second sidecar on."""
    name, number = test, 1
    while name in found:
        number += 1
        name = f"{test} ({number})"
    return name


def _verdict(data: Mapping[str, Any]) -> Verdict:
    if data["outcome"] not in DECIDED:
        return Verdict(data["outcome"])
    runs = data["runs"]
    return Verdict(
        data["outcome"],
        tuple(run["result"]["events_sha256"] for run in runs),
        tuple(one["message"] for run in runs for one in run["verdict"]["violations"]),
    )


def wrong_verdicts(
    found: Mapping[str, Verdict], reference: Mapping[str, Verdict], *, complete: bool
) -> list[str]:
    """What contradicts the reference: another verdict, or with `complete` one that is missing or an error."""
    wrong = []
    for name, verdict in found.items():
        if verdict.outcome in (*DECIDED, "unreadable") and verdict != reference.get(name.partition(" (")[0]):
            wrong.append(f"{name}: another verdict: {verdict.outcome} {verdict.violations or ''}".rstrip())
        elif complete and verdict.outcome not in DECIDED:
            wrong.append(f"{name}: {verdict.outcome}")
    if complete:
        wrong += [f"{name}: no verdict" for name in reference if name not in found]
    return wrong


def stray_words(text: str) -> list[str]:
    """The lines of a run's output that no user should see: tracebacks and their like."""
    return sorted({text[match.start() :].partition("\n")[0] for match in _STRAY.finditer(text)})
