"""The agent: the guest's init, built from `agent/*.c`, the work types' C files, and those of a user's project."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.scenario import work
from ktstr.toolchain.compiler import compile_static

__all__ = ["AGENT", "INCLUDE", "WORK", "agent_sources", "build_agent"]

_HERE = Path(__file__).parent
AGENT = _HERE / "agent"
"""The folder of the agent's own C sources."""
WORK = Path(work.__file__).parent
"""The folder of the work types' C sources, which lie beside their Python and need no header but those of INCLUDE."""
INCLUDE = _HERE / "include"
"""The folder of the headers for a user's C sources: `<ktstr/work.h>`, `<ktstr/operation.h>` and what they include."""


@functools.cache
def agent_sources() -> tuple[Path, ...]:
    """The agent's own C sources, in the order in which they are linked."""
    return (*sorted(AGENT.glob("*.c")), *sorted(WORK.glob("*.c")))


def build_agent(sources: Iterable[Path] = ()) -> Path:
    """The static executable, from the cache or built with the host's compiler.

    `sources` are C files of a user's project that register work types or operations (`<ktstr/work.h>`,
    `<ktstr/operation.h>`). They are compiled like the agent, with -Wall -Wextra -Werror; one that is named twice is
    compiled once. The same content gives the same executable, wherever the files lie. Raises KtstrError if one is
    missing, if two have the same file name, and with the first error (file:line: message) if one does not compile.
    """
    return compile_static("agent", agent_sources(), includes=[INCLUDE], outside=_checked(sources))


def _checked(sources: Iterable[Path]) -> list[Path]:
    chosen = sorted({source.absolute() for source in sources})
    names = {source.name: source for source in agent_sources()}
    for source in chosen:
        if source.suffix != ".c" or not source.is_file():
            raise KtstrError(f"source={source}: no such file; must be a C file, such as work_mine.c")
        if source.name in names:
            raise KtstrError(f"source={source}: has the same file name as {names[source.name]}; rename it")
        names[source.name] = source
    return chosen
