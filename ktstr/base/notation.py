"""Topologies as text: `1n2l4c1t`, and what is added to it for machines that are less regular.

    2n4l4c1t-2p               the LLCs are in two packages
    2n3l4.2_4c1t              node 0 has LLCs of 4 and 2 cores, node 1 has one of 4
    2n2l4.4_0c1t              node 1 has no CPUs
    2n4l4c1t-512.128m         MiB of each node; `a`: an equal part of the rest
    2n4l4c1t-10.31_31.10d     the distances, a row a node

docs/topology.md describes it for users.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Written", "parsed", "written"]

_NOTATION = re.compile(
    r"(?P<nodes>[0-9]{1,4})n(?P<llcs>[0-9]{1,4})l(?P<cores>[0-9]{1,4}(?:[._][0-9]{1,4})*)c(?P<threads>[0-9]{1,4})t"
    r"(?:-(?P<packages>[0-9]{1,4}(?:\.[0-9]{1,4})*)p)?"
    r"(?:-(?P<memory>(?:a|[0-9]{1,7})(?:\.(?:a|[0-9]{1,7}))*)m)?"
    r"(?:-(?P<distances>[0-9]{1,3}(?:[._][0-9]{1,3})*)d)?"
)


@dataclass(frozen=True)
class Written:
    """A topology as its text has it.

    `cores` has for each node the cores of its LLCs if they differ, else it is the one number. `packages` has the number
    of LLCs of each, or only the number of packages; () is one for each LLC. `memory_mb` has a number or None for each
    node, () if none has one; `distances` a row for each node, () for the usual ones.
    """

    numa_nodes: int
    llcs: int
    cores: int | tuple[tuple[int, ...], ...]
    threads: int
    packages: int | tuple[int, ...] = ()
    memory_mb: tuple[int | None, ...] = ()
    distances: tuple[tuple[int, ...], ...] = ()


def parsed(text: object) -> Written:
    """What a text says; KtstrError if it is not of the form, or if its counts differ from its lists."""
    match = _NOTATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise KtstrError(
            f"topology {shown(text)}: not of the form 1n2l4c1t (NUMA nodes, LLCs, cores, threads)"
        )
    nodes, llcs, cores = int(match["nodes"]), int(match["llcs"]), match["cores"]
    rows = _rows(cores)
    if cores.isdigit():
        of_llcs: int | tuple[tuple[int, ...], ...] = int(cores)
    else:
        of_llcs = tuple(row if row != (0,) else () for row in rows)
        if (has := len(of_llcs)) != nodes:
            raise KtstrError(f"topology {text}: {nodes} nodes, but LLCs of {has}")
        if (has := sum(map(len, of_llcs))) != llcs:
            raise KtstrError(f"topology {text}: {llcs} LLCs, but cores of {has}")
    packages, memory = match["packages"] or "", match["memory"] or ""
    counts = tuple(map(int, filter(None, packages.split("."))))
    return Written(
        numa_nodes=nodes,
        llcs=llcs,
        cores=of_llcs,
        threads=int(match["threads"]),
        packages=counts[0] if len(counts) == 1 else counts,
        memory_mb=tuple(None if part == "a" else int(part) for part in filter(None, memory.split("."))),
        distances=_rows(match["distances"] or ""),
    )


def written(topology: Written) -> str:
    """The text of a topology, which `parsed` reads."""
    cores = str(topology.cores) if isinstance(topology.cores, int) else _text(topology.cores)
    parts = [f"{topology.numa_nodes}n{topology.llcs}l{cores}c{topology.threads}t"]
    if topology.packages:
        packages = topology.packages
        parts.append((str(packages) if isinstance(packages, int) else _text((packages,))) + "p")
    if topology.memory_mb:
        parts.append(".".join("a" if part is None else str(part) for part in topology.memory_mb) + "m")
    if topology.distances:
        parts.append(_text(topology.distances) + "d")
    return "-".join(parts)


def _rows(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row.split("."))) for row in filter(None, text.split("_")))


def _text(rows: tuple[tuple[int, ...], ...]) -> str:
    return "_".join(".".join(map(str, row)) or "0" for row in rows)
