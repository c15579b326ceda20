"""What a scheduler's BPF functions cost: the instructions of each call and of each line, and who called whom.

The helpers and kfuncs that they call are the kernel's own code, which is not counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import Counts
from ktstr.instrument.coverage import place_of
from ktstr.instrument.programs import STRUCT_OPS, Function

__all__ = ["CalledFunction", "FunctionCost", "costs_from_json", "costs_of", "costs_to_json", "merged_costs"]


@dataclass(frozen=True, slots=True, order=True)
class CalledFunction:
    """A call at a `line` of a function's code; the called function has that `name`, and is in the file at `path`."""

    line: int
    path: str
    name: str


@dataclass(frozen=True)
class FunctionCost:
    """The cost of function `name`, which begins at that `line` of the file at `path`.

    `callback`: it is one of the scheduler's callbacks, which the kernel calls.

    `calls` has how many of its calls took how many instructions, with those of the functions that it called. `lines`
    has its own instructions by file and line; `called` how often it called whom, and the instructions of these calls.
    """

    path: str
    name: str
    line: int
    callback: bool
    calls: Mapping[int, int]
    lines: Mapping[tuple[str, int], int]
    called: Mapping[CalledFunction, tuple[int, int]]

    @property
    def count(self) -> int:
        """How many calls there were."""
        return sum(self.calls.values())

    @property
    def own(self) -> int:
        """Its own instructions, in all calls together."""
        return sum(self.lines.values())

    @property
    def least(self) -> int | None:
        """The instructions of the cheapest call; None if there was none."""
        return min(self.calls, default=None)

    @property
    def most(self) -> int | None:
        """Those of the dearest."""
        return max(self.calls, default=None)

    @property
    def median(self) -> int | None:
        """Those of the call in the middle; of two the cheaper."""
        left = (self.count + 1) // 2
        for insns, count in sorted(self.calls.items()):
            left -= count
            if left <= 0:
                return insns
        return None


def costs_of(
    counts: Counts, functions: Iterable[Function], path_of: Callable[[str], str] = str
) -> tuple[FunctionCost, ...]:
    """The costs of the functions, by file and line; `path_of` gives the path of a file that the tables name."""
    known = {one.owner.number: one for one in functions}
    costs: dict[tuple[str, str], _Cost] = {}
    of: dict[int, _Cost] = {}
    for number, function in known.items():
        first = function.places[0]
        path = path_of(first.file)
        cost = costs.setdefault((path, function.name), _Cost(path, function.name, first.line))
        cost.callback = cost.callback or (function.type == STRUCT_OPS and not function.part)
        of[number] = cost
    for insn in counts.insns:
        if insn.owner in known:
            place = place_of(known[insn.owner], insn.address)
            of[insn.owner].lines[path_of(place.file), place.line] += insn.count
    for calls in counts.calls:
        if calls.owner in of:
            of[calls.owner].calls[calls.insns] += calls.count
    for edge in counts.edges:
        if edge.caller in of and edge.callee in of:
            callee, line = of[edge.callee], place_of(known[edge.caller], edge.address).line
            of[edge.caller].add_called(CalledFunction(line, callee.path, callee.name), edge.count, edge.insns)
    return _frozen(costs.values())


def merged_costs(runs: Iterable[Sequence[FunctionCost]]) -> tuple[FunctionCost, ...]:
    """The costs of several runs together."""
    costs: dict[tuple[str, str], _Cost] = {}
    for run in runs:
        for one in run:
            cost = costs.setdefault((one.path, one.name), _Cost(one.path, one.name, one.line))
            cost.callback = cost.callback or one.callback
            cost.calls.update(one.calls)
            cost.lines.update(one.lines)
            for called, (count, insns) in one.called.items():
                cost.add_called(called, count, insns)
    return _frozen(costs.values())


def costs_to_json(costs: Sequence[FunctionCost]) -> list[dict[str, object]]:
    """Costs as plain data, for a JSON file."""
    return [
        {
            "path": one.path,
            "name": one.name,
            "line": one.line,
            "callback": one.callback,
            "calls": [[insns, count] for insns, count in one.calls.items()],
            "lines": [[path, line, insns] for (path, line), insns in one.lines.items()],
            "called": [
                [called.line, called.path, called.name, *numbers] for called, numbers in one.called.items()
            ],
        }
        for one in costs
    ]


def costs_from_json(data: Any) -> tuple[FunctionCost, ...]:
    """What `costs_to_json` made the data of; KtstrError for anything else."""
    try:
        return tuple(
            FunctionCost(
                one["path"],
                one["name"],
                one["line"],
                one["callback"],
                dict(one["calls"]),
                {(path, line): insns for path, line, insns in one["lines"]},
                {CalledFunction(*called): (count, insns) for *called, count, insns in one["called"]},
            )
            for one in data
        )
    except (TypeError, KeyError, ValueError):
        raise KtstrError("costs cannot be read: must be what a run with --coverage wrote") from None


@dataclass
class _Cost:
    """A function's cost while it is added up."""

    path: str
    name: str
    line: int
    callback: bool = False
    calls: Counter[int] = field(default_factory=Counter)
    lines: Counter[tuple[str, int]] = field(default_factory=Counter)
    called: dict[CalledFunction, tuple[int, int]] = field(default_factory=lambda: defaultdict(lambda: (0, 0)))

    def add_called(self, called: CalledFunction, count: int, insns: int) -> None:
        before = self.called[called]
        self.called[called] = before[0] + count, before[1] + insns


def _frozen(costs: Iterable[_Cost]) -> tuple[FunctionCost, ...]:
    return tuple(
        FunctionCost(
            one.path,
            one.name,
            one.line,
            one.callback,
            dict(sorted(one.calls.items())),
            dict(sorted(one.lines.items())),
            dict(sorted(one.called.items())),
        )
        for one in sorted(costs, key=lambda one: (one.path, one.line, one.name))
    )
