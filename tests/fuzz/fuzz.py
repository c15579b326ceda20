"""Fuzz the decoders, guided by coverage, and print a table: fuzz.py [--seconds 600] [--seed 1] [--jobs 2] [target ...].

What is found stays in target/fuzz. With --keep the inputs that reach something new, and the findings, go into the
corpus, which the unit tests run.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz_corpus import CORPUS, kept, write
from fuzz_target import content_name
from fuzz_targets import TARGETS

__all__ = ["Outcome", "outcome"]

_FOLDER = Path("target") / "fuzz"
# A line of libFuzzer's: the number of inputs so far, why it prints, and the edges that they have reached.
_FIGURES = re.compile(r"^#(?P<inputs>\d+)\s+(?P<why>\w+)\s+cov: (?P<edges>\d+) ", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """A target's run: how many inputs it had, the edges reached by the first ones and by all, and what it found."""

    target: str
    inputs: int
    edges_before: int
    edges: int
    findings: Sequence[str]
    problem: str = ""

    @property
    def line(self) -> str:
        """Its row in the table."""
        figures = f"{self.target:10} {self.inputs:>10,} {self.edges_before:>7} {self.edges:>7} {len(self.findings):>9}"
        return f"{figures}  {self.problem}".rstrip()


def outcome(target: str, status: int, said: str) -> Outcome:
    """What the engine's figures say; `said` is its standard error."""
    figures = list(_FIGURES.finditer(said))
    first = next((one for one in figures if one["why"] == "INITED"), None)
    findings = re.findall(r"^finding: (.*)$", said, re.MULTILINE)
    if first is None or status:
        problem = (
            f"the engine ended with status {status}: {(said.strip().splitlines() or ['it said nothing'])[-1]}"
        )
        return Outcome(target, 0, 0, 0, findings, problem)
    return Outcome(
        target, int(figures[-1]["inputs"]), int(first["edges"]), int(figures[-1]["edges"]), findings
    )


def _run(name: str, seconds: int, seed: int) -> Outcome:
    folder = (_FOLDER / name).absolute()
    inputs = folder / "corpus"
    inputs.mkdir(parents=True, exist_ok=True)
    known = (CORPUS / name).glob("*")
    for data in [*TARGETS[name].seeds(), *(path.read_bytes() for path in known)]:
        (inputs / content_name(data)).write_bytes(data)
    engine = Path(__file__).with_name("fuzz_engine.py")
    with (folder / "log").open("wb") as log:
        command = [sys.executable, str(engine), name, str(seconds), str(seed), str(folder)]
        done = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False)
    return outcome(name, done.returncode, (folder / "log").read_text(errors="replace"))


def _keep(name: str) -> None:
    """Put what the target's run has found into its corpus."""
    target, folder = TARGETS[name], _FOLDER / name
    with tempfile.TemporaryDirectory(prefix="ktstr-fuzz-") as scratch:
        found = kept(
            target, (path.read_bytes() for path in sorted((folder / "corpus").iterdir())), Path(scratch)
        )
    findings = [path.read_bytes() for path in sorted((folder / "findings").glob("*")) if not path.suffix]
    write(target, [*found, *findings])


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if there is a finding, 2 if a target could not be run."""
    parser = argparse.ArgumentParser(prog="fuzz-decoders")
    parser.add_argument("--seconds", type=int, default=600, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="how many targets at once")
    parser.add_argument(
        "--keep", action="store_true", help="put the inputs that reach something new into the corpus"
    )
    parser.add_argument("target", nargs="*", help=f"of {', '.join(TARGETS)}; none: all")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.target if name not in TARGETS]:
        parser.error(f"target {unknown[0]}: must be one of {', '.join(TARGETS)}")
    print(f"{'target':10} {'inputs':>10} {'edges':>7} {'at end':>7} {'findings':>9}", flush=True)
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        names = options.target or list(TARGETS)
        for done in pool.map(lambda name: _run(name, options.seconds, options.seed), names):
            print(done.line, flush=True)
            outcomes.append(done)
    for one in outcomes:
        print(
            *(f"{one.target}: {finding}" for finding in one.findings), sep="\n", end="\n" * bool(one.findings)
        )
        if options.keep:
            _keep(one.target)
    return 2 if any(one.problem for one in outcomes) else int(any(one.findings for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
