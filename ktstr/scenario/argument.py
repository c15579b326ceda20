"""Arguments of operations and parameters of work types: declared once, as the annotation of a dataclass field.

    count: Annotated[int, Whole(least=1, most=10)] = 3

The annotation checks a value and writes it for the plan. A field that is just an `int`, `bool`, `str` or
`tuple[str, ...]` needs none: it is a whole number from 0, a flag, a text, or the words to the end of the line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, string, strings

__all__ = ["Argument", "Choice", "Flag", "Milliseconds", "Text", "Whole", "Words", "arguments_of"]

_MOST = 2**64 - 1  # the agent reads whole numbers as uint64_t
_NS_PER_MS = 1_000_000


class Argument(ABC):
    """What values an argument accepts, and how the plan writes them."""

    @abstractmethod
    def check(self, value: object, where: str) -> None:
        """Raise KtstrError, beginning with `where`, unless `value` is acceptable."""

    @abstractmethod
    def words(self, value: Any) -> tuple[str, ...]:
        """The tokens that an acceptable `value` is in the plan."""

    def key(self, field: str) -> str:
        """The key of the plan's `key=value` for the dataclass field `field`."""
        return field


@dataclass(frozen=True)
class Whole(Argument):
    """A whole number from `least` to `most`, both included."""

    least: int = 0
    most: int = _MOST

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else; a bool is no number."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            to = "" if self.most == _MOST else f" to {self.most}"
            raise KtstrError(f"{where}={shown(value)}: must be a whole number from {self.least}{to}")

    def words(self, value: int) -> tuple[str, ...]:
        """The number in decimal."""
        return (str(value),)


@dataclass(frozen=True)
class Flag(Argument):
    """True or False; the plan has 1 or 0."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything but a bool."""
        if not isinstance(value, bool):
            raise KtstrError(f"{where}={shown(value)}: must be True or False")

    def words(self, value: bool) -> tuple[str, ...]:
        """1 or 0."""
        return (str(int(value)),)


@dataclass(frozen=True)
class Text(Argument):
    """A text without zero bytes."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything that cannot be an argument of a C function."""
        string(value, where)

    def words(self, value: str) -> tuple[str, ...]:
        """The text itself."""
        return (value,)


@dataclass(frozen=True)
class Words(Argument):
    """Several texts, `least` or more: the rest of the line, so the last argument of an operation."""

    least: int = 0

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything but a list of texts that is long enough."""
        if len(strings(value, where)) < self.least:
            raise KtstrError(f"{where}={shown(value)}: must be {self.least} words or more")

    def words(self, value: tuple[str, ...]) -> tuple[str, ...]:
        """The words themselves."""
        return tuple(value)


@dataclass(frozen=True)
class Choice(Argument):
    """One of a few texts."""

    accepted: tuple[str, ...]
    """The texts."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for any other value."""
        if value not in self.accepted:
            raise KtstrError(f"{where}={shown(value)}: must be one of {', '.join(self.accepted)}")

    def words(self, value: str) -> tuple[str, ...]:
        """The text itself."""
        return (value,)


@dataclass(frozen=True)
class Milliseconds(Argument):
    """Guest milliseconds, from a microsecond to an hour; the plan has nanoseconds, and `_ns` for `_ms` in the name."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0.001 <= value <= 3_600_000:  # type: ignore[operator]
            raise KtstrError(f"{where}={shown(value)}: must be milliseconds, from 0.001 to an hour")

    def words(self, value: float) -> tuple[str, ...]:
        """The time in nanoseconds."""
        return (str(round(value * _NS_PER_MS)),)

    def key(self, field: str) -> str:
        """`burst_ns` for `burst_ms`."""
        return f"{field.removesuffix('_ms')}_ns"


_PLAIN: dict[object, Argument] = {
    int: Whole(),
    bool: Flag(),
    str: Text(),
    tuple[str, ...]: Words(),
}


def arguments_of(kind: Any) -> Mapping[str, Argument]:
    """The arguments that a dataclass declares, by field and in order; fields of other types are left out."""
    return _read(kind)


@cache
def _read(kind: type) -> Mapping[str, Argument]:
    try:
        hints = get_type_hints(kind, include_extras=True)
    except NameError as error:
        raise KtstrError(
            f"{kind.__name__}: its annotations cannot be read: {error}; import what they name at the module's top"
        ) from None
    found = {field.name: _argument(hints[field.name]) for field in fields(kind)}
    return {name: argument for name, argument in found.items() if argument is not None}


def _argument(hint: object) -> Argument | None:
    if get_origin(hint) is Annotated:
        return next((extra for extra in get_args(hint)[1:] if isinstance(extra, Argument)), None)
    return _PLAIN.get(hint)
