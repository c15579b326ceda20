"""Line coverage of ktstr by room: `python tests/shared/rooms_covered.py`, with what coverage.py has collected.

Prints each room's figure and every module below the package's limit. Status 1 if the package or a room is below its
limit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LIMITS", "Covered", "main", "modules", "rooms", "table", "too_low"]

LIMITS = {"ktstr": 92.0, "ktstr/run": 90.0}
"""The least percentage of lines that the tests must run: of the whole package, and of the room that runs scenarios."""


@dataclass(frozen=True)
class Covered:
    """How many of the `lines` that can run did run, in a module or in several."""

    name: str
    ran: int
    lines: int

    @property
    def percent(self) -> float:
        """The share that ran; 100 if there is nothing to run."""
        return 100 * self.ran / self.lines if self.lines else 100.0


def modules(report: Mapping[str, Any]) -> list[Covered]:
    """The modules of a report that `coverage json` wrote, by name."""
    return [
        Covered(name, file["summary"]["covered_lines"], file["summary"]["num_statements"])
        for name, file in sorted(report["files"].items())
    ]


def rooms(found: Sequence[Covered]) -> list[Covered]:
    """The same by room, the folders of the package, then the package as a whole."""
    names = sorted(
        {str(Path(*Path(module.name).parts[:2])) for module in found if module.name.count("/") > 1}
    )
    return [_sum(name, found) for name in [*names, "ktstr"]]


def _sum(name: str, found: Sequence[Covered]) -> Covered:
    inside = [module for module in found if module.name.startswith(f"{name}/")]
    return Covered(name, sum(module.ran for module in inside), sum(module.lines for module in inside))


def too_low(by_room: Sequence[Covered], limits: Mapping[str, float]) -> list[str]:
    """A line for each room of `limits` that does not reach its limit, or that has no figure at all."""
    percent = {room.name: room.percent for room in by_room}
    return [
        f"coverage of {name}: {percent.get(name, 0):.1f} %, at least {limit:g} % are wanted"
        for name, limit in limits.items()
        if percent.get(name, 0) < limit
    ]


def table(found: Sequence[Covered], by_room: Sequence[Covered], limit: float) -> str:
    """Every room, and below it the modules that do not reach `limit`."""
    lines = []
    for room in by_room:
        lines.append(_line(room, ""))
        if room.name != "ktstr":
            low = [one for one in found if one.name.startswith(f"{room.name}/") and one.percent < limit]
            lines += [_line(one, "  ") for one in sorted(low, key=lambda one: one.percent)]
    return "\n".join(lines)


def _line(one: Covered, indent: str) -> str:
    return f"{indent + one.name:48} {one.percent:5.1f} %  {one.ran:5} of {one.lines}"


def main() -> int:
    """Report on the data file in the current folder."""
    with tempfile.TemporaryDirectory(prefix="ktstr-") as folder:
        path = Path(folder, "coverage.json")
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(path)]
        done = subprocess.run(command, check=False)
        if done.returncode:
            return done.returncode
        found = modules(json.loads(path.read_text()))
    by_room = rooms(found)
    print(table(found, by_room, LIMITS["ktstr"]))
    low = too_low(by_room, LIMITS)
    print(*low, sep="\n", end="\n" if low else "")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
