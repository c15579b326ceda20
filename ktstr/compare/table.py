"""A comparison as text, as Markdown and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from ktstr.compare.difference import RESULTS, Comparison, Difference
from ktstr.compare.rank_test import ALPHA
from ktstr.compare.samples import Axis, Key
from ktstr.compare.sides import Side
from ktstr.report.about_schema import HostRecord
from ktstr.report.tables import Row, markdown_table
from ktstr.report.text import aligned, printable

__all__ = [
    "coloured",
    "comparison_json",
    "comparison_lines",
    "comparison_markdown",
    "comparison_notes",
    "comparison_rows",
    "comparison_summary",
]

_COLUMNS: Mapping[str, Callable[[Key], str]] = {
    "TEST": lambda key: key.test,
    "SCHEDULER": lambda key: key.scheduler,
    "KERNEL": lambda key: key.kernel,
    "TOPOLOGY": lambda key: key.topology,
    "CLOCK": lambda key: key.clock,
    "FILE": lambda key: key.file,
}
_MOST_LISTED = 12
_MOST_ROWS = 50
_COLOURS = {"worse": 31, "inconclusive": 33, "better": 32}


def comparison_lines(found: Comparison, before: Side, after: Side, *, every: bool = False) -> list[str]:
    """The comparison: the sides, a table of what differs, the worst first, and what could not be compared.

    With `every` the table has what is the same as well.
    """
    lines = [f"before  {before.title}", f"after   {after.title}"]
    lines += [f"        {words}" for words in _hosts_words(before, after)]
    shown = [one for one in found.differences if every or one.result != "same"]
    if shown:
        fixed, rows = comparison_rows(shown)
        lines += ["", *([fixed] if fixed else []), *aligned(rows, range(len(rows[0]) - 4, len(rows[0])))]
    lines += ["", *_left_out(found, before, after), comparison_summary(found)]
    return [printable(line) for line in lines]


def comparison_markdown(found: Comparison, before: Side, after: Side) -> list[str]:
    """The same for a comment or a step's summary on GitHub: what differs, the worst first, at most 50 rows."""
    lines = [f"**{comparison_summary(found)}**", "", f"Before: {before.title}  ", f"After: {after.title}"]
    shown = [one for one in found.differences if one.result != "same"]
    if shown:
        fixed, rows = comparison_rows(shown[:_MOST_ROWS])
        lines += [
            "",
            *([fixed, ""] if fixed else []),
            *markdown_table([[_cell(one) for one in row] for row in rows]),
        ]
    if len(shown) > _MOST_ROWS:
        lines += ["", f"and {len(shown) - _MOST_ROWS} more"]
    if notes := comparison_notes(found, before, after):
        lines += ["", *(f"- {words}" for words in notes)]
    return [printable(line) for line in lines]


def comparison_notes(found: Comparison, before: Side, after: Side) -> list[str]:
    """What differs between the hosts, and what could not be compared, a line each."""
    return [*_hosts_words(before, after), *_left_out(found, before, after)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _hosts_words(before: Side, after: Side) -> list[str]:
    return [f"{name} differs: {old}, {new}" for name, (old, new) in _hosts(before, after).items()]


def coloured(lines: Sequence[str]) -> list[str]:
    """The lines for a terminal: what got worse in red, what got better in green."""
    colours = [_COLOURS.get(line.partition(" ")[0]) for line in lines]
    return [
        f"\x1b[{colour}m{line}\x1b[0m" if colour else line
        for colour, line in zip(colours, lines, strict=True)
    ]


def comparison_json(found: Comparison, before: Side, after: Side, axis: Axis) -> Mapping[str, Any]:
    """The comparison as data, with every sample."""
    return {
        "before": before.title,
        "after": after.title,
        "by": axis or None,
        "hosts": {name: list(values) for name, values in _hosts(before, after).items()},
        "alpha": ALPHA,
        "tests": found.tests,
        "needed": found.needed,
        "status": found.status,
        "differences": [_difference_json(one) for one in found.differences],
        "only_before": [asdict(key) for key in found.only_before],
        "only_after": [asdict(key) for key in found.only_after],
        "without_verdict": [{**asdict(key), "what": words} for key, words in found.undone.items()],
        "metrics_of_one_side": [{**asdict(key), "metric": name} for key, name in found.lost],
        "damaged": [*before.damaged, *after.damaged],
    }


def _difference_json(one: Difference) -> Mapping[str, Any]:
    before, after = one.ends
    return {
        "result": one.result,
        **asdict(one.key),
        "metric": one.name,
        "unit": one.kind.unit,
        "better": one.kind.better,
        "before": before,
        "after": after,
        "relative": one.relative,
        "p": one.p,
        "threshold": {"relative": one.kind.relative, "absolute": one.kind.absolute},
        "samples": {"before": list(one.before), "after": list(one.after)},
    }


def comparison_rows(shown: Sequence[Difference]) -> tuple[str, list[Row]]:
    """What is the same in all rows, in words, and the rows of the table, its head first."""
    values = {name: {of(one.key) for one in shown} for name, of in _COLUMNS.items()}
    varied = [name for name in _COLUMNS if name == "TEST" or len(values[name]) > 1]
    if len({replace(one.key, file="") for one in shown}) == len({one.key for one in shown}):
        varied = [name for name in varied if name != "FILE"]  # what is in the other columns tells them apart
    fixed = [next(iter(values[name])) for name in _COLUMNS if len(values[name]) == 1 and name not in varied]
    fixed = [value for value in fixed if value]
    rows = [
        (
            one.result,
            *(_COLUMNS[name](one.key) for name in varied),
            _metric(one),
            *(_number(end) for end in one.ends),
            _change(one),
            "-" if one.p is None else f"{one.p:.2g}",
        )
        for one in shown
    ]
    head = ("", *varied, "METRIC", "BEFORE", "AFTER", "CHANGE", "P")
    return f"all of {', '.join(fixed)}" if fixed else "", [head, *rows]


def _left_out(found: Comparison, before: Side, after: Side) -> list[str]:
    lines = [f"not read: {message}" for message in (*before.damaged, *after.damaged)]
    for where, keys in (("before", found.only_before), ("after", found.only_after)):
        lines += _listed(f"only {where}", [_words(key) for key in keys])
    lines += _listed("not all compared", [f"{_words(key)}: {words}" for key, words in found.undone.items()])
    lines += _listed("on one side only", [f"{name} of {_words(key)}" for key, name in found.lost])
    return lines


def _listed(title: str, names: Sequence[str]) -> list[str]:
    more = [f"{title}: and {len(names) - _MOST_LISTED} more"] if len(names) > _MOST_LISTED else []
    return [f"{title}: {name}" for name in names[:_MOST_LISTED]] + more


def _words(key: Key) -> str:
    parts = [key.scheduler, key.kernel, key.topology, f"{key.clock} clock" if key.clock else ""]
    name = f"{key.file}::{key.test}" if key.file else key.test
    return f"{name} ({', '.join([*filter(None, parts), *(['perturbed'] if key.perturbed else [])])})"


def comparison_summary(found: Comparison) -> str:
    """How many metrics are worse, better and so on, in one line."""
    counts = Counter(one.result for one in found.differences)
    said = ", ".join(f"{counts[result]} {result}" for result in RESULTS if counts[result])
    tests = len({one.key for one in found.differences})
    if not tests:
        return "nothing to compare: no test is on both sides"
    line = (
        f"{said}, of {len(found.differences)} metrics of {tests} test{'s' * (tests != 1)}; {_samples(found)}"
    )
    if counts["inconclusive"]:
        line += f"; {found.needed} a side are needed for {found.tests} metrics at {ALPHA:g}"
    return line


def _samples(found: Comparison) -> str:
    sizes = [len(side) for one in found.differences if not one.kind.exact for side in (one.before, one.after)]
    if not sizes:
        return "exact"
    least, most = min(sizes), max(sizes)
    return (
        f"{least} sample{'s' * (most != 1)} a side" if least == most else f"{least} to {most} samples a side"
    )


def _metric(one: Difference) -> str:
    """The metric's name, with its unit unless the name has that already."""
    named = one.kind.name.endswith(("_ms", "_pct", "_bytes")) or not one.kind.unit
    return one.name if named else f"{one.name} ({one.kind.unit})"


def _number(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.3g}"


def _change(one: Difference) -> str:
    if (relative := one.relative) is None:
        return f"{one.change:+.3g}" if one.change else "="
    return f"{100 * relative:+.1f}%" if relative < 1 else f"x{1 + relative:.1f}"


def _hosts(before: Side, after: Side) -> Mapping[str, tuple[str, str]]:
    """What differs between the machines on which the sides' newest runs ran, of what can change their numbers."""
    old, new = before.runs[-1].host, after.runs[-1].host
    if old is None or new is None:
        return {}
    real = any("real" in run.clocks for side in (before, after) for run in side.runs)
    one, other = _of_host(old, real), _of_host(new, real)
    pairs = {name: (one.get(name, "none"), other.get(name, "none")) for name in {**one, **other}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _of_host(host: HostRecord, real: bool) -> dict[str, str]:
    """Of the machine itself only with the real clock: with the virtual one it changes no number."""
    machine = {
        "CPU": host["cpu"],
        "number of CPUs": str(host["cores"]),
        "governor": host["governor"] or "none",
        "host kernel": host["kernel"],
    }
    tools = {name: version for name, version in host["tools"].items() if name != "python"}
    return {**(machine if real else {}), **tools}
