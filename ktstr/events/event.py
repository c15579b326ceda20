"""An event: one JSON object that the agent wrote, in order; docs/plan.md lists the kinds and their fields."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Event"]

Event: TypeAlias = dict[str, Any]
"""`ev` is the kind and `t` the guest's CLOCK_MONOTONIC in ns; the other fields depend on the kind."""
