"""Remembered results: with the virtual clock a job has one result, which is computed once."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ktstr.base import cache, seal
from ktstr.instrument.plugin import counts_files
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.qemu.template import template_key
from ktstr.vm.qemu.vcpu_slice import slice_of
from ktstr.vm.result import SAID, Ending, VmResult
from ktstr.vm.result_data import result_from_data, result_to_data

__all__ = ["KIND", "RESULT", "made_of", "recall", "remember", "result_key"]

KIND = "results"
"""The name of the cache's folder of remembered results."""

RESULT = "result.json"
"""The file of an entry with all of the result but what the guest said."""
_NOTHING: Mapping[str, str] = {}
# Endings that the guest itself decided. The others are, or may be, the host's doing.
_LASTING = (Ending.DONE, Ending.PANIC, Ending.OUT_OF_MEMORY, Ending.HANG)


def result_key(qemu: Qemu, job: VmJob, accelerator: str, *, cold: bool, any_compiler: bool = False) -> str:
    """A key over everything that can change the job's result; `any_compiler` is as for `template_key`."""
    bound = slice_of(qemu.release, job)  # it reaches the guest with the plan, and is not in the job's
    paced = bound.plan_line if bound else ""
    start = template_key(qemu, job, accelerator, any_compiler=any_compiler)
    return cache.digest("result-3", start, job.digest(), paced, str(cold))


def recall(key: str, folder: Path, counted: Collection[str] = ()) -> VmResult | None:
    """The stored result, its files copied to `folder`; None if there is none, or it is not what was written.

    `counted` are files of instruments that it has to have. All of it is read and compared, because it is small, and a
    verdict is reached from nothing else.
    """
    if cache.find(KIND, key) is None:
        return None
    with cache.in_use(KIND, key) as there:
        if not there:
            return None
        kept = cache.cache_dir() / KIND / key
        if damage := seal.damage(kept, whole=True):
            print(f"ktstr: {kept}: {damage}; running the job again", file=sys.stderr, flush=True)
            return None
        if not all((kept / name).is_file() for name in counted):
            return None  # and nothing is copied: what is in the folder says how far the run is
        try:
            data = json.loads((kept / RESULT).read_text())
            del data["made_of"]
            for name in (*SAID, *counted):
                shutil.copyfile(kept / name, folder / name)
            result = result_from_data(data | {"start": "remembered"}, folder)
            return replace(result, template_boot_s=0.0)  # booted then, not now
        except (OSError, ValueError, KeyError, TypeError):
            return None


def remember(key: str, result: VmResult, folder: Path, made_of: Mapping[str, str] = _NOTHING) -> None:
    """Store the result of the run in `folder`, if the guest decided it, with what it was `made_of` (see `origins`)."""
    if result.clock != "virtual" or result.ending not in _LASTING:
        return
    data = result_to_data(result)
    del data["start"]
    data["made_of"] = dict(made_of)

    def make(partial: Path) -> None:
        for name in (*SAID, *(name for name in counts_files() if (folder / name).is_file())):
            shutil.copyfile(folder / name, partial / name)
        (partial / RESULT).write_text(json.dumps(data))

    if cache.find(KIND, key) is not None:
        cache.discard(KIND, key, "replacing a remembered result")
    cache.entry(KIND, key, "remembering a result", make)


def made_of(kept: Path) -> list[str]:
    """What the result stored in `kept` was made of, as `kind/key`; empty if it cannot be read."""
    try:
        return list(json.loads((kept / RESULT).read_text())["made_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
