"""The corpus of a test: what its explorations found new, in the cache, for those that run now and those that come.

It is a folder of files that appear whole, by rename, and are never changed. So a kill loses no more than the run that
was under way, and two explorations at once see what the other one found.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.whole_file import write_whole
from ktstr.explore.kept import Kept, kept_from_json, kept_to_json, name_of
from ktstr.guest.initramfs import files_digest
from ktstr.vm.job import VmJob

__all__ = ["KIND", "SEEDS", "Corpus", "corpus_of"]

KIND = "explored"
"""The cache's folder of corpora."""
SEEDS = 10_000
"""How many seeds an exploration claims at once."""


class Corpus:
    """The corpus in `folder`, which is made if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: list[Kept] = []
        """What was kept, in no order that means anything."""
        self.known: set[int] = set()
        """All that any run brought."""
        self._read: set[str] = set()
        with cache.refusals():
            folder.mkdir(parents=True, exist_ok=True)

    def look(self) -> None:
        """Read what others have added since."""
        with cache.refusals():
            for path in sorted(self.folder.glob("*.json")):
                if path.name in self._read:
                    continue
                self._read.add(path.name)
                with suppress(FileNotFoundError):
                    if (kept := kept_from_json(path.read_bytes())) is not None:
                        self._take(kept)

    def add(self, kept: Kept) -> None:
        """Keep a run: on the disk, before anything else is done."""
        text = kept_to_json(kept)
        name = name_of(text)
        with cache.refusals():
            write_whole(self.folder / name, text, sync=True)
        if name not in self._read:
            self._read.add(name)
            self._take(kept)

    def claim(self) -> int:
        """The first of `SEEDS` seeds that no exploration has had before, nor another one gets."""
        with cache.refusals():
            for number in range(1 << 16):
                with suppress(FileExistsError):
                    (self.folder / f"seeds-{number}").touch(exist_ok=False)
                    return number * SEEDS + 1
        raise KtstrError(f"{self.folder}: all seeds were used; remove it")

    def _take(self, kept: Kept) -> None:
        self.kept.append(kept)
        self.known.update(kept.news)


def corpus_of(job: VmJob, test: str) -> Corpus:
    """The corpus of a test, by its name, and of what it runs: the scheduler and its files, the kernel and the CPUs."""
    key = cache.digest(
        "explored-1", test, files_digest(job.payload), job.kernel.image_sha256, str(job.topology)
    )
    return Corpus(cache.cache_dir() / KIND / key)
