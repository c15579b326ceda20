"""Violations that are the schedulers' own, each with the reason: all others in the matrix are false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from cell import Cell

__all__ = ["KNOWN", "Known", "expected"]


@dataclass(frozen=True)
class Known:
    """A check that these cells violate, every one of them. Each field is a name, or a pattern with `*`."""

    scheduler: str
    check: str
    why: str
    """What the scheduler does that violates it, in a sentence."""
    scenarios: tuple[str, ...] = ("*",)
    topologies: tuple[str, ...] = ("*",)
    kernels: tuple[str, ...] = ("*",)
    sometimes: bool = False
    """Whether it is an accident of times, as where a task was queued first: one of these cells may be without it."""

    def has(self, cell: Cell) -> bool:
        """Whether `cell` is one of these."""
        return (
            fnmatchcase(cell.scheduler, self.scheduler)
            and any(fnmatchcase(cell.scenario, one) for one in self.scenarios)
            and any(fnmatchcase(cell.topology, one) for one in self.topologies)
            and any(fnmatchcase(cell.kernel, one) for one in self.kernels)
        )


_HOTPLUG = (
    "It has neither ops.cpu_online() nor ops.cpu_offline(), so the kernel ends it when a CPU goes, and asks its program"
    " to start it again"
)
_OFFLINE_CPU = (
    "It gives a task to a CPU that has just gone offline, and the kernel ejects it: Invalid target CPU"
)
_WEIGHT = "It has no ops.cgroup_set_weight(): cpu.weight means nothing to it"
_BANDWIDTH = (
    "It has no ops.cgroup_set_bandwidth(), and sched_ext itself limits nobody: cpu.max means nothing to it"
)

_PINNED = (
    "It balances between LLCs through one CPU of each, and lets that CPU wait for up to 512 ms (MAX_PINNED_INTERVAL)"
    " after an attempt that found pinned tasks only: a phase of 0.4 s is over by then"
)
_GROUPS = (
    "A cgroup has on each CPU the weight of the part of its tasks that is there: of 60 tasks that wake all the time,"
    " the one or two on a CPU that has 16 of the other cgroup's 60 waited for up to two seconds at a time, while those"
    " ran"
)
_TOTALS = (
    "It balances between LLCs by their totals: each has eight spinners on four CPUs, so neither is busier, and a CPU of"
    " one that only the other's tasks may use stays idle"
)
_THAWED = (
    "It wakes thawed tasks near the CPU that thaws them, and balances between LLCs over seconds: 15 shared the four"
    " CPUs of ktstr's agent's LLC for the 0.7 s that were left"
)
_LOCAL_FIRST = (
    "scx_bpf_select_cpu_dfl() puts a task that a sync wakeup wakes on its waker's CPU, whose local queue comes before"
    " the shared one: two that wake each other without end keep that CPU from a kernel thread that may run nowhere else"
)
_FALLBACK = (
    "It serves the tasks that may not use all CPUs (its FALLBACK_DSQ) before any cgroup: while CPUs find one there, its"
    " other tasks and the kernel's threads, which are in the root cgroup, get none"
)
_PUT_AWAY = (
    "It announces a cgroup (cgrp_enqueued()) before the task is in its queue, which is when ops.enqueue() returns: who"
    " looks in between puts the cgroup away. Nor does it ever kick a CPU. So tasks wait beside CPUs that are idle, and"
    " kernel threads, too: sched_ext's own watchdog once did not check in for 30 s, and who needs such a thread hangs"
)
_CHARGED_AGAIN = (
    "It charges a task only when it stops: one that goes on alone on its CPU is charged nothing, and one that a higher"
    " class preempts, as on ktstr's agent's CPU, what is used of its slice each time, and waits longer afterwards"
)
_DISPLACED = (
    "It has no ops.cpu_release(): a task that a higher class displaces stays in its CPU's local queue. So of seven"
    " spinners on eight CPUs, those that share one with a real-time worker wait for as long as it runs, and the one"
    " that does not never waits"
)
_ONE_FIFO = (
    "It is a FIFO, as its source says: one CPU deals tasks out in order of arrival, whatever they have used; one that"
    " may not run where it is dealt to goes to a second queue (its FALLBACK_DSQ), which every CPU empties first"
)
_FIRST_PEER = (
    "Only a CPU whose own queue is empty takes a task of another CPU, and of those with the most waiting that with the"
    " lowest number: of 14 spinners on 8 CPUs, two each stay on five CPUs, and four share the first three, in turns"
)
_ONE_DEALER = (
    "One CPU decides for all: one that is idle kicks it and waits to be dealt a task, and thousands of wakeups or"
    " yields a second are more than it deals in time"
)

KNOWN: tuple[Known, ...] = (
    Known("eevdf", "max_gap_ms", _GROUPS, ("dsq_contention",), ("2n4l4c1t",), ("7.0.*",), sometimes=True),
    Known(
        "eevdf",
        "max_idle_wait_pct",
        _PINNED,
        ("load_oscillation", "nested_task_move"),
        ("2n4l4c1t",),
        ("7.0.*",),
        sometimes=True,
    ),
    Known(
        "eevdf", "max_idle_wait_pct", _TOTALS, ("cpuset_apply",), ("1n2l4c1t",), ("7.0.*",), sometimes=True
    ),
    Known("eevdf", "max_share_error", _THAWED, ("cgroup_freeze",), ("2n4l4c1t",), ("7.0.*",), sometimes=True),
    Known("fixture", "attached", _HOTPLUG, ("cpu_hotplug",)),
    Known("fixture", "max_weight_error", _WEIGHT, ("cgroup_weight",)),
    Known("fixture", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
    Known("fixture", "max_task_wait_ms", _LOCAL_FIRST, ("sync_wakeups",), sometimes=True),
    Known("scx_simple", "attached", _HOTPLUG, ("cpu_hotplug",)),
    Known("scx_simple", "max_weight_error", _WEIGHT, ("cgroup_weight",)),
    Known("scx_simple", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
    Known("scx_simple", "max_task_wait_ms", _LOCAL_FIRST, ("sync_wakeups",), sometimes=True),
    Known(
        "scx_simple",
        "max_spread_pct",
        _CHARGED_AGAIN,
        ("cgroup_reuse",),
        ("2n4l4c1t",),
        ("7.0.*",),
        sometimes=True,
    ),
    Known("scx_simple", "max_spread_pct", _DISPLACED, ("real_time_preemption",), sometimes=True),
    Known("scx_flatcg", "attached", _HOTPLUG, ("cpu_hotplug",)),
    Known("scx_flatcg", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
    Known("scx_flatcg", "not_stuck", _FALLBACK, ("affinity_subsets",)),
    Known("scx_flatcg", "max_gap_ms", _FALLBACK, ("affinity_subsets",)),
    Known("scx_flatcg", "max_task_wait_ms", _FALLBACK, ("affinity_subsets",)),
    Known(
        "scx_flatcg",
        "guest",
        _PUT_AWAY,
        ("cpuset_change_on_wakeup", "cpuset_resize", "nested_cpusets", "nested_no_controller"),
        ("1n2l4c1t",),
        ("7.0.*",),
        sometimes=True,
    ),
    Known("scx_flatcg", "max_idle_wait_ms", _PUT_AWAY, ("mixed_workloads", "sched_mixed"), sometimes=True),
    Known("scx_flatcg", "max_spread_pct", _PUT_AWAY, ("mixed_workloads", "sched_mixed"), sometimes=True),
    Known("scx_central", "attached", _HOTPLUG, ("cpu_hotplug",)),
    Known("scx_central", "max_weight_error", _WEIGHT, ("cgroup_weight",)),
    Known("scx_central", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
    Known(
        "scx_central", "max_wasted_pct", _ONE_DEALER, ("dsq_contention", "mixed_workloads"), sometimes=True
    ),
    Known("scx_central", "max_spread_pct", _ONE_FIFO, sometimes=True),
    Known("scx_bpfland", "attached", _HOTPLUG, ("cpu_hotplug",)),
    Known("scx_bpfland", "max_weight_error", _WEIGHT, ("cgroup_weight",)),
    Known("scx_bpfland", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
    Known("scx_flow", "attached", _OFFLINE_CPU, ("cpu_hotplug",)),
    Known("scx_flow", "max_weight_error", _WEIGHT, ("cgroup_weight",)),
    Known("scx_flow", "max_spread_pct", _FIRST_PEER, ("cgroup_weight",), sometimes=True),
    Known("scx_flow", "max_bandwidth_excess_pct", _BANDWIDTH, ("cgroup_bandwidth",)),
)
"""All that are known."""


def expected(cell: Cell, *, certainly: bool = False) -> dict[str, str]:
    """The checks that `cell` violates as far as is known, each with the reason; or those that it certainly does."""
    return {one.check: one.why for one in KNOWN if one.has(cell) and not (certainly and one.sometimes)}
