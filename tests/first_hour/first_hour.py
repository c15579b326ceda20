"""Replays a user's first hour on fresh Debian roots, which have the wheel and nothing else of this repository.

`nox -s first-hour -- [trixie] [bookworm] [--write]` runs it, as root with debootstrap. It prints the seconds of each
step, and fails if a command ended with another status than a user is to see. With `--write` the screens of the first
root that is named are written to docs/screens.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Step", "main", "read_steps", "screens", "table"]

ROOT = Path(__file__).resolve().parents[2]
HOUR = Path(__file__).with_name("hour.sh")
SUITES = ("bookworm", "trixie")
PAGE = ROOT / "docs" / "screens.md"
HEAD = """# Screens

What a user sees in the first hour on a fresh {name}, as a CI job shows it: without a terminal, 80 columns wide. `nox -s
first-hour -- {suite} --write` wrote this page from a real run; only the user's home is called `~`. The seconds are
those of a host with two cores and without KVM, on which much else ran at the time.
"""


@dataclass(frozen=True)
class Step:
    """A step: what was typed and printed, the exit status, the one that is right, and how long it took."""

    name: str
    screen: tuple[str, ...]
    status: int
    wanted: int
    seconds: float


def read_steps(lines: Iterable[str]) -> Iterator[Step]:
    """The steps in what hour.sh writes, each as soon as it is over. The user's home is `~`."""
    name, screen = "", list[str]()
    for line in lines:
        if line.startswith("== step "):
            name, screen = line.removeprefix("== step ").rstrip("\n"), []
        elif done := re.fullmatch(r"== done (\d+) ([0-9.]+) (\d+)\n?", line):
            yield Step(name, tuple(screen), int(done[1]), int(done[3]), float(done[2]))
            name = ""
        elif name:
            screen.append(line.rstrip("\n").replace("/root", "~"))


def table(suites: Sequence[str], runs: Sequence[Sequence[Step]]) -> list[str]:
    """The seconds of each step as lines of a Markdown table, a column for each root."""
    lines = [f"| step | {' | '.join(suites)} |", f"| --- |{' ---: |' * len(suites)}"]
    for steps in zip(*runs, strict=False):
        lines.append(f"| {steps[0].name} | {' | '.join(f'{step.seconds:.1f} s' for step in steps)} |")
    return lines


def screens(suite: str, name: str, steps: Sequence[Step]) -> str:
    """The page of all screens."""
    parts = [HEAD.format(suite=suite, name=name), *table([suite], [steps])]
    for step in steps:
        parts += [f"\n## {step.name[0].upper()}{step.name[1:]}\n", "```text", *step.screen, "```"]
        if step.wanted:
            parts.append(f"\nThe exit status is {step.status}.")
    return "\n".join(parts) + "\n"


def main() -> int:
    """Run the hour in each root; 1 if a step's status is wrong, or one is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help="Debian releases (default: bookworm trixie)")
    parser.add_argument("--write", action="store_true", help="write docs/screens.md")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "target" / "fresh-root", help="where roots are kept"
    )
    arguments = parser.parse_args()
    suites = arguments.suites or SUITES
    runs = []
    with tempfile.TemporaryDirectory(prefix="ktstr-first-hour-") as folder:
        given = Path(folder)
        wheel = ["-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, str(ROOT)]
        subprocess.run([sys.executable, *wheel], check=True)
        shutil.copytree(ROOT / "tests" / "hosting" / "project", given / "scx_tiny")
        shutil.copy(HOUR, given)
        for suite in suites:
            settings = ["--suite", suite, "--folder", str(arguments.folder), "--bind", folder]
            runs.append(_hour([*settings, str(given / HOUR.name), folder]))
    for line in table(suites, runs):
        print(line)
    if arguments.write:
        name = {"bookworm": "Debian 12", "trixie": "Debian 13"}.get(suites[0], suites[0])
        PAGE.write_text(screens(suites[0], name, runs[0]), encoding="utf-8")
    wanted = len(re.findall(r"^step '", HOUR.read_text(), re.MULTILINE))
    wrong = [step for steps in runs for step in steps if step.status != step.wanted]
    return 1 if wrong or any(len(steps) != wanted for steps in runs) else 0


def _hour(arguments: Sequence[str]) -> list[Step]:
    """The steps of one root, shown as they end; one with a wrong status with its screen."""
    command = [str(ROOT / "ci" / "fresh-root"), *arguments]
    steps = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stdout is not None
        for step in read_steps(process.stdout):
            steps.append(step)
            right = "" if step.status == step.wanted else f", not {step.wanted}:"
            print(
                f"first-hour: {step.seconds:6.1f} s  {step.name}: status {step.status}{right}",
                file=sys.stderr,
            )
            if right:
                print("\n".join(step.screen), file=sys.stderr, flush=True)
    return steps


if __name__ == "__main__":
    sys.exit(main())
