"""The fuzz targets by name: each decoder of what comes from outside is in one of them."""

from __future__ import annotations

from collections.abc import Mapping

from fuzz_archives import PACKAGES, SOURCES
from fuzz_guest import DUMPS, EVENTS, SAMPLES
from fuzz_images import IMAGES
from fuzz_indices import INDICES
from fuzz_objects import BTF, ELF
from fuzz_sidecars import SIDECARS
from fuzz_target import Target
from fuzz_texts import OUTPUT, TEXTS
from fuzz_words import WORDS

__all__ = ["TARGETS"]

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        *(EVENTS, DUMPS, SAMPLES, TEXTS, OUTPUT),
        *(PACKAGES, SOURCES, IMAGES, INDICES),
        *(ELF, BTF, SIDECARS, WORDS),
    )
}
"""The targets."""
