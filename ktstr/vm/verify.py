"""Verification of the whole cache: every sealed entry is read; what was altered goes with all that was made of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ktstr.base import cache, seal
from ktstr.vm import remembered
from ktstr.vm.qemu import template

__all__ = ["remove_altered"]


def remove_altered() -> dict[str, str]:
    """Read every sealed entry and remove those that are not what was written: what is wrong with each, by `kind/key`.

    Templates and results that were made of one of them are removed, too: what they say may come from the damage.
    """
    found: dict[str, str] = {}
    for entry in cache.sealed_entries():
        with cache.in_use(entry.kind, entry.key, touch=False) as there:
            damage = seal.damage(entry.path, whole=True) if there else None
        if damage is not None:
            found[f"{entry.kind}/{entry.key}"] = damage
            _discard(entry, damage)
    # A template first: the results of its clones were made of it.
    for kind, made_of in ((template.KIND, _of_template), (remembered.KIND, _of_result)):
        for entry in cache.entries(kind) if found else ():
            bad = next((one for one in made_of(entry) if one in found), None)
            if bad is not None:
                found[f"{kind}/{entry.key}"] = f"made of {bad}"
                _discard(entry, "")
    return found


def _discard(entry: cache.Entry, damage: str) -> None:
    """Remove it unless another process has replaced what was damaged."""
    cache.discard(
        entry.kind,
        entry.key,
        "removing an altered entry",
        lambda path: not damage or seal.damage(path, whole=True) is not None,
    )


def _of_template(entry: cache.Entry) -> Collection[Any]:
    try:
        return list(template.about(entry.path)["made_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _of_result(entry: cache.Entry) -> Collection[Any]:
    return remembered.made_of(entry.path)
