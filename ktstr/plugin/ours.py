"""Which functions and tests are ours, asked in every pytest session where ktstr is installed, so this stays light."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from ktstr.declare.test import KtstrTest

__all__ = ["is_ours", "record_of"]


def record_of(body: object) -> KtstrTest | None:
    """What `ktstr_test` recorded on a function, or None for any other object."""
    # Whoever has used ktstr_test has imported it. A suite that has not needs none of what it brings along.
    declared = sys.modules.get("ktstr.declare.test")
    record: KtstrTest | None = declared.record_of(body) if declared else None
    return record


def is_ours(item: pytest.Item) -> bool:
    """Whether an item is a test declared with `ktstr_test`."""
    return record_of(getattr(item, "function", None)) is not None
