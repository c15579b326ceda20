"""ktstr's own checks: a file each, which declares itself when it is imported."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ktstr.checks.registry import declared_checks

__all__ = ["NAMES"]

for _file in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    import_module(f"{__name__}.{_file.stem}")

NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(
        check.threshold
        for check in declared_checks()
        if check.threshold is not None and Path(check.declared_in).parent == Path(__file__).parent
    )
)
"""The keywords of `Checks` that set them, in the order in which a run is judged."""
