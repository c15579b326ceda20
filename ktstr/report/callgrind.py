"""Costs as a callgrind file, which callgrind_annotate and KCachegrind open; Valgrind's manual has the format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ktstr.instrument.cost import FunctionCost

__all__ = ["callgrind_text"]


def callgrind_text(costs: Sequence[FunctionCost], command: str) -> str:
    """The file; `command` says in a line what was run."""
    lines_of = {(one.path, one.name): one.line for one in costs}
    head = (
        "# callgrind format",
        "version: 1",
        "creator: ktstr",
        f"cmd: {command}",
        "positions: line",
        "event: Ir : instructions of BPF code",
        "events: Ir",
        f"summary: {sum(one.own for one in costs)}",
    )
    body = (line for one in costs if one.count or one.own for line in _function(one, lines_of))
    return "".join(f"{line}\n" for line in (*head, *body))


def _function(one: FunctionCost, lines_of: dict[tuple[str, str], int]) -> Iterator[str]:
    yield ""
    yield f"fl={one.path}"
    yield f"fn={one.name}"
    here = one.path
    for (path, line), insns in one.lines.items():
        if path != here:  # inlined from there
            yield f"{'fe' if path == one.path else 'fi'}={path}"
            here = path
        yield f"{line} {insns}"
    if here != one.path:
        yield f"fe={one.path}"
    for called, (count, insns) in one.called.items():
        yield f"cfi={called.path}"
        yield f"cfn={called.name}"
        yield f"calls={count} {lines_of.get((called.path, called.name), 0)}"
        yield f"{called.line} {insns}"
