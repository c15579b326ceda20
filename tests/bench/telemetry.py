"""What it costs a spinner to measure itself: the agent's own C, run on this host."""

from __future__ import annotations

import statistics
import subprocess
from pathlib import Path

from paired import compared

from ktstr.guest.agent import AGENT, INCLUDE
from ktstr.toolchain.compiler import compile_static

__all__ = ["telemetry"]


def telemetry(times: range) -> None:
    """Print the CPU time of a step as `SpinWait` does it, of one with a look at the clock, and of one without."""
    sources = (Path(__file__).with_suffix(".c"), AGENT / "clock.c")
    program = compile_static("telemetry", sources, includes=[INCLUDE, AGENT])
    done = subprocess.run([program, str(len(times))], capture_output=True, text=True, check=True)
    turns = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    spun, looked_at, alone = map(list, zip(*turns, strict=True))
    print(f"telemetry: a step alone takes {statistics.median(alone):.0f} ns")
    print(f"  looked at after each step: {compared(looked_at, alone)}")
    print(f"  as SpinWait does it: {compared(spun, alone)}")
