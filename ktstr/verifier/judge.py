"""The verdict on a cell: from what its guest reported to findings. Nothing here runs anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ktstr.base.topology import cpu_list
from ktstr.checks.ending import judge_ending, kernel_bugs
from ktstr.checks.evidence import Evidence
from ktstr.declare.scheduler import Scheduler
from ktstr.events.load_failure import read_load_failure
from ktstr.events.rejection import Rejection, rejections
from ktstr.events.report import GuestReport
from ktstr.verifier.cell import Cell, Finding, Program
from ktstr.verifier.object_judge import object_findings, so_far
from ktstr.vm.result import VmResult

__all__ = ["findings", "limit_of", "programs_of"]

Event = Mapping[str, Any]

# enum bpf_prog_type of include/uapi/linux/bpf.h, in its order.
_TYPES = (
    "unspec",
    "socket_filter",
    "kprobe",
    "sched_cls",
    "sched_act",
    "tracepoint",
    "xdp",
    "perf_event",
    "cgroup_skb",
    "cgroup_sock",
    "lwt_in",
    "lwt_out",
    "lwt_xmit",
    "sock_ops",
    "sk_skb",
    "cgroup_device",
    "sk_msg",
    "raw_tracepoint",
    "cgroup_sock_addr",
    "lwt_seg6local",
    "lirc_mode2",
    "sk_reuseport",
    "flow_dissector",
    "cgroup_sysctl",
    "raw_tracepoint_writable",
    "cgroup_sockopt",
    "tracing",
    "struct_ops",
    "ext",
    "lsm",
    "sk_lookup",
    "syscall",
    "netfilter",
)

# What libbpf, the kernel tree's schedulers and ktstr's loader print once the programs are loaded.
_ATTACHING = re.compile(r"[Aa]ttach")
_PARTIAL = "switched only tasks of policy SCHED_EXT (switch_all is 0)"
_LOADERS_LINE = re.compile(r"^loader: |^libbpf: (?!.*(?:BEGIN|END) PROG LOAD LOG)")


def programs_of(result: VmResult) -> tuple[tuple[Program, ...], int]:
    """The loaded programs in order of name, and the bytes of all their maps."""
    maps = {event["id"]: event["memory_bytes"] for event in result.of("map")}
    programs = [
        Program(
            name=event["name"],
            type=_TYPES[event["type"]] if event["type"] < len(_TYPES) else str(event["type"]),
            tag=event["tag"],
            verified_insns=event["verified_insns"],
            fdinfo_insns=event["fdinfo_insns"],
            xlated_bytes=event["xlated_bytes"],
            jited_bytes=event["jited_bytes"],
            map_bytes=sum(maps.get(number, 0) for number in event["maps"]),
        )
        for event in result.of("program")
    ]
    used = {number for event in result.of("program") for number in event["maps"]}
    return tuple(sorted(programs, key=lambda program: program.name)), sum(maps.get(one, 0) for one in used)


def findings(cell: Cell, run: Evidence, result: VmResult, max_insns: int | None) -> tuple[Finding, ...]:
    """The checks that the cell did not pass, in order; `max_insns` limits what the declaration does not.

    `run` is what the guest of `result` left. How it ended is judged as for a test. After a check that failed the later
    ones mean nothing, except the kernel's warnings and the limits.
    """
    report = run.report
    refused = rejections(report.log)
    found = [Finding(ended.check, ended.message) for ended in judge_ending(run)]
    if cell.object is not None:
        found = [
            replace(one, message=f"{one.message}: {so_far(report)}") for one in found
        ] or object_findings(
            report, refused, loaded=bool(result.of("program")), timeout_s=cell.scheduler.attach_timeout_s
        )
    elif not found:
        step = (
            _attached(cell, report, refused)
            or _schedules(report, result)
            or _stays(report)
            or _leaves(report)
        )
        found = [step] if step else []
    found += _kernel_warnings(run)
    return (*found, *_limits(cell.scheduler, programs_of(result)[0], max_insns))


def _kernel_warnings(run: Evidence) -> list[Finding]:
    """A finding for the first warning in the kernel's log, with the number of the others."""
    bugs = kernel_bugs(run)
    if not bugs:
        return []
    more = f" (and {len(bugs) - 1} more)" if len(bugs) > 1 else ""
    return [Finding("kernel", f"the kernel warned: {bugs[0].text}{more}")]


def limit_of(scheduler: Scheduler, program: str, max_insns: int | None) -> int | None:
    """The most specific limit: the declaration's for the program, the declaration's for all, the command line's."""
    return scheduler.max_insns.get(program, scheduler.max_insns.get("*", max_insns))


def _attached(cell: Cell, report: GuestReport, refused: Sequence[Rejection]) -> Finding | None:
    attached = report.state("attached")
    if attached is not None and attached.state == "enabled":
        return None
    if refused:
        more = f" (and {len(refused) - 1} more programs)" if len(refused) > 1 else ""
        return Finding("load", f"{refused[0].program}: {refused[0].reason}{more}")
    said = _said(report)
    if attached is None:
        return Finding("attach", "the scheduler was never started")
    if attached.running:
        return Finding(
            "attach",
            f"not attached after {cell.scheduler.attach_timeout_s:g} guest seconds"
            f" (sched_ext state: {attached.state}): {said}",
        )
    tried = any("sched_ext: " in line for line in report.kernel_log)
    if failure := read_load_failure(report.log, report.release):
        return Finding("attach" if failure.stage == "attach" else "load", failure.what)
    if not tried and not any(_ATTACHING.search(line) for line in report.log):
        return Finding("load", f"its program ended ({_how(report)}) before anything was attached: {said}")
    return Finding("attach", f"its program ended ({_how(report)}) before it was attached: {said}")


def _schedules(report: GuestReport, result: VmResult) -> Finding | None:
    held = report.state("held")
    if held is None or _left(report):
        return None  # _stays reports it
    outside = [worker for worker in report.workers if worker.ext is False]
    if outside:
        partly = f": it {_PARTIAL}" if held.switch_all is False else ""
        count = f"{len(outside)} of {len(report.workers)}"
        return Finding("schedule", f"{count} workers are not in the ext class{partly}")
    stuck = [worker for worker in report.workers if not worker.iterations]
    if not stuck:
        return None
    half = len(report.workers) // 2
    pinned = [worker.index for worker in stuck if worker.index < half]
    where = (
        f"; CPUs with a worker of their own that never ran: {cpu_list(frozenset(pinned))}" if pinned else ""
    )
    seconds = sum(event["held_ns"] for event in result.of("progress")) / 1e9
    return Finding(
        "schedule",
        f"{len(stuck)} of {len(report.workers)} workers never ran in {seconds:.1f} guest seconds{where}",
    )


def _stays(report: GuestReport) -> Finding | None:
    attached, held = report.state("attached"), report.state("held")
    assert attached is not None
    if held is None:
        return Finding("stay", f"ended before its workers were started ({_how(report)}): {_said(report)}")
    if held.enable_seq != attached.enable_seq:
        times = held.enable_seq - attached.enable_seq
        return Finding("stay", f"was ejected and came back ({times} times attached again): {_said(report)}")
    if held.state != "enabled":
        return Finding("stay", f"was ejected (sched_ext state: {held.state}): {_said(report)}")
    if held.switch_all is False:
        return Finding("stay", _PARTIAL)
    if held.nr_rejected > attached.nr_rejected:
        return Finding("stay", f"rejected {held.nr_rejected - attached.nr_rejected} tasks (nr_rejected)")
    return None


def _leaves(report: GuestReport) -> Finding | None:
    state = report.state("default")
    if state is None or state.state != "disabled":
        return Finding(
            "leave", f"still there when stopped (sched_ext state: {state.state if state else 'unknown'})"
        )
    if state.running:
        return Finding("leave", "its program could not be ended")
    if report.exit == {"signal": 9}:
        return Finding("leave", "its program did not end on SIGINT or SIGTERM and was killed")
    return None


def _limits(scheduler: Scheduler, programs: Sequence[Program], max_insns: int | None) -> list[Finding]:
    found = []
    for program in programs:
        limit = limit_of(scheduler, program.name, max_insns)
        if limit is not None and program.verified_insns > limit:
            found.append(
                Finding(
                    "max_insns",
                    f"{program.name}: {program.verified_insns} instructions verified, limit {limit}",
                )
            )
    names = {program.name for program in programs}
    unknown = sorted(set(scheduler.max_insns) - names - {"*"})
    if programs and unknown:
        found.append(
            Finding(
                "max_insns",
                f"declared for {unknown[0]}, which is not loaded; there are {', '.join(sorted(names))}",
            )
        )
    return found


def _left(report: GuestReport) -> bool:
    attached, held = report.state("attached"), report.state("held")
    return (
        attached is None or held is None or held.state != "enabled" or held.enable_seq != attached.enable_seq
    )


def _said(report: GuestReport) -> str:
    """The line that says most about why the scheduler is not there."""
    kernel = [line for line in report.kernel_log if "sched_ext: " in line]
    lines = [line for line in report.log if line.startswith("exit ") or _LOADERS_LINE.search(line)]
    failed = [line for line in lines if line.startswith("exit ")] or lines[-1:] or list(report.log[-1:])
    if failed:
        return failed[0].strip()
    return kernel[0].split("] ", 1)[-1] if kernel else "it said nothing"


def _how(report: GuestReport) -> str:
    if report.exit is None:
        return "running"
    return ", ".join(f"{key} {value}" for key, value in report.exit.items())
