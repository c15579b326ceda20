"""The interface covered: which callbacks a run has driven, with which flags, and which of the kernel's functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import Counts
from ktstr.instrument.programs import STRUCT_OPS, Function
from ktstr.instrument.sched_ext import KernelInterface, callback_of

__all__ = ["Driven", "driven_from_json", "driven_in", "driven_to_json", "merged_driven"]

# Which argument of a callback has which flags: 0 is the second one.
_FLAGS = {
    "enqueue": (0, "scx_enq_flags"),
    "runnable": (0, "scx_enq_flags"),
    "dequeue": (0, "scx_deq_flags"),
    "quiescent": (0, "scx_deq_flags"),
    "select_cpu": (1, "scx_wake_flags"),
}


@dataclass(frozen=True)
class Driven:
    """What a run has driven of sched_ext, and how often. What was there and not driven has 0."""

    callbacks: Mapping[str, int] = field(default_factory=dict)
    """The calls of each callback that the scheduler has, by its name in `struct sched_ext_ops`."""
    flags: Mapping[str, int] = field(default_factory=dict)
    """The calls of a callback with a flag, as `enqueue SCX_ENQ_WAKEUP`."""
    functions: Mapping[str, int] = field(default_factory=dict)
    """The calls of each function of kernel/sched/ext.c; inlined ones are not there."""


def driven_in(counts: Counts, functions: Iterable[Function], kernel: KernelInterface) -> Driven:
    """What was driven of the callbacks among `functions`."""
    entered = {(one.owner, one.address): one.count for one in counts.insns}
    callbacks: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for one in functions:
        if one.type != STRUCT_OPS or one.part:
            continue
        name = callback_of(one.name) or one.name
        callbacks[name] += entered.get((one.owner.number, one.owner.start), 0)
        if name in _FLAGS:
            which, enum = _FLAGS[name]
            seen = counts.flags.get(one.owner.number)
            for flag, bit in kernel.flags.get(enum, {}).items():
                flags[f"{name} {flag}"] += seen[which][bit] if seen else 0
    return Driven(
        dict(sorted(callbacks.items())),
        dict(sorted(flags.items())),
        {
            name: counts.functions.get(address, 0)
            for name, address in sorted(kernel.functions.items())
            if counts.functions
        },
    )


def merged_driven(runs: Iterable[Driven]) -> Driven:
    """What several runs have driven together."""
    callbacks: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for one in runs:
        # Not update(): it is to keep what has 0.
        for total, some in ((callbacks, one.callbacks), (flags, one.flags), (functions, one.functions)):
            for name, count in some.items():
                total[name] += count
    return Driven(*(dict(sorted(total.items())) for total in (callbacks, flags, functions)))


def driven_to_json(driven: Driven) -> dict[str, object]:
    """What was driven as plain data, for a JSON file."""
    return {
        "callbacks": dict(driven.callbacks),
        "flags": dict(driven.flags),
        "functions": dict(driven.functions),
    }


def driven_from_json(data: Any) -> Driven:
    """What `driven_to_json` made the data of; KtstrError for anything else."""
    try:
        parts = [
            {str(name): int(count) for name, count in data[key].items()}
            for key in ("callbacks", "flags", "functions")
        ]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise KtstrError("what was driven cannot be read: must be what a run with --coverage wrote") from None
    return Driven(*parts)
