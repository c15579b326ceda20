"""The files of a scheduler's declaration, packed for its guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.files import GuestFile, filled_in, place_of, refuse_unknown_names
from ktstr.declare.scheduler import Scheduler
from ktstr.guest.initramfs import Packed, size_mb
from ktstr.guest.tree import files_below, packed_file

__all__ = ["arguments_of", "packed_files"]

# A guest has its files in memory, twice while they are unpacked.
_MOST_MB = 256


def packed_files(scheduler: Scheduler, topology: Topology) -> tuple[Packed, ...]:
    """What `files=` of `scheduler` says, for a guest of `topology`.

    KtstrError naming the file if one is missing or cannot be packed, or if all together are too big.
    """
    packed: list[Packed] = []
    for name, content in scheduler.files.items():
        packed += _packed(content, place_of(name, scheduler.folder), f"files[{name!r}]", topology)
        if size_mb(packed) > _MOST_MB:
            raise KtstrError(f"files[{name!r}]: too big: all files together must be {_MOST_MB} MiB at most")
    return tuple(packed)


def arguments_of(scheduler: Scheduler, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """`arguments` with the place in the guest of each file that they name; KtstrError for one that there is not."""
    refuse_unknown_names(arguments, scheduler.files, "sched_args")
    return filled_in(arguments, {name: place_of(name, scheduler.folder) for name in scheduler.files})


def _packed(content: GuestFile, place: str, field: str, topology: Topology) -> Iterator[Packed]:
    if not isinstance(content, Path):
        yield Packed(place, _inline(content.of(topology, field)), 0o644, f"{field} of its declaration")
        return
    try:
        if not content.is_dir():
            yield from packed_file(content, place, f"{field} of its declaration")
            return
        for file, where in files_below(content, place):
            yield from packed_file(file, where, f"{field} of its declaration")
    except OSError as error:
        raise KtstrError(f"{field}: {error.filename or content}: {error.strerror}") from None
    except KtstrError as error:
        raise KtstrError(f"{field}: {error}") from None


def _inline(text: str) -> Path:
    """The text as a file of the cache."""

    def make(partial: Path) -> None:
        (partial / "text").write_text(text, encoding="utf-8")

    return cache.entry("inline", cache.digest(text), "writing a declared file", make) / "text"
