"""What patterns find in a text, line by line, within a bounded time.

A pattern may take a time that is exponential in the length of a line, and Python's `re` has no limit. So it is matched
by a process of its own, which the kernel ends when its CPU time is over. Run as a script this module is that process:
it needs nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

__all__ = ["LONGEST_LINE", "MOST_VALUES", "Found", "find_all"]

LONGEST_LINE = 4096
"""Characters of a line that are looked at; the rest of a longer one is not."""
MOST_VALUES = 10_000
"""How many lines are taken that a pattern matches."""
_CPU_S = 2
_WALL_S = 120  # of a host that is busy

Found = list[str] | None
"""What the group `value` of a pattern held in each line; None if the time was over before it was known."""


def find_all(searches: Sequence[tuple[str, str]]) -> list[Found]:
    """For each pattern and text what the group `value` of the pattern held, in each line that has it."""
    found: list[Found] = []
    while len(found) < len(searches):
        # Those before the one that takes too long have been printed; the rest are given to a new process.
        done = _run(searches[len(found) :])
        found += done
        if len(found) < len(searches):
            found.append(None)
    return found


def _run(searches: Sequence[tuple[str, str]]) -> list[Found]:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", __file__],
            input=json.dumps(searches).encode(),
            capture_output=True,
            check=False,
            timeout=_WALL_S,
        )
        text = done.stdout
    except subprocess.TimeoutExpired as error:
        text = error.stdout or b""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]


def _values(pattern: str, text: str) -> Iterator[str]:
    search = re.compile(pattern).search
    for line in text.splitlines():
        if match := search(line[:LONGEST_LINE]):
            yield match["value"] or ""


def _main() -> None:
    import resource
    from itertools import islice

    for pattern, text in json.load(sys.stdin):
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + _CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        print(json.dumps(list(islice(_values(pattern, text), MOST_VALUES))), flush=True)


if __name__ == "__main__":
    _main()
