"""A part of a scenario that a C function in the guest carries out: what operations and work types have in common."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import arguments_of

__all__ = ["Part"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Part:
    """The base of `Operation` and `WorkType`: a frozen dataclass whose fields are arguments.

    `name` is what the plan calls it. `source` is the C file that carries it out, relative to the Python file of the
    class; None: the agent has it already.
    """

    name: ClassVar[str] = ""
    source: ClassVar[str | Path | None] = None

    def __new__(cls, *_args: Any, **_fields: Any) -> Self:
        """An instance, of a class that is declared as it has to be; KtstrError for another one."""
        if "__dataclass_params__" not in vars(cls):
            raise KtstrError(f"{cls.__name__}: must be decorated with @dataclass(frozen=True)")
        if not isinstance(cls.name, str) or not _NAME.fullmatch(cls.name):
            raise KtstrError(
                f"{cls.__name__}: name={shown(cls.name)}: must be 1 to 32 lower-case letters, digits or '_',"
                f" the first a letter"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check the arguments; a subclass that checks more extends `check`."""
        self.check()

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.name

    def check(self) -> None:
        """Raise KtstrError naming the argument whose value is not acceptable."""
        for field, argument in arguments_of(type(self)).items():
            argument.check(getattr(self, field), f"{self.label}: {field}")

    def require_arguments(self) -> None:
        """Raise KtstrError for a field that cannot be written to a plan, because its type says not how."""
        for field in fields(self):  # type: ignore[arg-type]  # __new__ has seen that it is a dataclass
            if field.name not in arguments_of(type(self)):
                kind = getattr(field.type, "__name__", field.type)
                raise KtstrError(
                    f"{self.label}: {field.name}: {kind} is no type of an argument: annotate it, for example"
                    f" Annotated[int, Whole(1, 10)]"
                )

    @classmethod
    def source_file(cls) -> Path | None:
        """The C file's absolute path, or None if the agent needs no file; KtstrError if there is no such file."""
        owner = next((base for base in cls.__mro__ if vars(base).get("source") is not None), None)
        if owner is None:
            return None
        source = vars(owner)["source"]
        if not isinstance(source, str | Path):
            raise KtstrError(f"{cls.__name__}: source={shown(source)}: must be the path of a C file")
        beside = getattr(sys.modules.get(owner.__module__), "__file__", None)
        path = Path(beside).parent.joinpath(source) if beside else Path(source)
        if path.suffix != ".c" or not path.is_file():
            raise KtstrError(f"{cls.__name__}: source={shown(str(source))}: no such C file: {path}")
        return path.resolve()
