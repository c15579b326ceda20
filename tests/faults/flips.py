"""Flips: one byte changed in every kind of file that is kept. It is noticed, or it changes nothing."""

from __future__ import annotations

import os
import random
import re
from collections import defaultdict
from pathlib import Path

from aftermath import Reference, after_fault, measured, next_run, restore
from tally import Case, Tally
from workplace import Workplace, finish, start

__all__ = ["inject_flips", "kinds_of_files"]

_VARIES = re.compile(r"[0-9a-f]{8,}|\d+")
_DEEPEST = 4  # cache/build/libbpf-*/include
_MODES = ((), ("--fresh",))  # a result is remembered, or templates and what they are made of are used


def inject_flips(
    place: Workplace, reference: Reference, count: int, rng: random.Random, tally: Tally
) -> None:
    """Flip `count` bytes, one at a time, in each kind of file."""
    restore(place, reference)
    measured(place, reference, "-n0")  # some files are only kept by a run that finds others
    kinds = sorted(kinds_of_files(place.cache, place.project / "target").items())
    rng.shuffle(kinds)  # a session that is ended early has seen some of all
    for kind, files in kinds:
        for number in range(count):
            path = rng.choice(files)
            if not path.exists():  # the results of a run have other names than those of the run before
                again = kinds_of_files(place.cache, place.project / "target").get(kind, [])
                if not again:
                    continue
                path = rng.choice(again)
            at, bit = _somewhere(path, rng), 1 << rng.randrange(8)
            _flip(path, at, bit)
            options = _MODES[number % len(_MODES)]
            ended = finish(place, start(place, "-n0", *options), left_out=path)
            broken = after_fault(place, ended, reference, flipped=True)
            broken += next_run(place, reference, "-n0")
            where = path.relative_to(place.folder)
            what = f"{where}, bit {bit:#04x} of byte {at}{' --fresh' if options else ''}"
            tally.add(Case("flips", kind, what, broken))
            if broken:
                restore(place, reference)
                measured(place, reference, "-n0")


def kinds_of_files(cache: Path, target: Path) -> dict[str, list[Path]]:
    """The files of a cache and of results that are not empty, by their kind: folder and name, without what varies.

    What lies in the same folder of an entry is one kind: headers, for example.
    """
    found = defaultdict(list)
    for root in (cache, target):
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            if path.is_file() and not path.is_symlink() and path.stat().st_size:
                parts = path.relative_to(root.parent).parts
                name = "/".join(parts if root == target else parts[:_DEEPEST])
                if "/downloads/" not in name:  # they are known by their SHA-256
                    found[_VARIES.sub("*", name)].append(path)
    return dict(found)


def _somewhere(path: Path, rng: random.Random) -> int:
    """A byte of the file, one of its data if it is sparse."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        at = rng.randrange(size)
        try:
            return os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return at


def _flip(path: Path, at: int, bit: int) -> None:
    """Change a byte of the file, which is no link to another cache's any more."""
    stat = path.stat()
    if stat.st_nlink > 1:
        copy = path.with_name(f"{path.name}-copied")
        _copy_sparse(path, copy)
        copy.replace(path)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bit]))


def _copy_sparse(source: Path, copy: Path) -> None:
    """Copy the data of a file, and leave its holes."""
    with source.open("rb") as old, copy.open("wb") as new:
        size = old.seek(0, os.SEEK_END)
        new.truncate(size)
        at = 0
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # only a hole is left
                return
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(old.fileno(), new.fileno(), min(end - at, 1 << 26), at, at)
