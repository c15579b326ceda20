"""Coverage as an lcov tracefile, which genhtml and most other tools read; geninfo(1) describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ktstr.instrument.coverage import FileCoverage

__all__ = ["lcov_text"]


def lcov_text(coverage: Iterable[FileCoverage], name: str = "") -> str:
    """The tracefile; `name` is that of the test, of letters, digits and underscores only."""
    return "".join(f"{line}\n" for one in coverage for line in _record(one, name))


def _record(one: FileCoverage, name: str) -> Iterator[str]:
    yield f"TN:{name}"
    yield f"SF:{one.path}"
    for function, entry in one.functions.items():
        yield f"FN:{entry.line},{function}"
        yield f"FNDA:{entry.count},{function}"
    yield f"FNF:{len(one.functions)}"
    yield f"FNH:{sum(bool(entry.count) for entry in one.functions.values())}"
    # A block is a jump, and has two branches: on to the next instruction, and to its target.
    blocks: dict[int, int] = {}
    taken = 0
    for branch, (jumped, passed) in one.branches.items():
        block = blocks[branch.line] = blocks.get(branch.line, -1) + 1
        for way, count in enumerate((passed, jumped)):
            # "-": the jump itself was never executed.
            yield f"BRDA:{branch.line},{block},{way},{count if jumped or passed else '-'}"
            taken += bool(count)
    yield f"BRF:{2 * len(one.branches)}"
    yield f"BRH:{taken}"
    for line, count in one.lines.items():
        yield f"DA:{line},{count}"
    yield f"LF:{len(one.lines)}"
    yield f"LH:{sum(map(bool, one.lines.values()))}"
    yield "end_of_record"
