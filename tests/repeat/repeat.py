"""Runs jobs again and again on a host whose load changes: each job has one event stream.

nox -s repeat -- [--kernel 7.0] [--jobs N] [--runs N] [--seed 1] [--rough]: `--runs` runs in all (two of each), dealt to
the first `--jobs` jobs (all) in turn, two at a time. With `--rough`, emulators are killed meanwhile, and templates
removed. KTSTR_QEMU chooses the emulator. The status is 1 if a job had two streams, or a run an error that nothing here
caused.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from disturbance import Disturbance
from jobs import Job, jobs
from tqdm import tqdm

from ktstr import KtstrError
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.vm.qemu.program import find_qemu

AT_ONCE = 2
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


def repeat(one: Job, kernel: Kernel, folder: Path, runs: Runs, disturbance: Disturbance) -> None:
    """Run the job once and note what came of it; one that was killed is run again."""
    while True:
        try:
            result = one.run(kernel, folder).result
        except KtstrError as error:
            if CAUSED in str(error) and disturbance.killed:
                runs.killed += 1
                continue
            runs.errors.append(str(error))
            return
        runs.streams[result.events_sha256] += 1
        runs.starts[result.start] += 1
        runs.endings[result.ending.value] += 1
        if result.template:
            disturbance.seen(result.template)
        return


def main() -> int:
    """The exit status."""
    everything = jobs()
    parser = argparse.ArgumentParser(prog="nox -s repeat --", description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default="7.0")
    parser.add_argument("--jobs", type=int, default=len(everything))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rough", action="store_true")
    options = parser.parse_args()
    (kernel,) = resolve(options.kernel)
    chosen = everything[: options.jobs]
    count = options.runs or 2 * len(chosen)
    found = [Runs() for _ in chosen]
    disturbance = Disturbance(options.seed, rough=options.rough)
    print(
        f"{len(chosen)} jobs, {count} runs, kernel {kernel.version}, QEMU {find_qemu().version}",
        flush=True,
    )
    with (
        tempfile.TemporaryDirectory(prefix="ktstr-repeat-") as scratch,
        disturbance.running(),
        ThreadPoolExecutor(AT_ONCE) as pool,
        tqdm(total=count, unit="run", disable=None) as bar,
    ):

        def step(number: int) -> None:
            which = number % len(chosen)
            repeat(chosen[which], kernel, Path(scratch) / str(number), found[which], disturbance)
            bar.update()

        list(pool.map(step, range(count)))
    for one, runs in zip(chosen, found, strict=True):
        hashes = " ".join(stream[:12] for stream in runs.streams)
        starts = " ".join(f"{count} {start}" for start, count in sorted(runs.starts.items()))
        print(f"  {one.name:24} {runs.streams.total():4} runs ({starts}; {' '.join(runs.endings)}): {hashes}")
        for error in runs.errors:
            print(f"    {error}")
    broken = sum(runs.broken for runs in found)
    killed = sum(runs.killed for runs in found)
    print(f"{disturbance}; {killed} runs were killed and made again")
    print(f"{len(chosen)} jobs: {len(chosen) - broken} with one stream, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
