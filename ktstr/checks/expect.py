"""Crash tests: the error that a scheduler is expected to be ejected with, and whether it was that one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, string
from ktstr.events.exit import SchedulerExit

__all__ = ["ExpectedError", "expected_error"]


@dataclass(frozen=True)
class ExpectedError:
    """Any error; or, if there is a text or a pattern, a scx_bpf_error() whose message it fits."""

    contains: str | None = None
    """A text that the message must contain; None: any."""
    matches: str | None = None
    """A regular expression that must be found in the message; None: any."""
    load: str | None = None
    """A regular expression for why it is not loaded or attached, which is then what is expected; None: it attaches."""

    @property
    def named(self) -> str:
        """What is expected, in words."""
        if self.load is not None:
            return f"that it does not attach, for a reason matching {self.load!r}"
        parts = []
        if self.contains is not None:
            parts.append(f"containing {self.contains!r}")
        if self.matches is not None:
            parts.append(f"matching {self.matches!r}")
        return f"scx_bpf_error {' and '.join(parts)}" if parts else "an error"

    @property
    def has_matcher(self) -> bool:
        """Whether it must be a certain scx_bpf_error()."""
        return self.contains is not None or self.matches is not None

    def fits(self, error: SchedulerExit) -> bool:
        """Whether `error` is the expected one. One text of several is enough: some are cut."""
        if not error.is_error:
            return False
        if not self.has_matcher:
            return True
        return error.kind == "scx_bpf_error" and any(self._fits_text(text) for text in error.messages)

    def _fits_text(self, text: str) -> bool:
        if self.contains is not None and self.contains not in text:
            return False
        return self.matches is None or re.search(self.matches, text) is not None


def expected_error(
    expect_err: object, contains: object, matches: object, load: object = None
) -> ExpectedError | None:
    """What `ktstr_test` was given, or None if no error is expected; KtstrError for what could never fail or pass."""
    if load is not None:
        if expect_err or contains is not None or matches is not None:
            raise KtstrError(
                "expect_load_error: contradicts expect_err: a scheduler that never attaches has no exit"
            )
        return ExpectedError(load=_pattern(load, "expect_load_error"))
    if not isinstance(expect_err, bool):
        raise KtstrError(f"expect_err={shown(expect_err)}: must be True or False")
    for field, value in (("contains", contains), ("matches", matches)):
        if value is not None and not expect_err:
            raise KtstrError(f"expect_scx_bpf_error_{field}: needs expect_err=True")
    if not expect_err:
        return None
    field = "expect_scx_bpf_error_contains"
    text = None if contains is None else string(contains, field)
    if text is not None and not text.strip():
        raise KtstrError(
            f"{field}={shown(text)}: every message contains that; must be a text that tells errors apart"
        )
    return ExpectedError(text, None if matches is None else _pattern(matches, "expect_scx_bpf_error_matches"))


def _pattern(value: object, field: str) -> str:
    pattern = string(value, field)
    try:
        vacuous = re.search(pattern, "") is not None
    except re.error as error:
        raise KtstrError(f"{field}={shown(pattern)}: not a regular expression: {error}") from None
    if vacuous:
        raise KtstrError(f"{field}={shown(pattern)}: matches the empty text, and so every message")
    return pattern
