"""Limits that the guest's agent and the Python side share, read from the agent's header.

The numbers have one place, `ktstr/guest/include/ktstr/limits.h`. It is read once, when this module is imported.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = [
    "GAP_BUCKETS",
    "MAX_BURSTS",
    "MAX_CPUS",
    "MAX_QUEUED",
    "MAX_TOKENS",
    "MAX_WORKERS",
    "MAX_WRITES",
    "parse_limits",
]

_HEADER = Path(__file__).parents[1] / "guest" / "include" / "ktstr" / "limits.h"


def parse_limits(header: str) -> dict[str, int]:
    """The numbers that a C header defines with `#define KTSTR_NAME NUMBER`, by NAME."""
    found = re.findall(r"^#define KTSTR_(\w+) (\d+)$", header, re.MULTILINE)
    return {name: int(number) for name, number in found}


_LIMITS = parse_limits(_HEADER.read_text())

MAX_CPUS: Final = _LIMITS["MAX_CPUS"]
"""CPUs of a guest, at most."""
MAX_WORKERS: Final = _LIMITS["MAX_WORKERS"]
"""Workers of a plan, at most, over all its cgroups."""
MAX_TOKENS: Final = _LIMITS["MAX_TOKENS"]
"""Words of a line of the plan, at most: the operation's name and its arguments."""
MAX_BURSTS: Final = _LIMITS["MAX_BURSTS"]
"""Bursts of the perturber in one hold, at most."""
MAX_WRITES: Final = _LIMITS["MAX_WRITES"]
"""Timed writes to a scheduler's variables in one plan, at most."""
MAX_QUEUED: Final = _LIMITS["MAX_QUEUED"]
"""Operations that wait for their time in one hold, at most."""
GAP_BUCKETS: Final = _LIMITS["GAP_BUCKETS"]
"""Buckets of a worker's histogram of gaps: bucket i counts those from 2^i ns up to 2^(i+1) ns."""
