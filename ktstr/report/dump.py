"""The failure dump: as JSON, in a file beside the sidecar, and as the terminal shows it. See docs/failure-dump.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.events.btf.text import is_zero, value_text
from ktstr.events.btf.values import Value
from ktstr.events.dump import Dump, Element, MapDump
from ktstr.events.run_queues import RunQueues
from ktstr.report.sidecar import SCHEMA, write_json
from ktstr.report.text import aligned

__all__ = ["dump_json", "map_lines", "run_queue_lines", "write_dump"]

_WIDTH = 120
_ELEMENTS = 6  # of a map, and CPUs of an element
_VARIABLES = 40
_LINES = 120
_LINES_EACH = 4  # of a value
_NAME = 60  # characters of a variable's name, or a key
# A constant text in a function, such as bpf_printk's: "my_enqueue.____fmt".
_LOCAL_TEXT = re.compile(r"[^.]+\..+")


def write_dump(dump: Dump, sidecar: Path, run: int, about: Mapping[str, object]) -> Path:
    """Write the dump of a test's VM run number `run` beside its sidecar, and return the file.

    `about` says which test it is of. KtstrError if the file cannot be written.
    """
    path = sidecar.with_name(f"{sidecar.stem}.run-{run}.dump.json")
    try:
        write_json(path, dump_json(dump, about))
    except OSError as error:
        raise KtstrError(f"{path}: the failure dump cannot be written: {error.strerror}") from None
    return path


def dump_json(dump: Dump, about: Mapping[str, object]) -> dict[str, Any]:
    """The dump as the documented JSON object; `about` says which test and run it is of."""
    queues = dump.run_queues
    return {
        "schema": SCHEMA,
        **about,
        "why": dump.why,
        "at_ns": dump.at_ns,
        "complete": dump.complete,
        "maps": [_map_json(one) for one in dump.maps],
        "run_queues": None if queues is None else {**asdict(queues), "depths": dict(queues.depths)},
    }


def _map_json(one: MapDump) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": one.name,
        "id": one.id,
        "type": one.type,
        "key_type": one.key_type or None,
        "value_type": one.value_type or None,
        "max_entries": one.max_entries,
        "unread": one.unread or None,
    }
    if one.variables:
        return data | {
            "variables": [
                {"name": v.name, "type": v.type}
                | ({"problem": v.problem} if v.problem else {"value": v.value})
                for v in one.variables
            ]
        }
    counts = {"count": one.count, "more": one.more, "read": one.read, "zeros": one.zeros}
    return data | counts | {"elements": [_element_json(element, one.per_cpu) for element in one.elements]}


def _element_json(element: Element, per_cpu: bool) -> dict[str, Any]:
    if element.problem:
        return {"key": element.key, "problem": element.problem, "raw": element.raw}
    return {"key": element.key, "values" if per_cpu else "value": element.value}


def map_lines(dump: Dump) -> list[str]:
    """The maps for people: what is not zero, in a limited number of lines of a terminal's width."""
    lines = [line for one in dump.maps for line in _map_lines(one)]
    if not dump.complete:
        lines.append("(the guest ended before it had reported all)")
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"[... {len(lines) - _LINES} lines left out ...]"]
    return lines


def _map_lines(one: MapDump) -> list[str]:
    if one.variables:
        return [_cut(one.name + (f": {one.unread}" if one.unread else "")), *_indented(_variable_rows(one))]
    title = [one.type, *([f"{one.key_type} -> {one.value_type}" if one.key_type else one.value_type])]
    head = f"{one.name}  ({', '.join(part for part in title if part)})"
    if one.unread and not one.read:
        return [_cut(f"{head}: not read: {one.unread}")]
    return [_cut(f"{head}: {_counts(one)}"), *_indented(_element_rows(one))]


def _counts(one: MapDump) -> str:
    """How many elements there are, and how many of them are not shown."""
    count = f"{'more than ' if one.more else ''}{one.count}"
    if one.type.endswith("array"):
        text = f"{count} elements"
    elif one.max_entries:
        text = f"{count} of {one.max_entries}"
    else:
        text = count
    if one.read < one.count:
        text += f", the first {one.read} read"
    if one.unread:
        text += f" ({one.unread})"
    return text + (f", {one.zeros} zero" if one.zeros else "")


def _variable_rows(one: MapDump) -> list[tuple[str, str]]:
    shown = [v for v in one.variables if not (_LOCAL_TEXT.fullmatch(v.name) and v.type.startswith("char["))]
    rows = [
        (v.name, f"({v.problem})" if v.problem else value_text(v.value))
        for v in shown
        if v.problem or not is_zero(v.value)
    ]
    zero = [v.name for v in shown if not v.problem and is_zero(v.value)]
    if len(rows) > _VARIABLES:
        rows = [*rows[:_VARIABLES], ("", f"({len(rows) - _VARIABLES} more)")]
    return [*rows, ("", f"(zero: {', '.join(zero)})")] if zero else rows


def _element_rows(one: MapDump) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for element in one.elements[:_ELEMENTS]:
        key = element.key if isinstance(element.key, str) else value_text(element.key)
        key = f"[{key}]" if one.type.endswith("array") else key
        if element.problem:
            rows.append((key, f"({element.problem}: {element.raw})"))
        elif one.per_cpu and isinstance(element.value, list):
            rows += _cpu_rows(key, element.value)
        else:
            rows.append((key, value_text(element.value)))
    if len(one.elements) > _ELEMENTS:
        rows.append(("", f"({len(one.elements) - _ELEMENTS} more)"))
    return rows


def _cpu_rows(key: str, values: list[Value]) -> list[tuple[str, str]]:
    """An element with a value for each CPU: numbers on one line, structs one line each."""
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) == len(values):
        return [(key, f"{value_text(values)}  sum {sum(numbers)}")]
    shown = [(f"CPU {cpu}", value_text(value)) for cpu, value in enumerate(values) if not is_zero(value)]
    rows = [(key if not i else "", f"{cpu}  {text}") for i, (cpu, text) in enumerate(shown[:_ELEMENTS])]
    return (
        [*rows, ("", f"({len(shown) - _ELEMENTS} more CPUs)")]
        if len(shown) > _ELEMENTS
        else rows or [(key, "zero")]
    )


def run_queue_lines(queues: RunQueues) -> list[str]:
    """Which tasks are runnable on which CPU, one line a CPU, and how many wait in which queue."""
    rows = [("CPU", "runnable", "running", "class", "waiting")]
    for cpu in queues.cpus:
        waiting = sorted((task for task in cpu.tasks if not task.runs), key=lambda task: -task.waits_ms)
        texts = [
            f"{task.comm}[{task.pid}] {task.waits_ms} ms in {task.queue or 'no queue'}" for task in waiting
        ]
        rows.append(
            (str(cpu.cpu), str(cpu.nr_running), cpu.current, cpu.current_class, ", ".join(texts) or "-")
        )
    depths = ", ".join(f"{queue}: {count}" for queue, count in queues.depths.items())
    return [
        _cut(line) for line in [*aligned(rows, right=(0, 1)), *([f"waiting in {depths}"] if depths else [])]
    ]


def _indented(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Rows of a name and a text as lines: the texts aligned, and continued on further lines if they are long."""
    rows = [(_cut(name, _NAME), text) for name, text in rows]
    column = 2 + max((len(name) for name, _ in rows), default=0) + 2
    most = _LINES_EACH * (_WIDTH - column)
    lines = []
    for name, text in rows:
        parts = wrap(text[: most + _WIDTH], _WIDTH - column, break_on_hyphens=False) or [""]
        if len(parts) > _LINES_EACH:
            parts = [*parts[:_LINES_EACH], "..."]
        lines += [f"  {name}".ljust(column) + parts[0], *(" " * column + part for part in parts[1:])]
    return lines


def _cut(line: str, width: int = _WIDTH) -> str:
    return line if len(line) <= width else line[: width - 4] + " ..."
