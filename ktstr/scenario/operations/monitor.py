"""The operation `monitor`: what is sampled during the holds, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown, strings
from ktstr.scenario.argument import Milliseconds
from ktstr.scenario.operation import Operation

__all__ = ["EVENTS", "MOST_SAMPLES", "MOST_SAMPLES_OF_CPUS", "STATS", "Monitor"]

MOST_SAMPLES = 16_384
"""How many samples a run may have."""
MOST_SAMPLES_OF_CPUS = 2**20
"""How many samples a run may have, times the CPUs of its guest."""
EVENTS = "event"
"""The source of the kernel's SCX_EV_* counters."""
STATS = "/var/run/scx/root/stats"
"""Where the scx project's schedulers serve their statistics."""

_LEAST_MS = 1.0
_MOST_VARIABLES = 64
_MOST_FILES = 24
_COUNTERS = "/sys/kernel/sched_ext/root/events"
# A map and a path in C, or a path alone.
_VARIABLE = re.compile(r"(?:[.\w]+:(?:\[\d+\])?)?(?:\.?[A-Za-z_]\w*)?(?:\.[A-Za-z_]\w*|\[\d+\])*", re.ASCII)
_CGROUP_FILE = re.compile(r"(?:[A-Za-z0-9_.-]+/)*(?:cgroup|cpu|cpuset|memory|pids|io)\.[a-z0-9._]{1,48}")
_PRESSURES = ("cpu", "io", "irq", "memory")


@dataclass(frozen=True)
class Monitor(Operation):
    """Samples each hold every `period_ms` guest milliseconds: `@ktstr_test(monitor=Monitor(period_ms=20))`.

    A sample always has, of each CPU, the tasks that are runnable, the depth of the local DSQ, the context switches,
    whether it is idle and whether sched_ext takes it for idle; the depth of each DSQ that the scheduler has made; and
    sched_ext's event counters, if the kernel has them. The rest is chosen. `variables` are numbers in the scheduler's
    memory, by their path in C as for BpfMapWrite: `nr_queued`, `cfg.limits[2]` (of .bss, .data or .rodata),
    `.data.mine:limit`, or `stats:[0].enqueued` of an array, which is summed over the CPUs if it is a per-CPU one.
    `cgroup_files` are files of cgroups: `cg_0/cpu.stat`. `pressure` are resources whose stall time is read: `cpu`,
    `memory`, `io`, `irq`. With `stats=True` the scheduler's own statistics are read, from the socket where the scx
    project's schedulers serve them.

    docs/monitor.md has the names of the series, what may be said of them, and what sampling costs.
    """

    name = "monitor"
    instead = "@ktstr_test(monitor=...)"
    period_ms: float = 100.0
    """How much guest time is between two samples; 1 or more."""
    variables: tuple[str, ...] = ()
    """Numbers in the scheduler's memory."""
    cgroup_files: tuple[str, ...] = ()
    """Files of cgroups."""
    pressure: tuple[str, ...] = ()
    """Resources whose stall time is read."""
    stats: bool = False
    """Whether the scheduler's own statistics are read."""

    @property
    def label(self) -> str:
        """What messages call it: what an author wrote."""
        return "Monitor"

    @property
    def period_ns(self) -> int:
        """The period in guest ns."""
        return round(self.period_ms * 1_000_000)

    def check(self) -> None:
        """Raise KtstrError naming the field whose value is not acceptable."""
        Milliseconds().check(self.period_ms, "Monitor: period_ms")
        if self.period_ms < _LEAST_MS:
            raise KtstrError(f"Monitor: period_ms={self.period_ms:g}: must be {_LEAST_MS:g} or more")
        for field in ("variables", "cgroup_files", "pressure"):
            object.__setattr__(self, field, strings(getattr(self, field), f"Monitor: {field}"))
        for one in self.variables:
            if not one or not _VARIABLE.fullmatch(one):
                raise KtstrError(
                    f"Monitor: variables: {shown(one)}: must be a path in C, such as 'nr_queued', or a map and a path,"
                    " such as 'stats:[0].enqueued'"
                )
        for one in self.cgroup_files:
            if not _CGROUP_FILE.fullmatch(one):
                raise KtstrError(
                    f"Monitor: cgroup_files: {shown(one)}: must be a cgroup and its file, such as 'cg_0/cpu.stat'"
                )
        for one in self.pressure:
            if one not in _PRESSURES:
                raise KtstrError(f"Monitor: pressure: {shown(one)}: must be one of {', '.join(_PRESSURES)}")
        if not isinstance(self.stats, bool):
            raise KtstrError(f"Monitor: stats={shown(self.stats)}: must be True or False")
        for field, most in (("variables", _MOST_VARIABLES), ("cgroup_files", _MOST_FILES)):
            if len(getattr(self, field)) > most:
                raise KtstrError(f"Monitor: {field}: {len(getattr(self, field))} of them: at most {most}")

    def check_length(self, total_s: float, cpus: int) -> None:
        """KtstrError for a run so long that it has more samples than a run of so many CPUs may have."""
        samples = int(total_s * 1000 / self.period_ms)
        most = min(MOST_SAMPLES, MOST_SAMPLES_OF_CPUS // cpus)
        if samples > most:
            raise KtstrError(
                f"Monitor: period_ms={self.period_ms:g}: {total_s:g} s have {samples} samples: at most {most}"
            )

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The period in ns, and what is read besides run queues and DSQs."""
        return (
            str(self.period_ns),
            f"file={_COUNTERS}={EVENTS}",
            *(f"variable={one}" for one in self.variables),
            *(f"file=/proc/pressure/{one}=pressure.{one}" for one in self.pressure),
            *(f"file={one}={one}" for one in self.cgroup_files),
            *((f"stats={STATS}",) if self.stats else ()),
        )
