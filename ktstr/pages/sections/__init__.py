"""The sections of a page, a file each. `SECTIONS` has them in their order."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.pages.page import Section
from ktstr.pages.sections import (
    comparison,
    coverage,
    failures,
    lanes,
    latency,
    overview,
    summary,
    tests,
    verifier,
)

__all__ = ["SECTIONS"]

SECTIONS: Sequence[Section] = (
    summary.SECTION,
    comparison.SECTION,
    overview.SECTION,
    tests.SECTION,
    verifier.SECTION,
    latency.SECTION,
    coverage.SECTION,
    lanes.SECTION,
    failures.SECTION,
)
"""All sections, in the order of the page. One whose data no run has leaves itself out."""
