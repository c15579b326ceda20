"""A result as data that JSON has, beside the files with what the guest said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ktstr.vm.result import Ending, VmResult, read_said

__all__ = ["result_from_data", "result_to_data"]

_IN_FILES = ("events", "console")


def result_to_data(result: VmResult) -> dict[str, Any]:
    """The result without what is in the files `SAID` of its run's folder."""
    data = {field: value for field, value in vars(result).items() if field not in _IN_FILES}
    return data | {"ending": result.ending.value, "command": list(result.command)}


def result_from_data(data: Mapping[str, Any], folder: Path) -> VmResult:
    """The result that `result_to_data` gave, of the run whose files are in `folder`.

    Raises OSError, ValueError, KeyError or TypeError for anything else.
    """
    console, events = read_said(folder)
    parts = {"ending": Ending(data["ending"]), "command": tuple(data["command"])}
    return VmResult(**{**data, **parts, "console": console, "events": events})
