"""Errors that a user can cause.

Each message is a single line that says what was wrong, where, and what is accepted. Commands turn it
into exit status 2 without a traceback. Any other exception that escapes is a bug in ktstr.
"""

from __future__ import annotations

__all__ = ["KernelLacks", "KtstrError", "Unsuitable"]


class KtstrError(Exception):
    """The run could not be done, for a reason that the user can act on."""


class Unsuitable(KtstrError):
    """A test cannot be done in this guest, for example because its topology is too small: it is skipped."""


class KernelLacks(KtstrError):
    """A scheduler needs something that the kernel under test lacks, found before it was run: it does not work there."""
