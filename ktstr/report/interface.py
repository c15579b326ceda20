"""The interface covered, for people: a table of test by callback, flags, and the functions of the kernel's side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from ktstr.instrument.interface import Driven, merged_driven
from ktstr.report.tables import text_table, wrapped

__all__ = ["interface_summary", "interface_text"]

_COLUMNS = 120


def interface_summary(driven: Driven) -> list[str]:
    """What was driven and what never, in a few lines."""
    return [
        _summary("callbacks", "called", driven.callbacks),
        _summary("flags", "seen", driven.flags),
        _summary("functions of kernel/sched/ext.c", "called", driven.functions, named=False),
    ]


def interface_text(tests: Mapping[str, Driven]) -> list[str]:
    """All of it: which test called which callback how often, and how often each flag was seen, and each function of the
    kernel called, in all tests together."""
    driven = merged_driven(tests.values())
    names = list(driven.callbacks)
    rows = [["test", *names]]
    rows += [[test, *(str(one.callbacks.get(name, "-")) for name in names)] for test, one in tests.items()]
    lines = [line for block in wrapped(rows, _COLUMNS) for line in (*block, "")]
    for title, counts in (("flag", driven.flags), ("function of kernel/sched/ext.c", driven.functions)):
        seen = [(name, str(count)) for name, count in counts.items() if count]
        if seen:
            lines += [*text_table([(title, "calls"), *seen]), ""]
        if never := [name for name, count in counts.items() if not count]:
            lines += [*_paragraph("never: ", never), ""]
    return lines[:-1]


def _summary(what: str, verb: str, counts: Mapping[str, int], *, named: bool = True) -> str:
    never = [name for name, count in counts.items() if not count]
    line = f"{len(counts) - len(never)} of {len(counts)} {what} were {verb}"
    if named and never:
        line += f"; never: {', '.join(never)}"
    return line


def _paragraph(begin: str, names: Iterable[str]) -> list[str]:
    return textwrap.wrap(
        begin + ", ".join(names),
        _COLUMNS,
        initial_indent=" ",
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
