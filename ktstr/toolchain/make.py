"""What the kernel's makefiles have in common, whichever part of the tree they build."""

from __future__ import annotations

import re

__all__ = ["FOREIGN", "first_error"]

# The first match of the first pattern that matches at all names the cause: make's own lines only say where.
_ERRORS = (
    re.compile(r"^.*\b(?:fatal )?error: .*$", re.MULTILINE),
    re.compile(r"^.*(?:not found|No such file or directory|undefined reference).*$", re.MULTILINE),
    re.compile(r"^.*\*\*\*.*$", re.MULTILINE),
)
# Variables that would steer the build from outside.
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


def first_error(output: str) -> str:
    """The line of a build's output that tells what went wrong first."""
    for pattern in _ERRORS:
        if match := pattern.search(output):
            return match[0].strip()
    lines = output.strip().splitlines()
    return lines[-1].strip() if lines else "no output"
