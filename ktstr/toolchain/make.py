"""What the kernel's makefiles have in common, whichever part of the tree they build."""

from __future__ import annotations

import re

__all__ = ["FOREIGN", "first_error"]

# The first match of the first pattern that matches at all is the cause: make's own lines only say in which folder.
_ERRORS = (
    re.compile(r"^.*\b(?:fatal )?error: .*$", re.MULTILINE),
    re.compile(r"^.*(?:not found|No such file or directory|undefined reference).*$", re.MULTILINE),
    re.compile(r"^.*\*\*\*.*$", re.MULTILINE),
)
FOREIGN = {
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
    "O",
    "KBUILD_OUTPUT",
    "CFLAGS",
    "LDFLAGS",
    "ARCH",
    "CROSS_COMPILE",
}
"""Environment variables that a build must not inherit, because they change what it does."""


def first_error(output: str) -> str:
    """The line of a build's output that says what went wrong first."""
    for pattern in _ERRORS:
        if match := pattern.search(output):
            return match[0].strip()
    lines = output.strip().splitlines()
    return lines[-1].strip() if lines else "no output"
