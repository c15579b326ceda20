"""Runs jobs again and again on a host whose load changes: each job has one event stream.

nox -s repeat -- [--kernel 7.0] [--jobs N] [--runs N] [--seed 1] [--rough]: `--runs` runs in all (two of each), dealt to
the first `--jobs` jobs (all) in turn, `--at-once` (2) at a time. With `--rough`, emulators are killed meanwhile, and
templates removed. With `--calm` nothing is disturbed: the host's load is what it is.

With `--instruments` each job runs once with nothing that looks at it, and once with each instrument: its stream must be
the same, and the instrument's file whole. KTSTR_QEMU chooses the emulator. The status is 1 if a job had two streams, or
a run an error that nothing here caused.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from disturbance import Disturbance
from jobs import Job, jobs
from tqdm import tqdm

from ktstr import KtstrError
from ktstr.instrument.parts import is_whole
from ktstr.instrument.plugin import INSTRUMENTS, counts_file
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.vm.qemu.program import find_qemu

CAUSED = "ended with signal 9"
"""What the error of a run says whose emulator was killed."""


@dataclass
class Runs:
    """What became of the runs of one job."""

    streams: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether the job had not exactly one stream, or an error of its own."""
        return len(self.streams) != 1 or bool(self.errors)


def repeat(
    one: Job,
    kernel: Kernel,
    folder: Path,
    runs: Runs,
    disturbance: Disturbance,
    instruments: Sequence[str] = (),
) -> None:
    """Run the job once and note what came of it; one that was killed is run again."""
    while True:
        try:
            result = one.run(kernel, folder, instruments).result
        except KtstrError as error:
            if CAUSED in str(error) and disturbance.killed:
                runs.killed += 1
                continue
            runs.errors.append(str(error))
            return
        runs.streams[result.events_sha256] += 1
        runs.starts[result.start] += 1
        runs.endings[result.ending.value] += 1
        runs.errors += unfinished(folder, instruments)
        if result.template:
            disturbance.seen(result.template)
        return


def unfinished(folder: Path, instruments: Sequence[str]) -> list[str]:
    """What is wrong with the files that the instruments wrote in a job's folder."""
    files = [folder / "run-1" / counts_file(name) for name in instruments]
    return [f"{file.name}: is not whole" for file in files if not is_whole(file)]


def tell(one: Job, runs: Runs) -> None:
    """Print what came of a job."""
    hashes = " ".join(stream[:12] for stream in runs.streams)
    starts = " ".join(f"{count} {start}" for start, count in sorted(runs.starts.items()))
    print(
        f"  {one.name:24} {runs.streams.total():4} runs ({starts}; {' '.join(runs.endings)}): {hashes}",
        flush=True,
    )
    for error in runs.errors:
        print(f"    {error}", flush=True)


def main() -> int:
    """The exit status."""
    everything = jobs()
    parser = argparse.ArgumentParser(prog="nox -s repeat --", description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default="7.0")
    parser.add_argument("--jobs", type=int, default=len(everything))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rough", action="store_true")
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--instruments", action="store_true")
    options = parser.parse_args()
    (kernel,) = resolve(options.kernel)
    chosen = everything[: options.jobs]
    watched = [(), *((name,) for name in INSTRUMENTS)] if options.instruments else [()]
    count = options.runs or max(2, len(watched)) * len(chosen)
    found = [Runs() for _ in chosen]
    disturbance = Disturbance(options.seed, rough=options.rough)
    print(
        f"{len(chosen)} jobs, {count} runs, kernel {kernel.version}, QEMU {find_qemu().version}",
        flush=True,
    )
    if options.instruments:
        print(f"each without an instrument, and with {', '.join(INSTRUMENTS)}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="ktstr-repeat-") as scratch,
        nullcontext() if options.calm else disturbance.running(),
        ThreadPoolExecutor(options.at_once) as pool,
        tqdm(total=count, unit="run", disable=None) as bar,
    ):

        def step(number: int) -> None:
            if options.instruments:  # a job is done before the next one begins, and told at once
                which, turn = number // len(watched) % len(chosen), number % len(watched)
            else:
                which, turn = number % len(chosen), 0
            folder = Path(scratch) / str(number)
            repeat(chosen[which], kernel, folder, found[which], disturbance, watched[turn])
            shutil.rmtree(folder, ignore_errors=True)  # an instrument's file may be large
            bar.update()
            if options.instruments and turn == len(watched) - 1:
                tell(chosen[which], found[which])

        list(pool.map(step, range(count)))
    if not options.instruments:
        for one, runs in zip(chosen, found, strict=True):
            tell(one, runs)
    broken = sum(runs.broken for runs in found)
    killed = sum(runs.killed for runs in found)
    print(f"{disturbance}; {killed} runs were killed and made again")
    print(f"{len(chosen)} jobs: {len(chosen) - broken} with one stream, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
