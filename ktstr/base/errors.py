"""Errors that a user can cause.

Each message is a single line that says what was wrong, where, and what is accepted. Commands turn it
into exit status 2 without a traceback. Any other exception that escapes is a bug in ktstr.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

# All that a terminal obeys, and line ends: a part of a message may come from a guest, an archive or a server.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

__all__ = ["Inconclusive", "KernelLacks", "KtstrError", "Unsuitable", "host_refuses"]


class KtstrError(Exception):
    """The run could not be done, for a reason that the user can act on."""

    _one_line = True  # whether line ends count as controls; an error whose text has several lines says False

    def __str__(self) -> str:
        text = super().__str__()
        lines = [text] if self._one_line else text.split("\n")
        return "\n".join(_CONTROLS.sub(" ", line).rstrip() for line in lines)


class Unsuitable(KtstrError):
    """A test cannot be done in this guest, for example because its topology is too small: it is skipped."""


class KernelLacks(KtstrError):
    """A scheduler needs something that the kernel under test lacks, found before it was run: it does not work there."""


class Inconclusive(KtstrError):
    """There are too few samples for a verdict: the run says nothing, neither that it passed nor that it failed."""


@contextmanager
def host_refuses(what: str) -> Iterator[None]:
    """Raise KtstrError for what the host refuses in the block, a full disk for example; `what` could not be done."""
    try:
        yield
    except OSError as error:
        file = "" if error.filename is None else f"{error.filename}: "
        raise KtstrError(f"{what}: {file}{error.strerror or error}") from error
