"""System calls that write, each failed once at each place, in the Python processes of a run."""

from __future__ import annotations

import errno
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aftermath import Reference, after_fault, next_run, restore, wrong_with
from tally import Case, Tally
from workplace import Ended, Workplace, finish, start

from ktstr.toolchain.compiler import host_compiler

__all__ = ["Place", "inject_calls", "places"]

_SOURCE = Path(__file__).with_name("calls.c")
_SHORT = "short"
# What a call can fail with (its manual page), of what a full or broken disk and a process without descriptors cause.
_ERRORS = {
    "open": ("ENOSPC", "EIO", "EACCES", "EMFILE"),
    "write": ("ENOSPC", "EIO", _SHORT),
    "pwrite": ("ENOSPC", "EIO", _SHORT),
    "sendfile": ("ENOSPC", "EIO", _SHORT),
    "copy_file_range": ("ENOSPC", "EIO", _SHORT),
    "rename": ("ENOSPC", "EIO", "EACCES"),
    "link": ("ENOSPC", "EIO", "EACCES"),
    "symlink": ("ENOSPC", "EIO", "EACCES"),
    "mkdir": ("ENOSPC", "EIO", "EACCES"),
    "fsync": ("ENOSPC", "EIO"),
    "ftruncate": ("EIO", "EACCES"),
    "fallocate": ("ENOSPC", "EIO"),
    "mmap": ("ENOMEM", "EACCES"),
    "socket": ("EMFILE", "EACCES"),
    "socketpair": ("EMFILE",),
}
# What is made in a run in which a call fails: what the cache lacks, and the tests that run.
_STAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "remembered": ((), ()),
    "results": (("results",), ()),
    "kernel": (("kernels", "debian"), ("-k", "late")),
    "template": (("results", "templates"), ("-k", "late")),
    "programs": (
        ("initramfs", "answers", "build/agent-*", "build/serialize-*", "bpf/fixture*"),
        ("-k", "scheduled"),
    ),
}


@dataclass(frozen=True)
class Place:
    """A call of a run: the stage, the call, the path without what varies, and how many like it come before."""

    stage: str
    call: str
    path: str
    after: int


def inject_calls(
    place: Workplace, reference: Reference, count: int, rng: random.Random, tally: Tally, only: str = ""
) -> None:
    """Fail each call that writes once, with an error that the seed chooses; at most `count` of them, if it is not 0.

    `only` chooses those whose path contains it.
    """
    library = _build(place.folder / "calls.so")
    restore(place, reference)
    found: list[Place] = []
    for stage, (dropped, options) in _STAGES.items():
        place.drop(*dropped)
        lines, ended = _noted(place, library, options)
        if wrong := wrong_with(ended, _asked(reference, options)):
            sys.exit(f"the run that counts the calls of {stage} went wrong: {'; '.join(wrong)}")
        found += places(stage, lines, found)
        place.clear()
    found = [one for one in found if only in one.path]
    print(f"{len(found)} places of calls that write", flush=True)
    if count and count < len(found):
        found = sorted(rng.sample(found, count), key=found.index)
    for one in found:
        error = rng.choice(_ERRORS[one.call])
        dropped, options = _STAGES[one.stage]
        place.drop(*dropped)
        lines, ended = _noted(place, library, options, _order(one, error))
        reached = any(line.endswith("\tfailed") for line in lines)
        broken = after_fault(place, ended, _asked(reference, options))
        if reached or broken:
            broken += next_run(place, reference, "-n0")
        tally.add(Case("calls", one.call, f"{one.path} ({one.stage}): {error}", broken, reached=reached))
        if broken:
            restore(place, reference)
        place.clear()


def _asked(reference: Reference, options: Sequence[str]) -> Reference:
    """The verdicts of the tests that a run with these options runs."""
    chosen = options[1] if options else ""
    return {name: verdict for name, verdict in reference.items() if chosen in name}


def places(stage: str, lines: Sequence[str], known: Sequence[Place]) -> list[Place]:
    """The calls that a run noted: of those on the same path the first and the last, and none that is `known`."""
    seen = {(one.call, one.path) for one in known}
    counts = Counter(tuple(line.split("\t")[:2]) for line in lines)
    return [
        Place(stage, call, path, after)
        for (call, path), number in counts.items()
        if (call, path) not in seen
        for after in sorted({0, number - 1})
    ]


def _order(one: Place, error: str) -> str:
    """What tells the library which call is to fail, and how."""
    number = error if error == _SHORT else getattr(errno, error)
    return f"{one.call}\t{one.path}\t{one.after}\t{number}"


def _build(library: Path) -> Path:
    compiler = host_compiler()
    warnings = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
    command = [*compiler.command, *warnings, "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
    subprocess.run(command, check=True)
    return library


def _noted(
    place: Workplace, library: Path, options: Sequence[str], order: str = ""
) -> tuple[list[str], Ended]:
    """Run the suite with the library, which carries out `order`: the calls that it noted, and how the run ended."""
    note = place.folder / "calls"
    note.unlink(missing_ok=True)
    settings = {
        "LD_PRELOAD": str(library),
        "KTSTR_FAULTS_ROOT": str(place.folder),
        "KTSTR_FAULTS_NOTE": str(note),
        **({"KTSTR_FAULTS_FAIL": order} if order else {}),
    }
    ended = finish(place, start(place, "-n0", *options, settings=settings))
    return note.read_text().splitlines(), ended
