"""A decoded value as text, for people: on one line, and only what is not zero."""

from __future__ import annotations

import json
import re
from itertools import groupby

from ktstr.events.btf.values import Value

__all__ = ["is_zero", "value_text"]

_PLAIN = re.compile(r"[\w.:/+-]+")
_REPEATED = 4  # elements of an array that are the same, one after the other, from which on they are counted


def is_zero(value: Value) -> bool:
    """Whether every part of a value is zero, false, NULL or an empty string: what memory is before it is written."""
    if isinstance(value, dict):
        return all(map(is_zero, value.values()))
    if isinstance(value, list):
        return all(map(is_zero, value))
    return not value


def value_text(value: Value) -> str:
    """`value` on one line.

    Members that are zero are left out, elements of arrays that repeat are counted (`0 x12`), and strings are quoted
    where they would not be seen to be one word.
    """
    if isinstance(value, dict):
        told = (f"{name}={value_text(one)}" for name, one in value.items() if not is_zero(one))
        return "{" + " ".join(told) + "}"
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
    told = []
    for text, group in groupby(map(value_text, values)):
        count = sum(1 for _ in group)
        told += [f"{text} x{count}"] if count >= _REPEATED else [text] * count
    return told
