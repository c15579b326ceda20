"""JSON from outside, decoded by types."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

__all__ = ["from_json"]

_T = TypeVar("_T")


def from_json(data: bytes, kind: type[_T]) -> _T:
    """`data` as `kind`, a type that msgspec knows; ValueError, which says what is wrong, for anything else."""
    try:
        found: _T = _decoder(kind).decode(data)  # type: ignore[arg-type]  # a class can be hashed
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return found


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
