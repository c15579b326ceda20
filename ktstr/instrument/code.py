"""The code of BPF functions in a form that two runs can be compared by, without addresses that a run's memory chose.

Whatever the kernel's compiler makes of a changed source is seen, and nothing else: a variable or function that only got
another name, and lines that only moved, leave the form as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.instrument.coverage import place_of
from ktstr.instrument.programs import STRUCT_OPS, Function
from ktstr.instrument.texts_x86_64 import insn_texts

__all__ = ["FunctionCode", "codes_from_json", "codes_of", "codes_to_json"]


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """The machine code of the BPF function `name`, instruction by instruction.

    `insns` are texts that mean nothing but that they are equal or not, `lines` the file and line of each. `callback`:
    the kernel calls it, as one of the scheduler's callbacks.
    """

    name: str
    callback: bool
    insns: tuple[str, ...]
    lines: tuple[tuple[str, int], ...]


def codes_of(functions: Iterable[Function], path_of: Callable[[str], str] = str) -> tuple[FunctionCode, ...]:
    """The code of each function, once; `path_of` gives the path of a file that the tables name."""
    found = {}
    for function in functions:
        texts = list(insn_texts(function.code, function.owner.start))
        places = [place_of(function, function.owner.start + at) for at, _ in texts]
        code = FunctionCode(
            function.name,
            function.type == STRUCT_OPS and not function.part,
            tuple(text for _, text in texts),
            tuple((path_of(place.file), place.line) for place in places),
        )
        found[code.name, code.insns] = code
    return tuple(found[key] for key in sorted(found))


def codes_to_json(codes: Iterable[FunctionCode]) -> list[dict[str, object]]:
    """Codes as plain data, for a JSON file: the instructions of a line that follow one another in one text."""
    return [
        {
            "name": one.name,
            "callback": one.callback,
            "insns": [
                [*line, " ".join(text for _, text in some)]
                for line, some in groupby(zip(one.lines, one.insns, strict=True), key=lambda both: both[0])
            ],
        }
        for one in codes
    ]


def codes_from_json(data: Any) -> tuple[FunctionCode, ...]:
    """What `codes_to_json` made the data of; KtstrError for anything else."""
    try:
        return tuple(
            FunctionCode(
                str(one["name"]),
                bool(one["callback"]),
                tuple(text for *_, texts in one["insns"] for text in texts.split()),
                tuple((path, line) for path, line, texts in one["insns"] for _ in texts.split()),
            )
            for one in data
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise KtstrError("code cannot be read: must be what a run with --coverage wrote") from None
