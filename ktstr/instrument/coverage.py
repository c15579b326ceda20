"""Coverage of a scheduler's BPF: how often each source line and function was executed, and each branch either way.

What the counts of a run come to, as data that can be added to that of other runs: a line, a function and a branch are
known by their place in the source, and not by an address.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import BRANCH, Counts, Insn
from ktstr.instrument.jumps_x86_64 import conditional_jumps
from ktstr.instrument.programs import STRUCT_OPS, Function, Place

__all__ = [
    "CoveredBranch",
    "CoveredFunction",
    "FileCoverage",
    "coverage_from_json",
    "coverage_of",
    "coverage_to_json",
    "merged",
    "of_schedulers",
    "place_of",
]


@dataclass(frozen=True, slots=True, order=True)
class CoveredBranch:
    """A conditional jump in the code of `function`: at that `line` and `column`, number `number` (from 0 on)."""

    line: int
    column: int
    number: int
    function: str


@dataclass(frozen=True, slots=True)
class CoveredFunction:
    """A function: the `line` where it begins, and the `count` of how often it was entered."""

    line: int
    count: int


@dataclass(frozen=True)
class FileCoverage:
    """The coverage of the source file at `path`; `functions` are by name.

    `lines` have those that came to code, and how often they were executed; `branches` how often each jumped, and how
    often it went on to the next instruction.
    """

    path: str
    functions: Mapping[str, CoveredFunction]
    lines: Mapping[int, int]
    branches: Mapping[CoveredBranch, tuple[int, int]]


def of_schedulers(functions: Iterable[Function]) -> list[Function]:
    """Those functions that are of a scheduler's object and have lines; guests also have programs of ktstr's own."""
    listed = list(functions)
    objects = {one.owner.object for one in listed if one.type == STRUCT_OPS}
    return [one for one in listed if one.owner.object in objects and one.places]


def coverage_of(
    counts: Counts, functions: Iterable[Function], path_of: Callable[[str], str] = str
) -> tuple[FileCoverage, ...]:
    """The coverage of the functions by file.

    `path_of` gives the path of a file that the kernel's tables name; a file for which it is empty is left out.
    A line in one function has the count of its most executed piece: a loop's head is several. Functions add up.
    """
    insns: dict[int, dict[int, Insn]] = defaultdict(dict)
    for insn in counts.insns:
        insns[insn.owner][insn.address] = insn
    files: dict[str, _File] = defaultdict(_File)
    for function in functions:
        executed = insns[function.owner.number]
        first = function.places[0]
        if path := path_of(first.file):
            files[path].enter(function.name, first.line, _count(executed, function.owner.start))
        lines: dict[tuple[str, int], int] = {}
        for place in function.places:
            # The compiler has code of its own, which belongs to no line.
            if place.line and (path := path_of(place.file)):
                key = path, place.line
                lines[key] = max(lines.get(key, 0), _count(executed, place.address))
        for (path, line), count in lines.items():
            files[path].lines[line] += count
        for path, branch, ways in _branches(function, executed, path_of):
            files[path].add_branch(branch, ways)
    return _frozen(files)


def merged(coverages: Iterable[Sequence[FileCoverage]]) -> tuple[FileCoverage, ...]:
    """The coverage of several runs together: their counts are added."""
    files: dict[str, _File] = defaultdict(_File)
    for coverage in coverages:
        for one in coverage:
            file = files[one.path]
            for name, entry in one.functions.items():
                file.enter(name, entry.line, entry.count)
            for line, count in one.lines.items():
                file.lines[line] += count
            for branch, ways in one.branches.items():
                file.add_branch(branch, ways)
    return _frozen(files)


def place_of(function: Function, address: int) -> Place:
    """The place that an address of the function belongs to."""
    at = bisect.bisect_right([place.address for place in function.places], address) - 1
    return function.places[max(at, 0)]


def coverage_to_json(coverage: Sequence[FileCoverage]) -> list[dict[str, object]]:
    """Coverage as plain data, for a JSON file."""
    return [
        {
            "path": one.path,
            "functions": [
                {"name": name, "line": entry.line, "count": entry.count}
                for name, entry in one.functions.items()
            ],
            "lines": [[line, count] for line, count in one.lines.items()],
            "branches": [[*astuple(branch), *ways] for branch, ways in one.branches.items()],
        }
        for one in coverage
    ]


def coverage_from_json(data: object) -> tuple[FileCoverage, ...]:
    """What `coverage_to_json` made the data of; KtstrError for anything else."""
    try:
        return tuple(
            FileCoverage(
                one["path"],
                {entry["name"]: CoveredFunction(entry["line"], entry["count"]) for entry in one["functions"]},
                dict(one["lines"]),
                {CoveredBranch(*branch): (jumped, passed) for *branch, jumped, passed in one["branches"]},
            )
            for one in data  # type: ignore[attr-defined]
        )
    except (TypeError, KeyError, ValueError):
        raise KtstrError("coverage cannot be read: must be what a run with --coverage wrote") from None


class _File:
    """The coverage of a file while it is added up."""

    def __init__(self) -> None:
        self.functions: dict[str, CoveredFunction] = {}
        self.lines: dict[int, int] = defaultdict(int)
        self.branches: dict[CoveredBranch, tuple[int, int]] = {}

    def enter(self, name: str, line: int, count: int) -> None:
        before = self.functions.get(name)
        self.functions[name] = CoveredFunction(line, count + (before.count if before else 0))

    def add_branch(self, branch: CoveredBranch, ways: tuple[int, int]) -> None:
        before = self.branches.get(branch, (0, 0))
        self.branches[branch] = before[0] + ways[0], before[1] + ways[1]


def _frozen(files: Mapping[str, _File]) -> tuple[FileCoverage, ...]:
    return tuple(
        FileCoverage(
            path,
            dict(sorted(file.functions.items(), key=lambda item: (item[1].line, item[0]))),
            dict(sorted(file.lines.items())),
            dict(sorted(file.branches.items())),
        )
        for path, file in sorted(files.items())
    )


def _branches(
    function: Function, executed: Mapping[int, Insn], path_of: Callable[[str], str]
) -> Iterable[tuple[str, CoveredBranch, tuple[int, int]]]:
    """The function's conditional jumps, apart from those that the kernel itself puts in."""
    numbers: dict[tuple[str, int, int], int] = defaultdict(int)
    start = function.owner.start
    jumps = {address for address, insn in executed.items() if insn.flow == BRANCH}
    jumps.update(start + offset for offset in conditional_jumps(function.code))
    for address in sorted(jumps):
        place = place_of(function, address)
        if not place.line or _is_kernels(function.code, address - start):
            continue
        if not (path := path_of(place.file)):
            continue
        key = path, place.line, place.column
        branch = CoveredBranch(place.line, place.column, numbers[key], function.name)
        numbers[key] += 1
        insn = executed.get(address)
        yield path, branch, (insn.jumped, insn.passed) if insn else (0, 0)


# Before the jump: cmp %r10,%r11 of a load that may fault (no BPF register is in r11), and cmp $BPF_MAX_LOOPS,%rdi of an
# inlined bpf_loop().
_KERNELS = (b"\x4d\x39\xd3", b"\x4d\x39\xda", b"\x81\xff\x00\x00\x80\x00")


def _is_kernels(code: bytes, at: int) -> bool:
    return code[:at].endswith(_KERNELS)


def _count(executed: Mapping[int, Insn], address: int) -> int:
    insn = executed.get(address)
    return insn.count if insn else 0
