"""What makes another scheduler of the kernel's own: writes to its files and sysctls."""

from __future__ import annotations

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.operations.sysctl import Sysctl
from ktstr.scenario.operations.write_file import WriteFile

__all__ = ["Setting", "checked_settings"]

Setting = WriteFile | Sysctl
"""One write to the kernel."""


def checked_settings(given: object, field: str) -> tuple[Setting, ...]:
    """`enable` or `disable` of a declaration; KtstrError for anything but writes."""
    if not isinstance(given, list | tuple) or not all(isinstance(one, Setting) for one in given):
        raise KtstrError(f"{field}={shown(given)}: must be a list of WriteFile(...) and Sysctl(...)")
    return tuple(given)
