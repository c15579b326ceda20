"""Event streams as a guest may forge them: captured ones with changes that a seed chooses."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ktstr.events.kinds import KINDS

__all__ = ["forged_console", "mutated", "thinned"]

_OF_A_KIND = 8

_NUMBERS = (
    -1,
    0,
    1,
    2,
    7,
    255,
    1023,
    1024,
    8192,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
_BAD_NUMBERS = (-(2**63), 2**64, 10**400, 1.5, -0.0, 1e308)
_TEXTS = (
    "",
    "0",
    "-1",
    "enabled",
    "0-60000000",
    "0-8191," * 9,
    "9" * 25,
    "9" * 5000,
    "-" * 40,
    "\x1b[2J\x1b]0;mine\x07",
    "\x00\x01\x85\u2028]]>",
    "\ud800",
    "caf\u00c3\u00a9",
    "%s{0}\\x1",
    "EXIT: " + " " * 3000 + "(",
    "[" * 9999,
    "x" * 20000,
    "AAAA",
    "====",
    'sched_ext: BPF scheduler "x" disabled (runtime error)',
    'exit kind=99999999999999999999999 code=-1 reason="\\x4" message=""',
    "CPU 99999999999999999999 : nr_run=1 flags=0x0",
    "  R x[-1] +1ms",
    "x-1 [000] d..1. 99999999999999999999999.000001: sched_switch: prev_comm=",
)
_OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [1, "a"],
    [[1]],
    [2**64],
    list(range(40)),
    {"a": {"b": 1}},
)


def thinned(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first few events of each kind, so that a stream is read fast."""
    seen = Counter[str]()
    kept = []
    for event in events:
        seen[event["ev"]] += 1
        if seen[event["ev"]] <= _OF_A_KIND:
            kept.append(event)
    return kept


def forged_console(chance: random.Random) -> str:
    """A console with a few of the kernel's messages, and what is none."""
    times = ("[    1.000001] ", "[999999999999999999999999.000001][ T12] ", "")
    said = (
        *_TEXTS,
        "Kernel panic - not syncing: \x1b[1mno",
        "Out of memory: Killed process 7 (a)",
        "BUG: kernel",
    )
    return "".join(chance.choice(times) + chance.choice(said) + "\n" for _ in range(chance.randint(0, 3)))


def mutated(events: Sequence[dict[str, Any]], chance: random.Random) -> str:
    """The stream's text with one to four changes."""
    changed = [dict(event) for event in events]
    for _ in range(chance.randint(1, 4)):
        _change(changed, chance)
        changed = [event for event in changed if event] or [{"ev": "boot"}]
    lines = [json.dumps(event) for event in changed]
    if chance.random() < 0.2:
        _damage(lines, chance)
    return "\n".join(lines) + chance.choice(("\n", "\n", "\n", "", '\n{"ev":"wor'))


def _change(events: list[dict[str, Any]], chance: random.Random) -> None:
    event = chance.choice(events)
    name = chance.choice(list(event))
    what = chance.randrange(9)
    if what == 0:
        event[name] = chance.choice(_NUMBERS if chance.random() < 0.8 else _BAD_NUMBERS)
    elif what == 1:
        event[name] = chance.choice(_TEXTS)
    elif what == 2 and chance.random() < 0.3:
        event[name] = chance.choice(_OTHERS)
    elif what == 3:
        del event[name]
    elif what == 4:
        event["ev"] = chance.choice([*KINDS, "mine"])
    elif what == 5:
        events.insert(chance.randrange(len(events)), dict(event))
    elif what == 6 and len(events) > 2:
        events.remove(event)
    elif what == 7:
        other = chance.choice(events)
        event[name] = other[chance.choice(list(other))]
    else:  # the same type, another value: it gets past the first check
        _another(event, chance)


def _another(event: dict[str, Any], chance: random.Random) -> None:
    for name, value in event.items():
        if name != "ev" and chance.random() < 0.4:
            if isinstance(value, int):
                event[name] = chance.choice(_NUMBERS)
            elif isinstance(value, str):
                event[name] = chance.choice(_TEXTS[:8]) if value[:1].isdigit() else chance.choice(_TEXTS)


def _damage(lines: list[str], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    line = lines[at]
    place = chance.randrange(len(line))
    lines[at] = chance.choice(
        (
            line[:place],
            line[:place] + chr(chance.randrange(256)) + line[place + 1 :],
            '{"ev":' + "[" * 20000,
            '{"ev":"mine","deep":' + '{"a":' * 3000 + "1" + "}" * 3001,
            line + line,
            "null",
            "[1]",
            '"text"',
        )
    )
