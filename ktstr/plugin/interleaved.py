"""The interleavings of a recorded test, to run it again: those that its sidecar has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.interleaving import Interleaving
from ktstr.plugin.options import spelled

__all__ = ["interleavings_of", "read_interleavings"]


def interleavings_of(config: pytest.Config) -> tuple[Interleaving | None, ...]:
    """The interleaving of each run (None: the machine's own) that the option names; empty if it is not given."""
    if (text := config.getoption("ktstr_interleaving")) is None:
        return ()
    return read_interleavings(Path(text), f"{spelled(config, 'interleaving')} {text}")


def read_interleavings(path: Path, where: str) -> tuple[Interleaving | None, ...]:
    """The interleavings of the runs in a sidecar; KtstrError, beginning with `where`, if it is none or has none."""
    try:
        runs = json.loads(path.read_text(encoding="ascii"))["runs"]
        asked = [(run.get("interleaving") or {"asked": []})["asked"] for run in runs]
        texts = ["".join(f"{line}\n" for line in lines) for lines in asked]
    except OSError as error:
        raise KtstrError(f"{where}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KtstrError(f"{where}: must be a sidecar of a test that was explored") from None
    return tuple(Interleaving.parse(text) if text else None for text in texts)
