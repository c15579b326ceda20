"""`cache`: what the cache holds, whether it is what was written, and making room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from ktstr.base.errors import KtstrError

if TYPE_CHECKING:
    from ktstr.base.cache import Entry
    from ktstr.vm.templates import KeptTemplate

__all__ = ["cache"]


@dataclass(frozen=True)
class Kind:
    """How many entries of a kind there are, and their bytes on disk."""

    kind: str
    count: int
    bytes: int


@task(
    help={
        "json": "print it as JSON",
        "verify": "read all and compare it with what was written; remove what was altered and what is made of it (1)",
        "clean": "remove templates and results that are not in use, and what killed processes left half made",
        "limit": "remove those least recently used until they take this many GB (10**9 bytes)",
    }
)
def cache(
    _context: Context, json: bool = False, verify: bool = False, clean: bool = False, limit: str | None = None
) -> None:
    """Show, verify or clean the cache.

    ktstr cache
    ktstr cache --clean
    ktstr cache --limit 10
    """
    from ktstr.base.cache import EVICTABLE, evict, remove_partials
    from ktstr.base.progress import Progress
    from ktstr.vm.templates import kept_templates
    from ktstr.vm.verify import remove_altered

    wanted = _limit(limit, clean=clean)
    altered = remove_altered() if verify else {}
    half_made = remove_partials(*EVICTABLE) if clean else 0
    removed = []
    if wanted is not None:
        with Progress(desc="removing", unit="B", unit_scale=True) as bar:
            removed = evict(wanted, bar.update)
    kinds, templates = _kinds(), kept_templates()
    show = _as_json if json else _as_text
    print(show(kinds, templates, altered, removed, half_made))
    if altered:
        raise Exit(code=1)


def _limit(text: str | None, *, clean: bool) -> int | None:
    """The bytes that evictable entries may take; None if nothing is to be removed."""
    if text is None:
        return 0 if clean else None
    if clean:
        raise KtstrError("cache: --clean removes all that --limit would; give one of them")
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise KtstrError(f"cache: --limit {text}: must be a number of GB, 0 or more")
    return int(limit * 1e9)


def _kinds() -> list[Kind]:
    """Every kind of which the cache has an entry."""
    from ktstr.base.cache import cache_dir, disk_usage

    found = []
    for folder in sorted(cache_dir().iterdir()):
        if folder.is_dir():
            # A name that begins with a dot is the cache's own; cores/ holds nothing but locks.
            count = sum(
                1 for path in folder.iterdir() if not path.name.startswith(".") and path.suffix != ".lock"
            )
            if count:
                found.append(Kind(folder.name, count, disk_usage(folder)))
    return found


def _as_json(
    kinds: Sequence[Kind],
    templates: Sequence[KeptTemplate],
    altered: dict[str, str],
    removed: Sequence[Entry],
    half_made: int,
) -> str:
    import json

    from ktstr.base.cache import cache_dir, limit_bytes

    data = {
        "path": str(cache_dir()),
        "limit_bytes": limit_bytes(),
        "kinds": [asdict(kind) for kind in kinds],
        "templates": [asdict(template) for template in templates],
        "altered": altered,
        "removed": [{"kind": one.kind, "key": one.key, "bytes": one.size} for one in removed],
        "half_made_bytes_removed": half_made,
    }
    return json.dumps(data, indent=2)


def _as_text(
    kinds: Sequence[Kind],
    templates: Sequence[KeptTemplate],
    altered: dict[str, str],
    removed: Sequence[Entry],
    half_made: int,
) -> str:
    from ktstr.base.cache import EVICTABLE, cache_dir, limit_bytes
    from ktstr.report.text import ago, aligned
    from ktstr.vm.names import EMULATOR

    lines = [f"altered, removed: {entry}: {damage}" for entry, damage in altered.items()]
    lines += [f"removed: {_few(removed)}"] if removed else []
    lines += [f"removed: half made by killed processes, {_size(half_made)}"] if half_made else []
    lines += [""] if lines else []
    lines += aligned(
        [("KIND", "ENTRIES", "SIZE"), *((one.kind, str(one.count), _size(one.bytes)) for one in kinds)],
        right={1, 2},
    )
    if templates:
        head = ("TEMPLATE", "KERNEL", "TOPOLOGY", "CLOCK", "ACCEL", EMULATOR.upper(), "SIZE", "USED", "")
        rows = [
            (
                one.key,
                *(name or "?" for name in one.made_of),
                _size(one.bytes),
                ago(one.used_s_ago),
                "in use" if one.in_use else "",
            )
            for one in templates
        ]
        lines += ["", *aligned([head, *rows], right={6, 7})]
    evictable = sum(one.bytes for one in kinds if one.kind in EVICTABLE)
    taken, limit = _size(evictable), _size(limit_bytes())
    lines += ["", f"{cache_dir()}: templates and results take {taken} of {limit} (KTSTR_CACHE_LIMIT_GB)"]
    return "\n".join(lines)


def _few(removed: Sequence[Entry]) -> str:
    kinds = sorted({one.kind for one in removed})
    counts = (f"{sum(one.kind == kind for one in removed)} {kind}" for kind in kinds)
    return f"{', '.join(counts)}, {_size(sum(one.size for one in removed))}"


def _size(count: int) -> str:
    """In powers of ten, like the limit."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
