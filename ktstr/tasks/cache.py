"""`cache`: what is kept, whether it is what was written, and making room."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from invoke import Context, Exit, task

from ktstr.base.errors import KtstrError

if TYPE_CHECKING:
    from ktstr.base.cache import Entry

__all__ = ["cache"]


@dataclass(frozen=True)
class KeptTemplate:
    """A template of the cache; what it was made of is None where it does not tell. `used_s_ago` is host seconds."""

    key: str
    kernel: str | None
    topology: str | None
    clock: str | None
    accelerator: str | None
    qemu: str | None
    bytes: int
    used_s_ago: int
    in_use: bool


@dataclass(frozen=True)
class Kind:
    """How many entries of a kind there are, and their bytes on disk."""

    kind: str
    count: int
    bytes: int


@task(
    help={
        "json": "print it as JSON",
        "verify": "read every template and compare it with what was written; remove what was altered (status 1)",
        "clean": "remove templates and results that are not in use, and what killed processes left half made",
        "limit": "remove those least recently used until they take this many GB (10**9 bytes)",
    }
)
def cache(
    _context: Context, json: bool = False, verify: bool = False, clean: bool = False, limit: str | None = None
) -> None:
    """Show, verify or clean the cache."""
    from ktstr.base.cache import EVICTABLE, entries, evict, remove_partials

    wanted = _limit(limit, clean=clean)
    altered = _verify() if verify else {}
    half_made = remove_partials(*EVICTABLE) if clean else 0
    removed = [] if wanted is None else evict(wanted)
    kinds, templates = _kinds(), [_template(entry) for entry in entries("templates")]
    show = _as_json if json else _as_text
    print(show(kinds, templates, altered, removed, half_made))
    if altered:
        raise Exit(code=1)


def _limit(text: str | None, *, clean: bool) -> int | None:
    """The bytes that evictable entries may take, None where nothing is to be removed."""
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


def _verify() -> dict[str, str]:
    """The templates that are not what was written, removed, with what is wrong of each."""
    from ktstr.base.cache import discard, entries, in_use
    from ktstr.vm.qemu.template import KIND, altered

    found: dict[str, str] = {}
    for entry in entries(KIND):
        with in_use(KIND, entry.key, touch=False) as there:
            damage = altered(entry.path) if there else None
        if damage is not None:
            found[entry.key] = damage
            discard(KIND, entry.key, "removing an altered template", lambda path: altered(path) is not None)
    return found


def _kinds() -> list[Kind]:
    """Every kind of which there is something."""
    from ktstr.base.cache import cache_dir, disk_usage

    found = []
    for folder in sorted(cache_dir().iterdir()):
        if folder.is_dir():
            # What begins with a dot is the cache's own; cores/ has locks alone.
            count = sum(
                1 for path in folder.iterdir() if not path.name.startswith(".") and path.suffix != ".lock"
            )
            if count:
                found.append(Kind(folder.name, count, disk_usage(folder)))
    return found


def _template(entry: Entry) -> KeptTemplate:
    from ktstr.base.cache import is_in_use
    from ktstr.vm.qemu.template import about

    try:
        made: dict[str, Any] = about(entry.path)
    except (OSError, ValueError):
        made = {}
    names = ("kernel", "topology", "clock", "accelerator", "qemu")
    return KeptTemplate(
        key=entry.key,
        **{name: made.get(name) for name in names},
        bytes=entry.size,
        used_s_ago=max(0, round(time.time() - entry.used)),
        in_use=is_in_use(entry.kind, entry.key),
    )


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
    from ktstr.report.text import aligned

    lines = [f"altered, removed: templates/{key}: {damage}" for key, damage in altered.items()]
    lines += [f"removed: {_few(removed)}"] if removed else []
    lines += [f"removed: half made by killed processes, {_size(half_made)}"] if half_made else []
    lines += [""] if lines else []
    lines += aligned(
        [("KIND", "ENTRIES", "SIZE"), *((one.kind, str(one.count), _size(one.bytes)) for one in kinds)],
        right={1, 2},
    )
    if templates:
        head = ("TEMPLATE", "KERNEL", "TOPOLOGY", "CLOCK", "ACCEL", "QEMU", "SIZE", "USED", "")
        rows = [
            (
                one.key,
                *(name or "?" for name in (one.kernel, one.topology, one.clock, one.accelerator, one.qemu)),
                _size(one.bytes),
                _ago(one.used_s_ago),
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
    """As the limit is given: in units of ten."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _ago(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
