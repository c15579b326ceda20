"""A work type: what a worker does between the moments at which it looks at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ktstr.base.errors import KtstrError
from ktstr.scenario.argument import arguments_of
from ktstr.scenario.part import Part

__all__ = ["WorkType"]

# What `spawn` itself says as key=value.
_RESERVED = ("policy",)


@dataclass(frozen=True)
class WorkType(Part):
    """What a worker does, over and over: `name`, and the fields as `key=value` of the plan's `spawn`.

    A subclass is a frozen dataclass that sets `name`, and `source` if a C file of its own project carries it out.
    docs/extending.md shows one. `multiple` is how many workers belong together: a group has that number of them, or a
    multiple of it. Its C file then registers it by KTSTR_GROUP_WORK, or by KTSTR_PAIRED_WORK if it is two with pipes.
    `alike` is False if its workers differ by themselves in what they do or in how important they are: checks that
    compare workers then leave them out.
    """

    multiple: ClassVar[int] = 1
    alike: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """What messages call it: its class, which is what an author wrote."""
        return type(self).__name__

    @property
    def together(self) -> int:
        """How many workers belong together: `multiple`, unless a subclass computes it from its parameters."""
        return self.multiple

    @property
    def tokens(self) -> tuple[str, ...]:
        """The work type as the plan has it: its name, then `key=value`. KtstrError for a field that cannot be one."""
        self.check()
        self.require_arguments()
        words = [self.name]
        for field, argument in arguments_of(type(self)).items():
            values = argument.words(getattr(self, field))
            if field in _RESERVED or len(values) != 1 or not values[0].isdecimal():
                raise KtstrError(
                    f"{self.label}: {field}: cannot be a parameter of a work type: must be a number or a bool,"
                    f" and not named {_RESERVED[0]}"
                )
            words.append(f"{argument.key(field)}={values[0]}")
        return tuple(words)

    def __str__(self) -> str:
        return " ".join(self.tokens)
