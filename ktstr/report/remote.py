"""What a session had of the remote cache, as its footer and `ktstr cache` say it."""

from __future__ import annotations

from ktstr.base.cache import cache_dir
from ktstr.base.remote.session import Counts, counts, session_name
from ktstr.base.remote.settings import is_set
from ktstr.report.text import size

__all__ = ["counts_text", "session_text"]


def counts_text(found: Counts) -> str:
    """`12 hits, 3 misses, 41.0 MB`, then what was written, and why it was given up, if that is so."""
    parts = [_number(found.hits, "hit", "hits"), _number(found.misses, "miss", "misses"), size(found.bytes)]
    parts += [f"{found.written} written ({size(found.written_bytes)})"] if found.written else []
    return ", ".join(parts) + (f"; given up: {found.off}" if found.off else "")


def session_text() -> str:
    """What this session had so far; empty if there is no remote cache, or it was not asked for anything."""
    if not is_set():
        return ""
    found = counts(cache_dir(), session_name())
    return "" if found == Counts() else counts_text(found)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
