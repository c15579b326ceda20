"""Values that options of tasks have: Invoke hands them over as text."""

from __future__ import annotations

from ktstr.base.errors import KtstrError

__all__ = ["whole_number"]


def whole_number(text: str | None, where: str, least: int, what: str) -> int | None:
    """The number, None for an option that was not given; KtstrError beginning with `where` for other texts.

    `what` is the unit or the thing that is counted, for the message.
    """
    if text is None:
        return None
    # Not str.isdigit() alone: it takes digits of any script, and int() would take '1_000'.
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < least:
        raise KtstrError(f"{where} {text}: must be a whole number of {what}, {least} or more")
    return int(text)
