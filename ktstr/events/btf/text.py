"""A decoded value as one line of text for people, without the parts that are zero."""

from __future__ import annotations

import json
import re
from itertools import groupby

from ktstr.events.btf.values import Value

__all__ = ["is_zero", "value_text"]

_PLAIN = re.compile(r"[\w.:/+-]+")
_REPEATED = 4  # from so many equal elements of an array in a row on, the text has a count


def is_zero(value: Value) -> bool:
    """Whether every part of a value is zero, false, NULL or an empty string, as memory is before it is written."""
    if isinstance(value, dict):
        return all(map(is_zero, value.values()))
    if isinstance(value, list):
        return all(map(is_zero, value))
    return not value


def value_text(value: Value) -> str:
    """`value` on one line.

    It omits members that are zero, counts repeated elements of arrays (`0 x12`), and quotes strings that are not
    a single plain word.
    """
    if isinstance(value, dict):
        members = (f"{name}={value_text(one)}" for name, one in value.items() if not is_zero(one))
        return "{" + " ".join(members) + "}"
    if isinstance(value, list):
        return "[" + " ".join(_elements(value)) + "]"
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else json.dumps(value)
    return str(value)


def _elements(values: list[Value]) -> list[str]:
    texts = []
    for text, group in groupby(map(value_text, values)):
        count = sum(1 for _ in group)
        texts += [f"{text} x{count}"] if count >= _REPEATED else [text] * count
    return texts
