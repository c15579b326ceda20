"""The benchmark of races: schedulers in races/, each with one race and a twin that has none, and how each is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from race_visit import Visit

from ktstr import (
    AddCgroup,
    Affinity,
    At,
    Bursty,
    CgroupDef,
    Checks,
    CpuOffline,
    CpuOnline,
    Ctx,
    ForkExit,
    FutexPingPong,
    Restart,
    Scenario,
    Scheduler,
    SetAffinity,
    Step,
    Topology,
    Workers,
    ktstr_test,
)
from ktstr.declare.test import KtstrTest, record_of

__all__ = ["RACES", "Race"]

_SOURCES = Path(__file__).parent / "races"
_OFF = {
    f"max_{name}": False
    for name in (
        *("bandwidth_excess_pct", "idle_wait_pct", "inversion_pct", "share_error", "spread_pct"),
        "weight_error",
    )
}


@dataclass(frozen=True)
class Race:
    """A scheduler with a race, and the scenario in which it can show.

    `kind` is what public fixes of such races are about. `window` is about how many instructions lie between its look
    and its act, and `rare` says that the code with the window, or what has to happen meanwhile, does not run all the
    time. `wide_us` is a window, in guest microseconds, in which it shows by itself. `says` is what the first line of
    its failure has. `gap_ms` is the longest time that a worker may wait.
    """

    name: str
    kind: str
    window: int
    scenario: Scenario
    says: str
    wide_us: int = 300
    rare: bool = False
    cpus: int = 4
    gap_ms: float = 400

    @property
    def source(self) -> Path:
        """The scheduler's source."""
        return _SOURCES / f"{self.name}.bpf.c"

    def scheduler(self, *, fixed: bool = False, wide: bool = False) -> Scheduler:
        """The scheduler, or its twin; with its window as it is, or wide."""
        flags = (*(["-DFIXED"] if fixed else []), *([f"-DWIDE={self.wide_us}"] if wide else []))
        return Scheduler(
            name="_".join((self.name, *(["fixed"] if fixed else []), *(["wide"] if wide else []))),
            bpf=self.source,
            bpf_cflags=flags,
            topology=Topology(1, 1, self.cpus, 1),
            checks=Checks(**_OFF, max_gap_ms=self.gap_ms),
            sysctls={"kernel.watchdog": "0"},
        )

    def test(self, *, fixed: bool = False, wide: bool = False) -> KtstrTest:
        """A test of it that has no body; no latency is counted, which would be more to interleave with."""

        @ktstr_test(scheduler=self.scheduler(fixed=fixed, wide=wide), latency=False)
        def races(ctx: Ctx) -> None: ...

        record = record_of(races)
        assert record is not None
        return record

    def lines(self, mark: str) -> frozenset[int]:
        """The lines of the source, from 1 on, that `RACE-` and the letter `mark` stand on."""
        text = self.source.read_text().splitlines()
        return frozenset(number for number, line in enumerate(text, 1) if f"/* RACE-{mark} */" in line)


_PAIRS = CgroupDef("pairs", 8, work=FutexPingPong(16))
_SLEEPERS = CgroupDef("sleepers", 8, work=Bursty(0.2, 0.3))
# The timer lets go all that wait at once: with equal times of sleep they would also wake at once for ever.
_UNEVEN = CgroupDef(
    "sleepers",
    groups=(
        Workers(1, Bursty(0.1, 0.3), group="short"),
        Workers(1, Bursty(0.15, 0.5), group="middle"),
        Workers(1, Bursty(0.1, 0.7), group="long"),
    ),
)
_MASKS = ({0, 1, 2}, {0, 1}, {1, 2}, {0, 2})

RACES = (
    Race("ticket", "unlocked counter", 3, Scenario((_PAIRS,), hold_s=0.5), "was given twice"),
    Race("seats", "check, then act", 5, Scenario((_SLEEPERS,), hold_s=0.5), "has a seat too many"),
    Race("claim", "stale idle mask", 10, Scenario((_SLEEPERS,), hold_s=0.5), "was claimed twice"),
    Race(
        "wakeup",
        "lost wakeup at idle",
        10,
        Scenario(
            (
                CgroupDef("home", 1, affinity=Affinity.single(0)),
                CgroupDef("sleepers", 4, work=Bursty(0.2, 0.3)),
            ),
            hold_s=0.5,
        ),
        "workers wait while CPUs",
    ),
    Race("ring", "double dispatch", 10, Scenario((_PAIRS,), hold_s=0.5), "was dispatched twice"),
    Race(
        "affinity",
        "affinity changed between select and enqueue",
        10,
        Scenario(
            (CgroupDef("home", 1, affinity=Affinity.single(0)), CgroupDef("churned", 6)),
            steps=(
                Step(
                    "affinities",
                    *(
                        At(
                            round(0.01 * number, 2),
                            SetAffinity("churned", Affinity.exact(_MASKS[number % 4])),
                        )
                        for number in range(1, 49)
                    ),
                    hold=0.5,
                ),
            ),
        ),
        "which it may not use",
        wide_us=600,
        rare=True,
    ),
    Race(
        "group",
        "exit against cgroup move",
        5,
        Scenario((AddCgroup("there"), CgroupDef("here", 4, work=Visit())), hold_s=0.5),
        "is not in use",
        rare=True,
    ),
    Race(
        "timer",
        "timer against its own cancel",
        5,
        Scenario((_UNEVEN,), hold_s=0.5),
        "ms",
        gap_ms=200,
    ),
    Race(
        "slot",
        "init_task against fork",
        300,
        Scenario((CgroupDef("forks", 3, work=ForkExit(16)),), hold_s=0.5),
        "was given to two tasks",
    ),
    Race(
        "offline",
        "hotplug against dispatch",
        150,
        Scenario(
            (CgroupDef("sleepers", 6, work=Bursty(0.2, 0.3)),),
            steps=(
                Step(
                    "hotplug",
                    At(0.05, CpuOffline(1)),
                    At(0.25, CpuOnline(1)),
                    At(0.3, CpuOffline(1)),
                    hold=0.6,
                ),
            ),
        ),
        "ms",
        rare=True,
        wide_us=1000,
        gap_ms=150,
    ),
    Race(
        "first",
        "restart under load",
        200,
        Scenario(
            (CgroupDef("sleepers", 8, work=Bursty(0.2, 1)),),
            steps=(
                Step("before", hold=0.1),
                Step("after", Restart(), hold=0.1),
                Step("again", Restart(), hold=0.1),
            ),
        ),
        "was set up twice",
        wide_us=1000,
        rare=True,
    ),
)
