"""Random scenarios over every operation that ktstr has: strategies of hypothesis, driven by the operations' own fields.

A new operation comes in by itself. Values are drawn from the edges of what an argument accepts and from just beyond, so
some scenarios make no sense: they must be refused in one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ktstr.base.errors import KtstrError
from ktstr.scenario import operations, work
from ktstr.scenario.affinity import Affinity
from ktstr.scenario.argument import Argument, Choice, Flag, Whole, arguments_of
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.memory_policy import MemoryPolicy
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At
from ktstr.scenario.policy import Deadline
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.step import Step

__all__ = ["KINDS", "Draft", "drafts", "made"]

# What makes sense comes often, what does not now and then.
PATHS = ("a",) * 12 + ("b",) * 8 + ("a/x", "", "gone", "no such/", "cgroup.procs")
CPUSETS = (
    *(None,) * 6,
    *(Cpuset.llc(0), Cpuset.disjoint(0, 2), Cpuset.disjoint(1, 2), Cpuset.range(0, 0.7)) * 4,
    *(Cpuset.llc(0), Cpuset.llc(1), Cpuset.llc(7), Cpuset.disjoint(0, 2), Cpuset.disjoint(1, 2)),
    *(Cpuset.exact({0}), Cpuset.exact({1, 2}), Cpuset.exact({99}), Cpuset.range(0, 0.5), None),
)
AFFINITIES = (
    *(Affinity.inherit(), Affinity.single(0), Affinity.subset(1), Affinity.llc_aligned(), None) * 3,
    *(Affinity.inherit(), Affinity.single(0), Affinity.single(1), Affinity.single(77)),
    *(Affinity.subset(1), Affinity.llc_aligned(), Affinity.cross_llc(), Affinity.exact({0, 2}), None),
)
DEADLINES = (None, Deadline(1, period_ms=10), Deadline(2, 5, 20))
MEMORY = (None, MemoryPolicy("local"), MemoryPolicy("interleave", {0}), MemoryPolicy("bind", {63}))
WORKS = (
    *(getattr(work, name)() for name in work.__all__),
    work.Bursty(0.3, 0.3),
    work.Mixed(0.2),
    work.PipeIo(8),
)
# What a field accepts is more than its argument says, or too much to try.
BY_FIELD: dict[tuple[str, str], tuple[Any, ...]] = {
    ("sysctl", "key"): ("kernel.sched_schedstats", "kernel.panic_on_warn", "no.such"),
    ("sysctl", "value"): ("0", "1", "x"),
    ("write", "map"): (".bss", ".none"),
    ("write", "variable"): ("callback_tick", "nothing"),
    ("write", "value"): (0, 1, -1),
    ("write", "at_s"): (None,),
    ("read_globals", "paths"): (("nr",), ("a", "b.c"), ("not a path",)),
    ("run_program", "args"): ((), [1], {"pid": "a/0"}, "x"),
    ("run_program", "expect"): (0, None, range(2), "x"),
    ("read_file", "path"): ("/proc/stat", "/no/such", "stat"),
    ("read_file", "containing"): ("", "cpu"),
    ("write_file", "path"): ("/proc/self/comm", "/no/such", "comm"),
    ("reload", "times"): (1, 5, 0),
    ("reload", "at_once"): (1, 2, 0),
    ("read_cgroup", "file"): ("cpu.stat", "cgroup.procs", "cpu.stat", "cpuset.cpus", "cpu.nothing", "../x"),
    ("set_limit", "value"): (None, 0, 1, 20, 64 << 20),
    ("set_bandwidth", "quota_ms"): (None, 1, 5, 0.5, 100),
    ("set_bandwidth", "period_ms"): (100, 10, 20, 1, 5000),
    ("set_controllers", "controllers"): ((), ("cpu",), ("cpuset",), ("cpu", "cpuset"), ("io",)),
    ("spawn", "threads"): (False, True),
    ("spawn", "slice_ms"): (None, None, 0.5, 100, 0),
    ("set_policy", "slice_ms"): (None, None, 0.5, 100, 0),
    ("spawn", "workers"): (2, 2, 2, 2, 1, 4, 0),
    ("attach", "scheduler"): ("-", "nobody"),
    ("suspend", "seconds"): (1, 0),
}
BY_ARGUMENT: dict[str, tuple[Any, ...]] = {
    "CgroupName": PATHS,
    "CgroupOrRoot": PATHS,
    "CpusetOrAll": CPUSETS,
    "Work": WORKS,
    "SchedulerName": ("-",) * 8 + ("census", "nobody"),
    "GroupName": ("",) * 8 + ("g", "h", "not a name"),
}
BY_KIND: dict[type, tuple[Any, ...]] = {Affinity: AFFINITIES, Deadline: DEADLINES, MemoryPolicy: MEMORY}


def _classes() -> Iterator[type[Operation]]:
    for path in sorted(Path(str(operations.__file__)).parent.glob("[a-z]*.py")):
        module = import_module(f"{operations.__name__}.{path.stem}")
        for value in vars(module).values():
            ours = isinstance(value, type) and issubclass(value, Operation) and value.name == path.stem
            if ours and value.__module__ == module.__name__ and not value.instead and value is not At:
                yield value


KINDS = tuple(_classes())
"""Every operation that a scenario may have, but for `at`."""

Draft = tuple[Any, ...]
"""A scenario that has yet to be made: its parts' classes and their values."""


def _values(kind: type[Operation], field: str, argument: Argument | None) -> st.SearchStrategy[Any]:
    if (kind.name, field) in BY_FIELD:
        return st.sampled_from(BY_FIELD[kind.name, field])
    inner = getattr(argument, "argument", argument)
    some: st.SearchStrategy[Any] | None = None
    if type(inner).__name__ in BY_ARGUMENT:
        some = st.sampled_from(BY_ARGUMENT[type(inner).__name__])
    elif isinstance(getattr(inner, "kind", None), type):
        some = st.sampled_from(BY_KIND[inner.kind])  # type: ignore[union-attr]
    elif isinstance(inner, Whole):
        near = tuple(range(inner.least, min(inner.most, inner.least + 5) + 1))
        some = st.sampled_from((*near * 5, inner.least - 1, inner.most))
    elif isinstance(inner, Flag):
        some = st.booleans()
    elif isinstance(inner, Choice):
        some = st.sampled_from((*inner.accepted * 6, "nonsense"))
    if some is None:
        some = st.sampled_from(("x", "no such thing"))
    return some if inner is argument else st.one_of(st.none(), some)


@st.composite
def _operation(draw: st.DrawFn) -> Draft:
    kind = draw(st.sampled_from(KINDS))
    known = arguments_of(kind)
    values = {}
    for field in fields(kind):
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if optional and draw(st.integers(0, 3)):
            continue
        values[field.name] = draw(_values(kind, field.name, known.get(field.name)))
    return kind, values


@st.composite
def _cgroup(draw: st.DrawFn, names: tuple[str, ...] = ("c", "d", "e", "f", "c/x", "a")) -> Draft:
    values: dict[str, Any] = {
        "name": draw(st.sampled_from(names)),
        "workers": draw(st.sampled_from((2, 2, 2, 2, 4, 4, 1))),
        "cpuset": draw(st.sampled_from((*CPUSETS, *[None] * 30))),
        "work": draw(st.sampled_from(WORKS)),
        "policy": draw(st.sampled_from(("normal", "normal", "batch", "idle", "fifo"))),
    }
    return CgroupDef, values


@st.composite
def _step(draw: st.DrawFn) -> Draft:
    hold_s = draw(st.sampled_from((0.02, 0.05, 0.1)))
    parts = draw(st.lists(st.one_of(_operation(), _operation(), _cgroup()), max_size=3))
    timed = draw(
        st.lists(
            st.tuples(st.sampled_from((0, 0.005, 0.01, 0.015, 0.019, 0.019, 0.5)), _operation()), max_size=2
        )
    )
    return hold_s, parts, timed, draw(st.sampled_from((1, 1, 1, 2)))


def drafts() -> st.SearchStrategy[Draft]:
    """Scenarios of one to three short steps, with cgroups that most operations find."""
    return st.tuples(
        st.tuples(_cgroup(("a",)), _cgroup(("b",))),
        st.lists(_operation(), max_size=1),
        st.lists(_step(), min_size=1, max_size=3),
    )


def made(draft: Draft) -> Scenario:
    """The scenario. KtstrError if one of its values is not acceptable."""
    cgroups, before, steps = draft
    return Scenario(
        parts=[_made(one) for one in (*cgroups, *before)],  # type: ignore[arg-type]
        steps=[  # type: ignore[arg-type]
            Step(
                f"step {number}",
                *(_made(one) for one in parts),
                *(At(at_s, _made(one)) for at_s, one in timed),
                hold=hold_s,
                repeat=repeat,
            )
            for number, (hold_s, parts, timed, repeat) in enumerate(steps)
        ],
    )


def _made(draft: Draft) -> Any:
    kind, values = draft
    try:
        return kind(**values)
    except TypeError as error:
        raise KtstrError(f"{kind.__name__}: {error}") from None
