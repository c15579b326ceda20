"""Trials of `nox -s perf`: does it find planted regressions, and nothing else, whatever the seeds?

`nox -s perf-trials -- [--trials 20] [--seeds 8] [--kernel 7.0] [slice] [dearer] [leak] [rewritten]`. Each trial
compares a commit that changes the fixture with the one before, with seeds that no other trial has.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planted import CHANGES, make_project, plant

from ktstr.compare.registry import METRICS

# A callback that became dearer is seen by the sweep, with any seed.
_OPTIONS = {"slice": ("--no-sweep",), "leak": ("--no-sweep",), "dearer": ("--seeds=1",), "rewritten": ()}
_HARMLESS = ("rewritten",)
_BETWEEN = 100  # from one trial's first seed to the next one's


@dataclass(frozen=True)
class Trial:
    """A comparison of a change with the commit before."""

    change: str
    seed: int
    """The first of its seeds."""
    status: int
    worse: Sequence[str]
    """The metrics that got worse."""
    seconds: float

    @property
    def right(self) -> bool:
        """Whether a regression was found, or nothing where there is none."""
        if self.change in _HARMLESS:
            return self.status == 0 and not self.worse
        return self.status == 1 and bool(self.worse)


def main(arguments: Sequence[str]) -> int:
    """Run the trials, print each and how many were right; status 1 if one was not."""
    parser = argparse.ArgumentParser(prog="perf-trials")
    parser.add_argument("changes", nargs="*", default=list(CHANGES))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the number of the first trial")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--kernel", default="7.0")
    asked = parser.parse_args(arguments)
    if unknown := [one for one in asked.changes if one not in CHANGES]:
        parser.error(f"{unknown[0]}: must be one of {', '.join(CHANGES)}")
    done: list[Trial] = []
    try:
        with tempfile.TemporaryDirectory(prefix="ktstr-trials-") as folder:
            projects = {change: _project(Path(folder), change) for change in asked.changes}
            for number in range(asked.first, asked.first + asked.trials):
                for change, root in projects.items():
                    # The commit before is the same for most changes, so that its runs are remembered.
                    done.append(_trial(root, change, number * _BETWEEN, asked.seeds, asked.kernel))
                    _print(done[-1])
    except KeyboardInterrupt:
        pass
    for change in asked.changes:
        own = [one for one in done if one.change == change]
        word = "nothing found" if change in _HARMLESS else "found"
        print(f"{change}: {word} in {sum(one.right for one in own)} of {len(own)} trials", end="")
        names = Counter(name for one in own for name in one.worse)
        print("".join(f"; {name} {count}" for name, count in names.most_common()))
    return int(not all(one.right for one in done))


def _project(folder: Path, change: str) -> Path:
    root = folder / change
    make_project(root, crowded=change == "slice")
    plant(root, change)
    return root


def _trial(root: Path, change: str, seed: int, seeds: int, kernel: str) -> Trial:
    began = time.monotonic()
    options = [f"--seeds={seeds}", f"--seed={seed}", *_OPTIONS[change]]
    command = [sys.executable, "-m", "ktstr.compare", "--kernel", kernel, *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    worse = [_metric(row) for row in re.findall(r"^worse  .*", done.stdout, re.MULTILINE)]
    if done.returncode not in (0, 1):
        print((done.stdout + done.stderr)[-2000:], file=sys.stderr)
    return Trial(change, seed, done.returncode, worse, time.monotonic() - began)


def _metric(row: str) -> str:
    """The metric of a row of the table: columns that are the same in all rows are not in it."""
    cells = [cell.split(" (")[0] for cell in re.split(r" {2,}", row)]
    return next((cell for cell in cells if cell.split("[")[0] in (*METRICS, "failed")), row)


def _print(trial: Trial) -> None:
    mark = "right" if trial.right else "WRONG"
    names = ", ".join(trial.worse) or "-"
    print(
        f"{mark}  {trial.change:9}  seeds from {trial.seed}  status {trial.status}  {trial.seconds:.0f} s  {names}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
