"""What a compiler reads of a source and all of its headers, as a digest that is found without reading them again.

To preprocess a BPF scheduler takes a tenth of a second, and more than a remembered run. The digest is kept with the
stamps of the files that were read, and of the folders in which another file of the same name would have been found
first: a new file gives its folder another stamp.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ktstr.base.cache import cache_dir, digest
from ktstr.base.scratch import scratch
from ktstr.base.stamp import Stamp, is_settled, stamp_of
from ktstr.base.whole_file import write_whole

__all__ = ["header_folders", "preprocessed_digest", "read_files"]

_KIND = "answers"
# clang(1), "Environment": where it looks for headers, too.
_ENVIRONMENT = ("CPATH", "C_INCLUDE_PATH")
_FOLDER_OPTIONS = ("-I", "-idirafter", "-isystem", "-iquote")


def preprocessed_digest(
    command: Sequence[str],
    source: Path,
    identity: str,
    run: Callable[[list[str]], None],
    places: Sequence[Path] = (),
) -> str:
    """A digest of what `command`, a clang's, makes of `source` before it compiles.

    `run` carries out a command in the source's folder, and raises if it fails. `identity` tells the compiler from
    others. Where the folders `places` lie does not count: the text names the file of each of its lines.
    """
    folders = [source.parent / folder for folder in header_folders(command)]
    environment = (f"{name}={os.environ.get(name)}" for name in _ENVIRONMENT)
    how = ("preprocessed-1", identity, *command, *environment, *(f"without {place}" for place in places))
    kept = cache_dir() / _KIND / f"{digest(*how)}.json"
    if (known := _known(kept)) is not None:
        return known
    with scratch("bpf") as folder:
        text, listed = folder / "preprocessed", folder / "read"
        run([*command, "-E", "-MD", "-MF", str(listed), "-o", str(text)])
        found = digest(_without(places, text.read_bytes()))
        read = read_files(listed.read_text(errors="replace"), source.parent)
    stamps = {str(path): stamp_of(path) for path in (*read, *_shadowing(read, folders))}
    if all(map(is_settled, stamps.values())):
        # A cache that cannot be written costs time only.
        with suppress(OSError):
            kept.parent.mkdir(exist_ok=True)
            write_whole(kept, json.dumps({"digest": found, "check": _check(found, stamps), "stamps": stamps}))
    return found


def _without(places: Iterable[Path], text: bytes) -> bytes:
    # The longest first: one may lie in another.
    for place in sorted(map(str, places), key=len, reverse=True):
        text = text.replace(f'"{place}/'.encode(), b'"./').replace(f'"{place}"'.encode(), b'"."')
    return text


def header_folders(command: Sequence[str]) -> list[str]:
    """The folders of headers that a command line names, joined to their option or after it."""
    found = []
    for index, word in enumerate(command):
        for option in _FOLDER_OPTIONS:
            if word == option:
                found += list(command[index + 1 : index + 2])
            elif word.startswith(option):
                found.append(word.removeprefix(option))
    return found


def read_files(rule: str, folder: Path) -> list[Path]:
    """The files of a make rule, as -MF writes it; relative ones are in `folder`."""
    _, _, names = rule.replace("\\\n", " ").partition(": ")
    return [folder / name.replace("$$", "$") for name in shlex.split(names)]


def _shadowing(read: Iterable[Path], folders: Iterable[Path]) -> list[Path]:
    """The folders in which a file could be made that is found before one of `read`."""
    files = list(read)
    searched = {*folders, *(path.parent for path in files)}
    below = {path.parent.relative_to(one) for path in files for one in searched if path.is_relative_to(one)}
    return sorted({one / relative for one in searched for relative in below})


def _known(path: Path) -> str | None:
    """The digest that is kept; None if there is none, it is damaged, or a file is not what it was."""
    if (kept := _read(path, stamp_of(path))) is None:
        return None
    found, stamps = kept
    return found if all(stamp_of(name) == one for name, one in stamps.items()) else None


@functools.lru_cache(256)  # each test of a session asks for its scheduler
def _read(path: Path, _: Stamp | None) -> tuple[str, dict[str, Stamp | None]] | None:
    """The digest in a file, and the stamps of the files that it is of; None if there is none, or it is damaged."""
    try:
        data = json.loads(path.read_bytes())
        found, stamps = (
            str(data["digest"]),
            {name: one and Stamp(*one) for name, one in data["stamps"].items()},
        )
        if data["check"] != _check(found, stamps):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found, stamps


def _check(found: str, stamps: object) -> str:
    return digest(found, json.dumps(stamps, sort_keys=True))
