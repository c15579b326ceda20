"""The upkeep of the cached kernels: what is removed, and which series get no more updates."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import suppress

from ktstr.base.cache import cache_dir, remove_entry
from ktstr.base.download import Unreachable
from ktstr.base.errors import KtstrError
from ktstr.base.lock import acquired
from ktstr.base.upkeep import remove_rest
from ktstr.kernel import store
from ktstr.kernel.sources.maintained import maintained

__all__ = ["clean", "lifetimes"]

_FRESH_S = 86_400


def clean(
    *, key: str | None = None, keep: int | None = None, older_than_s: float | None = None
) -> tuple[list[str], list[str]]:
    """Remove the kernel `key`; or all but the newest `keep` of each series; or those older than `older_than_s` seconds;
    or, with no argument, all.

    Returns the keys of the removed kernels, and of those that stay because a process uses them. Without a `key` the
    damaged ones, and unfinished builds that no process works on, are removed, too.
    """
    entries, damaged = store.entries(), store.damaged()
    if key is not None:
        chosen = [key]
        if key not in {*(one.kernel.key for one in entries), *(one.key for one in damaged)}:
            raise KtstrError(f"kernel {key}: not in the cache; `ktstr kernel-list` shows what is")
    elif keep is not None:
        if keep < 0:
            raise KtstrError(f"--keep {keep}: must be 0 or more")
        seen: Counter[object] = Counter()
        chosen = []
        for one in entries:  # newest first
            seen[store.version_of(one.kernel).series] += 1
            if seen[store.version_of(one.kernel).series] > keep:
                chosen.append(one.kernel.key)
    elif older_than_s is not None:
        chosen = [one.kernel.key for one in entries if one.age_s > older_than_s]
    else:
        chosen = [one.kernel.key for one in entries]
    if key is None:
        chosen += [one.key for one in damaged]  # of no use to anybody
    removed: list[str] = []
    used: list[str] = []
    for name in chosen:
        (removed if store.remove_key(name) else used).append(name)
    if key is None:
        removed += _given_up(older_than_s or 0.0)
    return removed, used


def _given_up(older_than_s: float) -> list[str]:
    """Remove the folders of builds that no process works on; what was removed, in words."""
    folder = cache_dir() / "builds"
    gone = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (
            path.name.startswith(".")
            or not path.is_dir()
            or time.time() - path.stat().st_mtime < older_than_s
        ):
            continue
        lock = folder / f".{path.name}.lock"
        if (held := acquired(lock)) is not None:
            try:
                remove_entry(folder, path.name)
                lock.unlink()
            finally:
                os.close(held)
            gone.append(f"the unfinished build {path.name}")
    remove_rest(["builds"])
    return gone


def lifetimes() -> dict[str, bool]:
    """Whether a series has ended, that is, gets no more updates, by its name: kernel.org's list, asked for once a day.

    A series that is not in the list has ended, too. Empty if kernel.org was never reached.
    """
    kept = cache_dir() / "kernel.org.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text())
        if 0 <= time.time() - known["asked"] < _FRESH_S:
            return dict(known["ended"])
    ended: dict[str, bool] = {}
    with suppress(Unreachable, KtstrError):
        for one in maintained():
            ended[str(one.version.series)] = one.ended
    if not ended:
        with suppress(OSError, ValueError, KeyError, TypeError):
            ended = dict(json.loads(kept.read_text())["ended"])
    # A failure is remembered, too, so that a machine without a network does not wait each time.
    temporary = kept.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"asked": time.time(), "ended": ended}))
    temporary.replace(kept)
    return ended
