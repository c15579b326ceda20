"""Coverage as Cobertura's XML, which CI systems show: its coverage-04.dtd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ktstr.instrument.coverage import FileCoverage

__all__ = ["cobertura_xml"]

_DOCTYPE = (
    "<?xml version='1.0' encoding='utf-8'?>\n"
    '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
)


def cobertura_xml(coverage: Sequence[FileCoverage], made_at: float, version: str) -> str:
    """The document; `made_at` is in seconds since the epoch, `version` that of ktstr."""
    lines = [count for one in coverage for count in one.lines.values()]
    ways = [count for one in coverage for both in one.branches.values() for count in both]
    root = Element(
        "coverage",
        {
            **_rates(lines, ways),
            "lines-covered": str(_hit(lines)),
            "lines-valid": str(len(lines)),
            "branches-covered": str(_hit(ways)),
            "branches-valid": str(len(ways)),
            "complexity": "0",
            "version": version,
            "timestamp": str(int(made_at * 1000)),
        },
    )
    SubElement(SubElement(root, "sources"), "source").text = "."
    package = SubElement(
        SubElement(root, "packages"), "package", {"name": "bpf", **_rates(lines, ways), "complexity": "0"}
    )
    classes = SubElement(package, "classes")
    for one in coverage:
        _add_file(classes, one)
    indent(root)
    return _DOCTYPE + tostring(root, encoding="unicode") + "\n"


def _add_file(classes: Element, one: FileCoverage) -> None:
    lines = list(one.lines.values())
    ways = [count for both in one.branches.values() for count in both]
    file = SubElement(
        classes,
        "class",
        {"name": one.path, "filename": one.path, **_rates(lines, ways), "complexity": "0"},
    )
    methods = SubElement(file, "methods")
    for name, entry in one.functions.items():
        rate = "1" if entry.count else "0"
        rates = {"line-rate": rate, "branch-rate": rate, "complexity": "0"}
        method = SubElement(methods, "method", {"name": name, "signature": "", **rates})
        SubElement(SubElement(method, "lines"), "line", {"number": str(entry.line), "hits": str(entry.count)})
    of_line: dict[int, list[int]] = defaultdict(list)
    for branch, both in one.branches.items():
        of_line[branch.line] += both
    listed = SubElement(file, "lines")
    for line, count in one.lines.items():
        attributes = {"number": str(line), "hits": str(count), "branch": "false"}
        if found := of_line.get(line):
            share = f"{100 * _hit(found) // len(found)}% ({_hit(found)}/{len(found)})"
            attributes |= {"branch": "true", "condition-coverage": share}
        SubElement(listed, "line", attributes)


def _rates(lines: Sequence[int], ways: Sequence[int]) -> dict[str, str]:
    return {"line-rate": _rate(lines), "branch-rate": _rate(ways)}


def _rate(counts: Sequence[int]) -> str:
    return f"{_hit(counts) / len(counts):.4f}" if counts else "1"


def _hit(counts: Iterable[int]) -> int:
    return sum(map(bool, counts))
