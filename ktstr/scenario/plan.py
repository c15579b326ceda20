"""The plan: what the agent is told to do, as the text it reads.

A line an operation, tokens apart by one space; bytes that would end a token are written %XX. docs/plan.md lists
the operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_TOKENS
from ktstr.base.topology import Topology, cpu_list
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.map_write import BpfMapWrite
from ktstr.scenario.perturb import Perturbation

__all__ = ["ATTACH_S", "plan_lines", "plan_text", "sysctl_lines"]

_NS = 1_000_000_000
# Guest seconds that a scheduler gets to load, pass the verifier and attach.
ATTACH_S = 30


def plan_text(
    *,
    topology: Topology,
    cgroups: Sequence[CgroupDef],
    hold_s: float,
    sysctls: Mapping[str, str],
    scheduler: Sequence[str],
    watchdog_ms: int | None = None,
    writes: Sequence[BpfMapWrite] = (),
    perturbations: Sequence[Perturbation] | None = None,
    trace: bool = False,
    dump: bool = False,
    recorder: bool = False,
) -> str:
    """The plan of one scenario: start `scheduler` (a command in the guest; empty: none), fill `cgroups`, hold.

    `watchdog_ms` (None: its own) is the kernel's for that scheduler. `writes` go to its globals, but for those that
    have to be made before it is loaded. `perturbations` (None: no perturber) disturb the hold, `trace` records its
    context switches, `recorder` the last scheduling events before the scheduler's exit; `dump` reads the scheduler's
    maps after it.
    """
    lines: list[Sequence[str]] = []
    lines.extend(sysctl_lines(sysctls))
    if scheduler and watchdog_ms is not None:
        lines.append(("watchdog", str(watchdog_ms)))
    if scheduler:
        lines.append(("scheduler", str(ATTACH_S * _NS), *scheduler))
    for write in writes:
        if write.at_s is not None and write.at_s >= hold_s:
            raise KtstrError(
                f"BpfMapWrite {write.name}: at_s={write.at_s:g}: the scenario is over by then, it lasts {hold_s:g} s"
            )
        if not write.is_rodata:
            lines.append(write.tokens)
    names = [cgroup.name for cgroup in cgroups]
    if twice := {name for name in names if names.count(name) > 1}:
        raise KtstrError(f"cgroup {min(twice)}: declared twice in one scenario")
    for cgroup in cgroups:
        cpus = "-" if cgroup.cpuset is None else cpu_list(cgroup.cpus(topology))
        lines.append(("cgroup", cgroup.name, cpus))
        count = str(cgroup.worker_count(topology))
        lines.append(("spawn", cgroup.name, count, *cgroup.work.tokens, f"policy={cgroup.policy}"))
    if trace:
        lines.append(("trace",))
    if recorder:
        lines.append(("recorder",))
    if perturbations is not None:
        lines.append(("perturber",))
        lines.extend(one.tokens for one in perturbations)
    lines.append(("hold", str(round(hold_s * _NS))))
    if dump:
        lines.append(("dump",))
    return plan_lines(lines)


def sysctl_lines(sysctls: Mapping[str, str]) -> list[Sequence[str]]:
    """The operations that write them, for `plan_lines`."""
    return [("sysctl", name.replace(".", "/"), value) for name, value in sysctls.items()]


def plan_lines(lines: Sequence[Sequence[str]]) -> str:
    """The plan of these operations, each its name and arguments; KtstrError for one that has too many."""
    for line in lines:
        if len(line) > MAX_TOKENS:
            raise KtstrError(
                f"{line[0]} {line[2]}: {len(line)} words on its command line: {MAX_TOKENS} at most"
            )
    return "".join(" ".join(_escape(token) for token in line) + "\n" for line in lines)


def _escape(token: str) -> str:
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in token.encode()
    )
