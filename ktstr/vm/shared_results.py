"""Results that machines share: what one has run, another need not boot.

A shared result has a key of its own, which covers all that can change the result, and not the compiler of the library
in QEMU. It comes from outside: it is decoded by types, and its events are parsed, before it is kept.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ktstr.base import cache
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.base.remote import settings as remote
from ktstr.base.scratch import scratch
from ktstr.events.stream import MOST_BYTES
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.remembered import KIND, RESULT, result_key
from ktstr.vm.result import read_said

__all__ = ["fetch_result", "share_result"]

_Natural = Annotated[int, msgspec.Meta(ge=0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0)]


class _Kept(msgspec.Struct, frozen=True):
    """What `result.json` of a shared result has: neither a command line nor cache entries of another machine."""

    ending: Literal["done", "kernel panic", "out of memory", "hang"]
    why: str
    qemu_output: str
    command: Annotated[list[str], msgspec.Meta(max_length=0)]
    accelerator: str
    clock: Literal["virtual"]
    qemu_version: str
    turn_ns: _Natural | None
    wall_s: _Seconds
    template: str
    template_boot_s: _Seconds
    host_delay_ns: _Natural
    made_of: Annotated[dict[str, str], msgspec.Meta(max_length=0)]


class _NotThere(Exception):
    """The store does not have it, or not as it should be."""


def fetch_result(
    qemu: Qemu, job: VmJob, accelerator: str, key: str, *, cold: bool, cancel: Cancel | None = None
) -> bool:
    """Have the job's result in this machine's cache under `key`, if a remote cache has it.

    Raises Cancelled if `cancel` ends the wait.
    """
    if not remote.is_set():
        return False
    from ktstr.base.remote.store import fetch_entry

    shared = result_key(qemu, job, accelerator, cold=cold, any_compiler=True)

    def make(folder: Path) -> None:
        def check(folder: Path) -> str | None:
            return _wrong(folder, accelerator, qemu.version)

        if not fetch_entry(cache.cache_dir(), KIND, shared, folder, cancel, check):
            raise _NotThere

    try:
        if cache.find(KIND, key) is not None:  # it was not recalled: it is damaged
            cache.discard(KIND, key, "replacing a remembered result")
        cache.entry(KIND, key, "fetching a remembered result", make, cancel)
    except _NotThere:
        return False
    return True


def share_result(qemu: Qemu, job: VmJob, accelerator: str, key: str, *, cold: bool) -> None:
    """Give the result that is remembered under `key`, if there is one, to the remote cache that is written to."""
    if not remote.is_set() or (kept := cache.find(KIND, key)) is None:
        return
    with scratch("share") as folder:
        for path in kept.iterdir():
            if path.name != RESULT:
                shutil.copyfile(path, folder / path.name)
        # Paths of this machine are of no use elsewhere, and nobody's business.
        data = json.loads((kept / RESULT).read_text()) | {"command": [], "made_of": {}}
        (folder / RESULT).write_text(json.dumps(data))
        cache.share(KIND, result_key(qemu, job, accelerator, cold=cold, any_compiler=True), folder)


def _wrong(folder: Path, accelerator: str, qemu_version: str) -> str | None:
    """What is wrong with a shared result, in a few words, or None."""
    if too_big := next((path.name for path in folder.iterdir() if path.stat().st_size > MOST_BYTES), None):
        return f"not a result: {too_big} is bigger than any"
    try:
        found = from_json((folder / RESULT).read_bytes(), _Kept)
        read_said(folder)
    except (OSError, ValueError, KtstrError) as error:
        return f"not a result: {error}"
    if (found.accelerator, found.qemu_version) != (accelerator, qemu_version):
        return f"the result of {found.accelerator} of version {found.qemu_version}"
    return None
