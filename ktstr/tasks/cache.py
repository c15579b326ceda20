"""`cache`: what ktstr keeps on this machine, whether it is what was written, and making room."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from ktstr.base.errors import KtstrError

if TYPE_CHECKING:
    from ktstr.base.cache import Entry
    from ktstr.host.remote import RemoteCache

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
        "clean": "remove all but kernels and what was used in the last hour, and what killed processes left",
        "limit": "remove what was used least recently until the cache takes this many GB (10**9 bytes)",
        "spare": "with --limit: what stays if it was used in the last MINUTES, though no process holds it (1440)",
        "runs": "of this project's results remove all runs but the newest ones, this many of each kernel and commit",
    }
)
def cache(
    _context: Context,
    json: bool = False,
    verify: bool = False,
    clean: bool = False,
    limit: str | None = None,
    spare: str | None = None,
    runs: str | None = None,
) -> None:
    """Show, verify or clean the cache and this project's results.

    ktstr cache
    ktstr cache --clean
    ktstr cache --limit 10
    ktstr cache --runs 20
    """
    from pathlib import Path

    from ktstr.base.waiting import waiting
    from ktstr.tasks.values import whole_number

    wanted = _limit(limit, clean=clean)
    spared = _spared_s(spare, limit)
    kept_runs = whole_number(runs, "cache: --runs", 1, "runs")
    altered: Mapping[str, str] = {}
    removed: Sequence[Entry] = ()
    left = 0
    if verify:
        from ktstr.vm.verify import remove_altered

        altered = remove_altered()
    if wanted is not None:
        from ktstr.base.progress import Progress
        from ktstr.base.upkeep import evict, remove_rest

        left = remove_rest() if clean else 0
        with Progress(desc="removing", unit="B", unit_scale=True) as bar:
            removed = evict(wanted, bar.update, **({"untouched_s": 3_600.0} if clean else spared))
    gone = 0
    if kept_runs is not None:
        from ktstr.report.history import remove_runs

        gone = remove_runs(Path.cwd(), kept_runs)
    done = Done(altered, removed, left, gone)
    with waiting("counting what the cache holds", None if json else sys.stdout):
        text = _as_json(done) if json else _as_text(done)
    print(text)
    if altered:
        raise Exit(code=1)


@dataclass(frozen=True)
class Done:
    """What was removed: altered entries with what was wrong, entries, bytes that killed processes left, and runs."""

    altered: Mapping[str, str]
    removed: Sequence[Entry]
    left_bytes: int
    runs: int


def _limit(text: str | None, *, clean: bool) -> int | None:
    """The bytes that the cache may take; None if nothing is to be removed."""
    if text is None:
        return 0 if clean else None
    if clean:
        raise KtstrError("cache: --clean removes all that --limit would; give one of them")
    from ktstr.base.upkeep import gb_in_bytes

    return gb_in_bytes(text, f"cache: --limit {text}")


def _spared_s(text: str | None, limit: str | None) -> dict[str, float]:
    """What `evict` is told of `--spare`."""
    from ktstr.tasks.values import whole_number

    minutes = whole_number(text, "cache: --spare", 0, "minutes")
    if minutes is None:
        return {}
    if limit is None:
        raise KtstrError("cache: --spare says what --limit leaves; give --limit as well")
    return {"untouched_s": minutes * 60.0}


def _kinds() -> list[Kind]:
    """Every kind of which the cache has something, what is half made included."""
    from ktstr.base.cache import cache_dir, disk_usage
    from ktstr.base.upkeep import contents, kinds

    counts, sizes = Counter[str](), Counter[str]()
    for one in contents():
        counts[one.kind] += 1
        sizes[one.kind] += one.size
    for kind in kinds():
        half_made = (cache_dir() / kind).glob(".*.*")
        sizes[kind] += sum(disk_usage(path) for path in half_made if path.is_dir())
    return [Kind(kind, counts[kind], sizes[kind]) for kind in kinds() if counts[kind] or sizes[kind]]


def _as_json(done: Done) -> str:
    import json
    from pathlib import Path

    from ktstr.base.cache import cache_dir, disk_usage
    from ktstr.base.scratch import scratch_left
    from ktstr.base.upkeep import limit_bytes
    from ktstr.report.history import runs_of
    from ktstr.vm.templates import kept_templates

    runs, remote = runs_of(Path.cwd()), _remote()
    data = {
        "path": str(cache_dir()),
        "limit_bytes": limit_bytes(),
        "kinds": [asdict(kind) for kind in _kinds()],
        "templates": [asdict(template) for template in kept_templates()],
        "left_over": [{"path": str(path), "bytes": disk_usage(path)} for path in scratch_left()],
        "runs": {"count": len(runs), "bytes": sum(map(disk_usage, runs))},
        "remote": None
        if remote is None
        else {"url": remote.url, "write": remote.write, "problem": remote.problem, "last": _last()},
        "altered": dict(done.altered),
        "removed": [{"kind": one.kind, "key": one.key, "bytes": one.size} for one in done.removed],
        "half_made_bytes_removed": done.left_bytes,
        "runs_removed": done.runs,
    }
    return json.dumps(data, indent=2)


def _as_text(done: Done) -> str:
    from pathlib import Path

    from ktstr.base.cache import cache_dir, disk_usage
    from ktstr.base.scratch import scratch_left
    from ktstr.base.upkeep import PINNED, limit_bytes
    from ktstr.report.history import runs_of
    from ktstr.report.text import aligned, size

    lines = [f"altered, removed: {entry}: {damage}" for entry, damage in done.altered.items()]
    lines += [f"removed: {_few(done.removed)}"] if done.removed else []
    lines += [f"removed: half made by killed processes, {size(done.left_bytes)}"] if done.left_bytes else []
    lines += [f"removed: {_runs(done.runs)} of this project"] if done.runs else []
    lines += [""] if lines else []
    kinds = _kinds()
    lines += aligned(
        [("KIND", "ENTRIES", "SIZE"), *((one.kind, str(one.count), size(one.bytes)) for one in kinds)],
        right={1, 2},
    )
    lines += _templates()
    taken = sum(one.bytes for one in kinds)
    pinned = sum(one.bytes for one in kinds if one.kind in PINNED)
    told = f"{cache_dir()}: {size(taken)} of {size(limit_bytes())} (KTSTR_CACHE_LIMIT_GB)"
    told += f"; kernels, {size(pinned)}, stay until kernel-clean" if pinned else ""
    lines += ["", told]
    if left := scratch_left():
        bytes_left = size(sum(map(disk_usage, left)))
        lines.append(f"{left[0].parent}: {bytes_left} left by killed processes; --clean removes it")
    lines += _remote_lines()
    if runs := runs_of(Path.cwd()):
        taken_by_runs = size(sum(map(disk_usage, runs)))
        lines.append(
            f"target/ktstr: {_runs(len(runs))} of this project, {taken_by_runs}; --runs N keeps the newest"
        )
    return "\n".join(lines)


def _remote() -> RemoteCache | None:
    from ktstr.base.remote.settings import URL

    if not os.environ.get(URL):
        return None
    from ktstr.host.remote import remote_cache  # with compilers and the emulator behind it

    return remote_cache()


def _last() -> dict[str, object] | None:
    from ktstr.base.cache import cache_dir
    from ktstr.base.remote.session import last_session

    last = last_session(cache_dir())
    return None if last is None else asdict(last)


def _remote_lines() -> list[str]:
    """The remote cache, if there is one, what the last session had of it, and with whom it is shared."""
    from ktstr.base.cache import cache_dir
    from ktstr.base.remote.session import last_session
    from ktstr.report.remote import counts_text

    if (remote := _remote()) is None:
        return []
    from ktstr.host.remote import shared_with

    lines = [f"remote cache {remote.text}"]
    if last := last_session(cache_dir()):
        lines.append(f"  last session: {counts_text(last)}")
    return [*lines, f"  {shared_with()}"]


def _templates() -> list[str]:
    """The table of templates, after an empty line; nothing if there is none."""
    from ktstr.report.text import ago, aligned, size
    from ktstr.vm.names import EMULATOR
    from ktstr.vm.templates import kept_templates

    head = ("TEMPLATE", "KERNEL", "TOPOLOGY", "CLOCK", "ACCEL", EMULATOR.upper(), "SIZE", "USED", "")
    rows = [
        (
            one.key,
            *(name or "?" for name in one.made_of),
            size(one.bytes),
            ago(one.used_s_ago),
            "in use" if one.in_use else "",
        )
        for one in kept_templates()
    ]
    return ["", *aligned([head, *rows], right={6, 7})] if rows else []


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _few(removed: Sequence[Entry]) -> str:
    from ktstr.report.text import size

    kinds = sorted({one.kind for one in removed})
    counts = (f"{sum(one.kind == kind for one in removed)} {kind}" for kind in kinds)
    return f"{', '.join(counts)}, {size(sum(one.size for one in removed))}"
