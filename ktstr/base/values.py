"""Values that a user wrote in a declaration: each function returns the checked value or raises a one-line KtstrError.

`field` is what the message calls the value.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from ktstr.base.errors import KtstrError

__all__ = ["command", "mapping", "path_beside", "path_of", "seconds", "shown", "string", "strings", "whole"]

_LONGEST = 100
_SHELL = ("&&", "||", ";", "|", "&", ">", "<")


def shown(value: object) -> str:
    """`value` as a message shows it: its repr, on one line and at most 100 characters."""
    try:
        text = repr(value)
    except Exception:  # for example, Python refuses to print an int of thousands of digits
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def string(value: object, field: str) -> str:
    """A string that can be an argument of a program: valid UTF-8, and without zero bytes."""
    if not isinstance(value, str):
        raise KtstrError(f"{field}={shown(value)}: must be a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise KtstrError(f"{field}={shown(value)}: must be text that UTF-8 can encode") from None
    if "\0" in value:
        raise KtstrError(f"{field}={shown(value)}: must not contain zero bytes")
    return value


def strings(value: object, field: str) -> tuple[str, ...]:
    """A list or tuple of strings, each as in `string`."""
    if not isinstance(value, list | tuple):
        raise KtstrError(f"{field}={shown(value)}: must be a list of strings")
    return tuple(string(item, f"{field}[{index}]") for index, item in enumerate(value))


def command(value: object, field: str) -> tuple[str, ...]:
    """A command: a list of words, or one string that is split as a shell splits it. None means no command.

    No shell runs it, so a string with shell operators is refused.
    """
    if value is None:
        return ()
    given = value
    if isinstance(value, str):
        try:
            value = shlex.split(text := string(value, field))
        except ValueError as error:
            raise KtstrError(f"{field}={shown(value)}: {error}") from None
        if any(word in _SHELL for word in value):
            raise KtstrError(
                f"{field}={shown(text)}: is run without a shell; name a script, or {field}=['sh', '-c', '...']"
            )
    words = strings(value, field)
    if not words or not words[0]:
        raise KtstrError(f"{field}={shown(given)}: names no program")
    return words


def mapping(value: object, field: str) -> Mapping[str, object]:
    """A mapping with string keys; None means an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise KtstrError(f"{field}={shown(value)}: must be a dict")
    for key in value:
        string(key, f"{field}: key")
    return value


def path_of(value: object, field: str) -> Path:
    """A path to a file."""
    if not isinstance(value, str | Path) or not str(value):
        raise KtstrError(f"{field}={shown(value)}: must be the path of a file")
    return Path(string(str(value), field))


def path_beside(where: str, value: object, field: str) -> Path:
    """A path to a file; a relative one is relative to the folder of the file `where`, if that is known."""
    try:
        path = path_of(value, field).expanduser()
    except RuntimeError:  # of a "~name" that is no user
        raise KtstrError(f"{field}={shown(value)}: no such user") from None
    if path.is_absolute() or not where:
        return path
    return (Path(where).parent / path).resolve()


def whole(value: object, field: str, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise KtstrError(f"{field}={shown(value)}: must be a whole number from {least} to {most}")
    return value


def seconds(value: object, field: str) -> float:
    """Guest seconds: more than 0, at most an hour."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
        raise KtstrError(f"{field}={shown(value)}: must be guest seconds, more than 0 and at most 3600")
    return float(value)
