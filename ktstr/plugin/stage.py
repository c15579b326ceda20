"""How far the guest of a running test is, from the files that its run has written so far."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from ktstr.farm.address import HOST
from ktstr.report.told import EXPLORING, SHRINKING, VERDICT

__all__ = ["stage_of", "stage_said", "verdict_of"]

_HEAD = 1 << 18  # bytes of the events that have the attach: a verifier's log may come before it
_TAIL = 4096
_RUN = re.compile(r"run-(\d+)")


def stage_of(folder: Path) -> str:
    """`prepares`, `waits` (for a core), `boots`, `attaches`, `holds` or `reports`; of a run of a farm, `runs on` its
    host; of a run that failed, `runs again`, or `shrinks` with how far that is; of an exploration, `explores` with
    that.

    `folder` is that of the test's runs, if there is one.
    """
    with suppress(OSError):
        if run := _last_run(folder):
            if shrinking := _read(run / SHRINKING):
                return f"shrinks ({shrinking})"
            if (run / VERDICT).exists():
                return "runs again"
            if exploring := _read(folder / EXPLORING):
                return f"explores ({exploring})"
            with (run / "events.jsonl").open("rb") as file:
                head = file.read(_HEAD)
                file.seek(0, 2)
                file.seek(max(0, file.tell() - _TAIL))
                said = stage_said(head + file.read())
            if said == "boots" and (host := _read(run / HOST).strip()):
                return f"runs on {host}"
            # What the guest gets is packed once there is a core for it.
            return "waits" if said == "boots" and not (run / "files.cpio").exists() else said
    return "prepares"


def verdict_of(folder: Path) -> str:
    """What went wrong with the last run of a test, in a line; empty if nothing did, as far as is known by now.

    `folder` is that of the test's runs, if there is one.
    """
    with suppress(OSError):
        if run := _last_run(folder):
            return _read(run / VERDICT)
    return ""


def _last_run(folder: Path) -> Path | None:
    runs = [(int(match[1]), path) for path in folder.iterdir() if (match := _RUN.fullmatch(path.name))]
    return max(runs)[1] if runs else None


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def stage_said(events: bytes) -> str:
    """The stage of a guest that has said this much. A guest without a scheduler of its own goes from boot to hold."""
    if b'"ev":"begin"' not in events:
        return "boots"
    # The hold's report, or the end of a scheduler that left.
    if any(f'"ev":"{name}"'.encode() in events for name in ("hold", "worker", "end")):
        return "reports"
    starting, up = b'"ev":"sched_start"' in events, b'"when":"attached"' in events
    return "attaches" if starting and not up else "holds"
