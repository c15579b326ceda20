"""Errors that a user can cause.

Each message is a single line that says what was wrong, where, and what is accepted. Commands turn it
into exit status 2 without a traceback. Any other exception that escapes is a bug in ktstr.
"""

from __future__ import annotations

__all__ = ["KtstrError", "Unsuitable"]


class KtstrError(Exception):
    """The run could not be done, for a reason that the user can act on."""


class Unsuitable(KtstrError):
    """A test cannot be done in this guest, for example because its topology is too small: it is skipped."""
