"""Finds a planted change again and again on a loaded host: as just what it is, and a rename as no change.

nox -s repeat -- --planted 20 [--kernel 7.0] [--calm]: so many trials, each with a seed of its own: the fixture, the
fixture with a few instructions more in one callback, and the fixture with other names, each in a guest. The status is 1
if a trial said anything else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from disturbance import Disturbance
from jobs import Job, held
from planted import planted

from ktstr import CgroupDef, Topology, declare_scheduler
from ktstr.compare.code import ComparedCode, CountedCode, changed_code, counted_code
from ktstr.instrument.plugin import COUNTS
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve

CHANGED, RENAMED = "dearer", "renamed"
CALLBACK = "fixture_enqueue"


def code_of(change: str, seed: int, kernel: Kernel, folder: Path) -> CountedCode:
    """The code that a guest had of the fixture with that change."""
    source = folder / "fixture.bpf.c"
    source.parent.mkdir(parents=True)
    source.write_text(planted(change))
    scheduler = declare_scheduler(name=f"planted_{change or 'none'}_{seed}", bpf=source)
    job = Job(change, scheduler, Topology.parse("1n1l3c1t"), held(CgroupDef("w", 6), hold_s=0.2), seed=seed)
    report = job.run(kernel, folder / "runs", (COUNTS,))
    return counted_code(report.code, report.costs)


def said(found: ComparedCode) -> str:
    """What was found, in a few words."""
    changed = ", ".join(f"{one.name} +{one.added} -{one.removed}" for one in found.changed)
    return f"{changed or 'no change'} ({len(found.same)} the same)"


def trial(seed: int, kernel: Kernel, folder: Path) -> bool:
    """Whether both changes were found as what they are."""
    before = code_of("", seed, kernel, folder / "before")
    found = changed_code(before, code_of(CHANGED, seed, kernel, folder / CHANGED))
    other = changed_code(before, code_of(RENAMED, seed, kernel, folder / RENAMED))
    right = [one.name for one in found.changed] == [CALLBACK] and found.changed[0].added > 0
    print(f"  seed {seed}: {said(found)}; renamed: {said(other)}", flush=True)
    return right and len(found.same) > 1 and not other.changed and len(other.same) > 1


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="nox -s repeat --", description=__doc__.splitlines()[0])
    parser.add_argument("--planted", type=int, default=20)
    parser.add_argument("--kernel", default="7.0")
    parser.add_argument("--calm", action="store_true")
    options = parser.parse_args()
    (kernel,) = resolve(options.kernel)
    disturbance = Disturbance(1, rough=False)
    with (
        tempfile.TemporaryDirectory(prefix="ktstr-planted-") as scratch,
        nullcontext() if options.calm else disturbance.running(),
    ):
        trials = [trial(seed, kernel, Path(scratch) / str(seed)) for seed in range(1, options.planted + 1)]
    print(f"{disturbance}; {sum(trials)} of {len(trials)} trials found just what was planted")
    return 0 if all(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
