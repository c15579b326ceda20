"""The kinds of events and the types of their fields, as docs/plan.md lists them: what a guest says is checked by them.

A guest's events are input from outside: the program under test runs as root beside the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from ktstr.base.topology import parse_cpu_list

__all__ = ["KINDS", "MOST", "check_fields"]

MOST: Mapping[str, int] = {
    "cpu": 1024,
    "node": 1024,
    "sched_start": 2048,
    "dump": 2048,
    "dump_map": 1024,
    "sample": 16384,
    "monitor_dsqs": 32768,
    "payload": 16384,
}
"""How many events of a kind there may be, if that is fewer than of all kinds together: each of these costs more."""


class _Cpus:
    """A list of CPUs in the kernel's notation, which may be empty."""


class _Base64:
    """Bytes in base64, perhaps cut off."""


_Number = Annotated[int, msgspec.Meta(ge=0)]
_Cpu = Annotated[int, msgspec.Meta(ge=0, lt=1024)]
_Node = Annotated[int, msgspec.Meta(ge=0, lt=1024)]
_Flag = Annotated[int, msgspec.Meta(ge=0, le=1)]
_Small = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
_U32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
_Word = Annotated[int, msgspec.Meta(ge=-(2**63))]
_Digits = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,20}\n?$")]
_DigitsOrNone = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,20}\n?$")]
_CpuNumbers = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,4},)*([0-9]{1,4})?$")]
_Distances = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,5} )*([0-9]{1,5})?\n?$")]
_ByCpu = Annotated[list[_Number], msgspec.Meta(max_length=1024)]
_CpuSet = Annotated[list[_Cpu], msgspec.Meta(max_length=1024)]
_ByDsq = Annotated[list[_Number], msgspec.Meta(max_length=64)]
_Columns = Annotated[list[_Number], msgspec.Meta(max_length=256)]
_Stream = Annotated[str, msgspec.Meta(pattern=r"^(stdout|stderr)$")]
_How = Annotated[str, msgspec.Meta(pattern=r"^(exited|told|timeout)$")]
_Gaps = Annotated[list[_Number], msgspec.Meta(max_length=32)]
_Migrations = Annotated[list[_Number], msgspec.Meta(max_length=3)]
_LlcTimes = Annotated[list[_Number], msgspec.Meta(max_length=16)]
_Buckets = Annotated[list[_U32], msgspec.Meta(max_length=448)]

KINDS: Mapping[str, Mapping[str, Any]] = {
    "boot": {"release?": str, "version?": str, "cpus?": _Number, "memory?": _Number, "clocksource?": str},
    "cpu": {
        "cpu": _Cpu,
        "threads": _Cpus,
        "llc": _Cpus,
        "die_cpus?": _Cpus,
        "package_cpus?": _Cpus,
        "online?": _Flag,
    },
    "node": {"node": _Node, "cpus": _Cpus, "distances?": _Distances, "memory_kb?": _Number},
    "begin": {},
    "sched_start": {"t": _Number, "pid": _Small, "program?": str, "name?": str, "over?": _Flag},
    "watchdog": {"ms": _Number, "map?": str, "was?": _Number},
    "sched_log": {"text": str, "over?": _Flag},
    "sched_state": {
        "when": str,
        "state?": str,
        "ops?": str,
        "enable_seq?": _DigitsOrNone,
        "switch_all?": str,
        "nr_rejected?": _DigitsOrNone,
        "running": _Flag,
        "took_ns?": _Number,
    },
    "sched_exit": {"t": _Number, "status?": _Small, "signal?": _Small, "told?": _Flag, "over?": _Flag},
    "write": {"t": _Number, "map": str, "variable": str, "value": _Digits, "was": int, "bytes": _Number},
    "write_refused": {"map": str, "variable": str, "value": _Digits, "why": str, "wanted": str},
    "write_known": {"name": str},
    "global": {"t": _Number, "path": str, "value": _Word},
    "global_refused": {"path": str, "why": str},
    "global_known": {"name": str},
    "program_refused": {"name": str, "why": str},
    "file": {"t": _Number, "path": str, "text": str, "whole": _Flag},
    "program_ran": {
        "t": _Number,
        "name": str,
        "returned": _Small,
        "least?": _Small,
        "most?": _Small,
        "context": str,
    },
    "reloaded": {"attached?": _Number, "refused?": _Number},
    "phase": {"name": str},
    "op": {
        "t": _Number,
        "name": str,
        "words": str,
        "began_ns": _Number,
        "at_ns?": _Number,
        "errno?": _Small,
        "error?": str,
        "what?": str,
    },
    "moved": {"cgroup?": str, "to?": str, "tasks?": _Number},
    "cgroup_file": {"cgroup?": str, "file?": str, "text?": str},
    "hold": {"began_ns?": _Number, "asked_ns": _Number, "held_ns": _Number},
    "idle": {
        "from_ns": _Number,
        "until_ns": _Number,
        "cpus": list[_Cpu],
        "idle_ns": list[_Number],
    },
    "task": {"index?": _Number, "group?": str, "pid?": _Small, "process?": _Small, "cpus?": _Cpus},
    "worker": {
        "index": _U32,
        "cgroup": str,
        "kind": str,
        "wall_ns": _Number,
        "run_ns?": _Number,
        "wait_ns?": _Number,
        "slept_ns": _Number,
        "stopped_ns?": _Number,
        "gap_ns": _Number,
        "gap_at_ns?": _Number,
        "gaps?": _Gaps,
        "iterations": _Number,
        "counted?": _Number,
        "migrations": _Number,
        "cpus": _CpuNumbers,
        "ext?": _Small,
        "wait_status?": _Small,
        "ended?": _Flag,
    },
    "monitor": {
        "period_ns": Annotated[int, msgspec.Meta(ge=1)],
        "cpus": Annotated[int, msgspec.Meta(ge=1, le=1024)],
    },
    "monitor_dsqs": {"ids": _ByDsq, "more?": _Number},
    "monitor_column": {
        "column": Annotated[int, msgspec.Meta(ge=0, lt=256)],
        "source": str,
        "name": str,
        "signed?": _Flag,
    },
    "monitor_lacks": {"name": str, "why": str},
    "sample": {
        "at_ns": _Number,
        "running?": _ByCpu,
        "switches?": _ByCpu,
        "local?": _ByCpu,
        "idle?": _CpuSet,
        "claimable?": _CpuSet,
        "dsqs?": _ByDsq,
        "values?": _Columns,
        "missing?": _Columns,
    },
    "stats": {"text": str},
    "latency": {
        "index?": _U32,
        "pid?": _Small,
        "comm?": str,
        "policy?": _U32,
        "nice?": _Small,
        "kernel?": _Flag,
        "run_ns": _Number,
        "wait_ns": _Number,
        "woken_ns": _Number,
        "voluntary": _Number,
        "involuntary": _Number,
        "migrations?": _Migrations,
        "llc_ns?": _LlcTimes,
        **{
            f"{what}_most{unit}?": _Number
            for what in ("run", "wait", "woken", "idle")
            for unit in ("_ns", "_at_ns")
        },
        "idle_ns?": _Number,
        "idle_most_cpu?": _Number,
        "waiting_ns?": _Number,
        **{f"{what}?": _Buckets for what in ("run", "wait", "woken")},
    },
    "wasted": {"ns": _Number},
    "payload": {
        "name": str,
        "cgroup": str,
        "began_ns": _Number,
        "cpu_ns": _Number,
        "tasks": _U32,
        "runnable": _U32,
        "ended_ns?": _Number,
        "status?": _Small,
        "signal?": _Small,
        "how?": _How,
        "left?": _U32,
        "stdout_bytes?": _Number,
        "stderr_bytes?": _Number,
    },
    "payload_output": {"name": str, "stream": _Stream, "text": str, "lost?": _Number},
    "switches": {"count": _Number, "lost": _Number, "order": str},
    "flight": {"text": str, "cpu?": _Cpu},
    "perturbed": {
        "cpu": _Cpu,
        "at_ns": _Number,
        "ns": _Number,
        "began_ns?": _Number,
        "comm?": str,
        "pid?": _Small,
        "ran_ns?": _Number,
    },
    "progress": {"held_ns": _Number, "waiting?": _Number},
    "program": {
        "id?": _U32,
        "type": _U32,
        "tag": str,
        "name": str,
        "verified_insns": _Number,
        "fdinfo_insns": _Number,
        "xlated_bytes": _Number,
        "jited_bytes": _Number,
        "maps": list[_U32],
    },
    "map": {"id": _U32, "type?": _U32, "name?": str, "memory_bytes": _Number},
    "shell": {"status?": _Small},
    "dump": {"t": _Number, "why": str, "title?": str},
    "dump_data": {"id": _U32, "at": _U32, "data": _Base64},
    "dump_types": {"id": _U32, "at": _U32, "data": _Base64},
    "dump_object": {"id": _U32, "bytes": _U32, "whole": _Flag},
    "dump_map": {
        "id": _U32,
        "type": _U32,
        "name": str,
        "key_bytes": _U32,
        "value_bytes": _U32,
        "entries": _U32,
        "btf": _U32,
        "key_type": _U32,
        "value_type": _U32,
        "cpus": Annotated[int, msgspec.Meta(ge=0, le=8192)],
        "by": str,
        "count": _Number,
        "more": _Flag,
        "read": _Number,
        "bytes": _Number,
        "error?": str,
    },
    "dumped": {"maps?": _Number, "bytes?": _Number},
    "sched_dump": {"text": str},
    "kmsg": {"level": _Small, "at_ns": _Number, "text": str},
    "leftover": {"kind": str, "what": str},
    "error": {"where?": str, "what?": str},
    "end": {},
}
"""The fields of each kind with their types; a field with `?` may be missing. Every event has `ev` and `t`."""


def check_fields(event: Mapping[str, Any]) -> None:
    """Raise ValueError, with one line, for an event that lacks a field of its kind, or has one of another type.

    A kind that is not in KINDS is an operation's of the user: of it only the time is read here.
    """
    kind = event["ev"]
    try:
        msgspec.convert(event, _type(kind if kind in KINDS else ""), dec_hook=_check)
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from None


@cache
def _type(kind: str) -> type[msgspec.Struct]:
    fields: dict[str, Any] = {"t?": _Number, **KINDS.get(kind, {})}
    # What may be missing comes last, because it has a default.
    required = [(name, type) for name, type in fields.items() if not name.endswith("?")]
    optional = [
        (name[:-1], type | msgspec.UnsetType, msgspec.UNSET)
        for name, type in fields.items()
        if name.endswith("?") and name[:-1] not in fields
    ]
    return msgspec.defstruct(kind or "Event", [*required, *optional])


def _check(wanted: type, value: Any) -> object:
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
    if wanted is _Cpus:
        try:
            parse_cpu_list(value)
        except ValueError as error:
            raise ValueError(f"not a list of CPUs ({error})") from None
    elif not value.isascii():
        raise ValueError("not base64")
    return wanted()
