"""Verifies BPF objects, and damaged ones made of them: each must get a verdict, and each refusal a reason.

python tests/shared/object_sweep.py [--kernel 7.0] [--mutants 60] [--seed 1] [object ...]

Without objects, those of this project's own schedulers. The status is 1 if libbpf or a guest crashed, if one was not
finished in time, or if a refusal has no reason; what became of each object is printed.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from mutated_objects import KINDS, mutated
from object_batch import Verdict, verdicts

from ktstr.bpf.build import build_bpf
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve

ROOT = Path(__file__).parents[2]
# What is no reason, of a refusal of any kind.
NO_REASON = re.compile(
    r"crashed|not finished|the guest ended|it said nothing|it cannot be opened|no reason given|: $|^$"
)


def own_objects(kernel: Kernel) -> list[Path]:
    """The objects of the schedulers that this project tests itself with."""
    return [build_bpf(source, kernel) for source in sorted((ROOT / "tests/schedulers").glob("*.bpf.c"))]


def mutants(objects: Sequence[Path], count: int, seed: int, folder: Path) -> Iterable[Path]:
    """`count` damaged objects, each kind of damage in turn; named by kind, number and object."""
    random = Random(seed)
    kinds = list(KINDS)
    for number in range(count):
        kind, source = kinds[number % len(kinds)], random.choice(objects)
        path = folder / f"{kind}-{number}-{source.name}"
        path.write_bytes(mutated(source.read_bytes(), kind, random.getrandbits(32)))
        yield path


def line(one: Verdict) -> str:
    """One object in one line: outcome, guest seconds, accepted programs, name, the first finding."""
    more = f" (and {len(one.findings) - 1} more)" if len(one.findings) > 1 else ""
    why = f"{one.findings[0]}{more}" if one.findings else ""
    return f"{one.outcome:8}{one.guest_s:6.1f}s {one.accepted:3} {one.name:40} {why}".rstrip()


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default="7.0")
    parser.add_argument("--mutants", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("objects", type=Path, nargs="*")
    options = parser.parse_args()
    (kernel,) = resolve(options.kernel)
    with tempfile.TemporaryDirectory(prefix="ktstr-objects-") as scratch:
        objects = options.objects or own_objects(kernel)
        damaged = list(mutants(objects, options.mutants, options.seed, Path(scratch)))
        found = verdicts([*objects, *damaged], kernel, Path(scratch) / "guests")
    bad = [one for one in found if any(NO_REASON.search(finding) for finding in one.findings)]
    for one in found:
        print(line(one))
    counts = {word: sum(one.outcome == word for one in found) for word in ("passed", "failed", "refused")}
    print(f"{len(found)} objects: {counts}; {len(bad)} without a verdict or a reason")
    for one in bad:
        print(line(one))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
