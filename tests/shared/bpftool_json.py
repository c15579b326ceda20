"""What bpftool shows of the maps of tests/guest/bpf/maps.bpf.c, and whether our dump shows the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ktstr.events.btf.values import Value
from ktstr.events.dump import MapDump

__all__ = ["BY_BPFTOOL", "compare", "said_by_bpftool"]

# Their names in bpftool: sections have their object's name, and no name has more than 15 characters.
BY_BPFTOOL = {
    ".bss": "maps.bss",
    ".data": "maps.data",
    ".rodata": "maps.rodata",
    "cpu_counts": "cpu_counts",
    "notes": "notes",
    "queues_by_kind_of_task": "queues_by_kind_",
    "recent": "recent",
    "inner_map": "inner_map",
}
# For a bit field bpftool shows the number, whatever its type.
STATES = {"NEVER_SEEN": 0, "QUEUED": 1, "RUNNING": 2, "STOPPED": 40}


def said_by_bpftool(events: Sequence[dict[str, Any]]) -> list[Any]:
    """The output of each bpftool that ran after the scheduler, in order."""
    texts: list[str] = []
    for event in events:
        if event["ev"] == "sched_start":
            texts.append("")
        elif event["ev"] == "sched_log":
            texts[-1] += event["text"]  # a long line comes in pieces
    return [json.loads(text, object_pairs_hook=_members) for text in texts[1:]]


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of bpftool's; the members of an unnamed member belong to the struct around it."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        inner = value if name in ("", "(anon)") and isinstance(value, dict) else {name: value}
        assert not members.keys() & inner.keys()
        members |= inner
    return members


def is_same(ours: Value, theirs: Any) -> bool:
    """Whether a value of the dump is what bpftool says, in whose JSON pointers are numbers, a text without an end is a
    list of its characters, and bit fields are hexadecimal texts without a sign."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(
            is_same(value, theirs[name]) for name, value in ours.items()
        )
    if isinstance(ours, str) and isinstance(theirs, list):
        return [ord(character) for character in ours] == theirs
    if isinstance(ours, list):
        # Zeros at the end of a long array are left out.
        rest = theirs[len(ours) :]
        return all(map(is_same, ours, theirs)) and (
            not rest or (len(theirs) > 64 and not any(_numbers(rest)))
        )
    if isinstance(theirs, str) and theirs.startswith("0x"):
        number = STATES[ours] if isinstance(ours, str) else ours
        bits = int(theirs, 16)
        return isinstance(number, int) and (number == bits or (number < 0 and _is_negative(number, bits)))
    if isinstance(theirs, int) and (ours is None or (isinstance(ours, str) and ours.startswith("0x"))):
        return int(ours or "0", 16) == theirs
    return type(ours) is type(theirs) and ours == theirs


def _is_negative(number: int, bits: int) -> bool:
    """Whether `bits` are those of `number` in a field of some width."""
    return any(bits == number + (1 << width) for width in range(number.bit_length() + 1, 65))


def compare(ours: MapDump, theirs: list[Any]) -> None:
    """Compare the map's values, which both format by their types."""
    assert not ours.unread
    if ours.variables:
        (section,) = theirs[0]["formatted"]["value"].values()
        shown = {name: value for variable in section for name, value in variable.items()}
        assert shown.keys() == {variable.name for variable in ours.variables}
        for variable in ours.variables:
            assert is_same(variable.value, shown[variable.name]), (variable, shown[variable.name])
        return
    mine = [(element.key, element.value) for element in ours.elements]
    unmatched = [element["formatted"] for element in theirs]
    assert len(unmatched) == ours.count
    for key, value in mine:
        found = [one for one in unmatched if is_same(key, one["key"])]
        assert len(found) == 1, (key, unmatched)
        other = [one["value"] for one in found[0]["values"]] if ours.per_cpu else found[0]["value"]
        assert is_same(value, other), (key, value, other)
        unmatched.remove(found[0])
    # Array elements that are zero are counted, not shown.
    assert len(unmatched) == ours.zeros
    assert not any(any(_numbers(one.get("value", one.get("values")))) for one in unmatched)


def _numbers(value: Any) -> list[Any]:
    """The parts of a value of bpftool's, without the numbers of CPUs."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() if name != "cpu" for one in _numbers(inner)]
    return [one for inner in value for one in _numbers(inner)] if isinstance(value, list) else [value]
