"""The templates of the cache, for their upkeep: what each was made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ktstr.base.cache import entries, is_in_use
from ktstr.vm.qemu.template import KIND, about

__all__ = ["KIND", "KeptTemplate", "kept_templates"]


@dataclass(frozen=True)
class KeptTemplate:
    """A template of the cache. What it was made of is None if it does not say; `used_s_ago` is host seconds.

    The fields' names are the keys of `cache --json`.
    """

    key: str
    kernel: str | None
    topology: str | None
    clock: str | None
    accelerator: str | None
    qemu: str | None
    bytes: int
    used_s_ago: int
    in_use: bool

    @property
    def made_of(self) -> tuple[str | None, ...]:
        """Its kernel, topology, clock, accelerator and the emulator's version."""
        return self.kernel, self.topology, self.clock, self.accelerator, self.qemu


def kept_templates() -> list[KeptTemplate]:
    """All templates of the cache."""
    kept = []
    for entry in entries(KIND):
        try:
            made: dict[str, Any] = about(entry.path)
        except (OSError, ValueError):
            made = {}
        kept.append(
            KeptTemplate(
                key=entry.key,
                kernel=made.get("kernel"),
                topology=made.get("topology"),
                clock=made.get("clock"),
                accelerator=made.get("accelerator"),
                qemu=made.get("qemu"),
                bytes=entry.size,
                used_s_ago=max(0, round(time.time() - entry.used)),
                in_use=is_in_use(entry.kind, entry.key),
            )
        )
    return kept
