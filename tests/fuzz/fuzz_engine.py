"""Fuzzes one target in this process, guided by coverage: fuzz_engine.py TARGET SECONDS SEED FOLDER.

FOLDER/corpus has the inputs, FOLDER/findings gets those that are findings, each with its traceback. libFuzzer, which
atheris drives, writes its figures to standard error.
"""

from __future__ import annotations

import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from fuzz_target import Target

_MEMORY = 1 << 30
# Coverage is counted in what decodes: ours, and what the standard library does in Python.
_COUNTED = ["ktstr", "tarfile", "tomllib", "debian"]
_LONGEST = 1 << 16  # longer inputs find little and cost much; those of MOST_BYTES are tried by hand


def main(name: str, seconds: str, seed: str, folder: Path) -> None:
    """Fuzz until the time is over; never returns."""
    with atheris.instrument_imports(include=_COUNTED, enable_loader_override=False):
        from fuzz_targets import TARGETS
    target = TARGETS[name]
    findings = folder / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    arguments = [
        f"fuzz_{name}",
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={_LONGEST}",
        "-timeout=300",  # of the wall's time, which a busy host spends elsewhere: examine() counts the CPU's
        "-report_slow_units=300",
        "-rss_limit_mb=0",
        "-print_final_stats=1",
        str(folder / "corpus"),
    ]
    options = {} if target.mutate is None else {"custom_mutator": _mutator(target.mutate)}
    atheris.Setup(arguments, _one_input(target, folder / "scratch", findings), **options)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, hard))
    atheris.Fuzz()


def _one_input(target: Target, scratch: Path, findings: Path) -> Callable[[bytes], None]:
    from fuzz_target import content_name, examine, smaller

    seen: set[str] = set()

    def one_input(data: bytes) -> None:
        scratch.mkdir(exist_ok=True)
        found = examine(target, data, scratch)
        if found is not None and (key := f"{found.error} {found.where}") not in seen:
            seen.add(key)
            small = smaller(target, data, found, scratch)
            path = findings / content_name(small)
            path.write_bytes(small)
            path.with_suffix(".txt").write_text(found.text)
            print(f"finding: {key}: {path}", file=sys.stderr, flush=True)
        if any(scratch.iterdir()):
            shutil.rmtree(scratch)

    return one_input


def _mutator(mutate: Callable[[bytes, Random], bytes]) -> Callable[[bytes, int, int], bytes]:
    """Two of three times the target's own mutation, else libFuzzer's of the bytes."""

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < 0.33:
            return bytes(atheris.Mutate(data, most))
        return mutate(data, chance)[:most]

    return mutated


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
