"""Kills: SIGKILL to a process of each kind, at instants that the seed chooses, of a suite in a cold cache."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aftermath import Reference, after_fault, measured, next_run, restore
from leftovers import Process, processes
from tally import Case, Tally
from workplace import Workplace, finish, start

__all__ = ["inject_kills", "kind_of"]

_POLL_S = 0.01
_TRIES = 3  # runs for each kill: in some the process is never there, or gone at its instant
_WAIT_S = 0.3  # a process that appears after the chosen instant is killed within this

_COLD: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    # what is made again: which entries are dropped, which processes are killed, and how often it is chosen
    "results": (("results",), ("controller", "worker", "clone"), 5),
    "templates": (("results", "templates"), ("controller", "worker", "template", "clone"), 6),
    "kernel": (("results", "kernels", "debian"), ("front end", "unpacking", "controller"), 5),
    "programs": (
        ("results", "initramfs", "answers", "bpf/fixture*", "build/agent-*", "build/serialize-*"),
        ("compiler", "worker", "controller"),
        5,
    ),
    "all": (
        ("*",),
        ("unpacking", "compiler", "template", "worker", "controller"),
        1,
    ),
}
"""Degrees of cold. Most rounds drop only what one stage makes, because each next run has to make the rest."""

_COMPILERS = ("gcc", "cc", "cc1", "clang", "as", "ld", "collect2", "lld", "make", "strip", "ar")


@dataclass(frozen=True)
class _Plan:
    """One kill: the degree of cold, the kind of process, and the share of a run's time after which it is looked for."""

    cold: str
    kind: str
    share: float
    delay_s: float


def kind_of(command: tuple[str, ...], unpacks: bool = False) -> str:
    """The kind of a process of a run, by its command line; `unpacks` says that a kernel is being unpacked."""
    program = command[0].rpartition("/")[2]
    words = " ".join(command)
    if program.startswith("qemu-system"):
        return "template" if ".partial" in words else "clone"
    if program.startswith("python"):
        if "-m ktstr test" in words:
            return "front end"
        if "-m ktstr.plugin" in words:
            return "unpacking" if unpacks else "controller"
        return "worker" if "sys.stdin.readline()" in words else "helper"
    stem = program.removeprefix("x86_64-linux-gnu-").partition("-")[0]
    return "compiler" if stem in _COMPILERS else "helper"


def inject_kills(
    place: Workplace, reference: Reference, count: int, rng: random.Random, tally: Tally
) -> None:
    """Kill `count` processes, each in a run of its own, and look at what each left and at the run after it."""
    restore(place, reference)
    lasts = {}
    for cold, (dropped, _, _) in _COLD.items():
        place.drop(*dropped)
        lasts[cold] = measured(place, reference, "-n", "2")
        place.clear()
    killed = 0
    for _ in range(count * _TRIES):
        if killed == count:
            return
        plan = _planned(rng)
        place.drop(*_COLD[plan.cold][0])
        run = start(place, "-n", "2")
        victim = _kill(place, run, plan, lasts[plan.cold])
        killed += victim is not None
        broken = after_fault(place, finish(place, run), reference, killed=True)
        if victim or broken:
            broken += next_run(place, reference, "-n", "2")
        what = f"{plan.share:.0%} into making {plan.cold}"
        tally.add(Case("kills", plan.kind, what, broken, reached=victim is not None))
        if broken:
            restore(place, reference)
        place.clear()


def _planned(rng: random.Random) -> _Plan:
    cold = rng.choices(list(_COLD), [weight for _, _, weight in _COLD.values()])[0]
    return _Plan(cold, rng.choice(_COLD[cold][1]), rng.random(), rng.random() * _WAIT_S)


def _kill(place: Workplace, run: subprocess.Popen[bytes], plan: _Plan, lasts_s: float) -> Process | None:
    """Kill a process of the plan's kind, the first that is there at its instant or later; None if the run ends before.

    A front end becomes the controller at once, so it is looked for from the beginning.
    """
    if plan.kind != "front end":
        _wait(run, plan.share * lasts_s)
    while run.poll() is None:
        there = [one for one in processes(str(place.folder)) if one.command[0] and _is(place, one, plan.kind)]
        if there:
            _wait(run, plan.delay_s)
            victim = min(there, key=lambda one: (one.started, one.pid))
            # It may have become another kind, or ended.
            return victim if victim.kill() else None
        time.sleep(_POLL_S)
    return None


def _is(place: Workplace, process: Process, kind: str) -> bool:
    unpacks = kind == "unpacking" and any((place.cache / "kernels").glob(".*.partial"))
    return kind_of(process.command, unpacks) == kind


def _wait(run: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        return
