"""The failure dump: the contents of a scheduler's maps after its exit, decoded from the bytes that the agent read."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.events.btf.names import find_section, type_name
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.types import Btf, Section, Var
from ktstr.events.btf.values import Value, Variable, decode, decode_section
from ktstr.events.event import Event
from ktstr.events.run_queues import RunQueues, read_run_queues

__all__ = ["Dump", "Element", "MapDump", "joined", "read_dump", "read_snapshots"]

# libbpf's names of map types, by the kernel's number (enum bpf_map_type in include/uapi/linux/bpf.h).
# fmt: off
_TYPES = (
    "unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array",
    "stack_trace", "cgroup_array", "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps",
    "hash_of_maps", "devmap", "sockmap", "cpumap", "xskmap", "sockhash", "cgroup_storage",
    "reuseport_sockarray", "percpu_cgroup_storage", "queue", "stack", "sk_storage", "devmap_hash",
    "struct_ops", "ringbuf", "inode_storage", "task_storage", "bloom_filter", "user_ringbuf",
    "cgrp_storage", "arena", "insn_array", "rhash",
)
# fmt: on
_UNREADABLE = {
    "perf_event_array": "its values are open perf events",
    "cgroup_array": "its values are open cgroups",
    "queue": "reading an element removes it",
    "stack": "reading an element removes it",
    "sk_storage": "its values belong to sockets, which cannot be listed",
    "inode_storage": "its values belong to inodes, which cannot be listed",
    "struct_ops": "it holds the scheduler's callbacks, not data",
    "ringbuf": "reading a record removes it",
    "user_ringbuf": "its records go from the scheduler's program to its BPF programs",
    "bloom_filter": "its elements cannot be listed",
    "arena": "its memory can be mapped only at the address that the scheduler's program uses",
}
# What the values of a map that holds other objects are, if the map has no types.
_HOLDERS = {"array_of_maps": "map id", "hash_of_maps": "map id", "prog_array": "program id"}
_NAME_BYTES = 15  # the kernel keeps this much of an object's name
_TASK = struct.Struct("<I16s")
_CGROUP_BYTES = 64
# The agent's limits for one map (map.c): it sends no more. Most of so many bytes are zeros, which it does not send.
_MOST_ELEMENTS = 8192
_MOST_BYTES = 32 * 2**20
_MOST_IN_ALL = 8 * _MOST_BYTES


@dataclass(frozen=True)
class Element:
    """An element of a map."""

    key: Value
    """Its key: a number for an array, `comm[pid]` for task storage, a cgroup's name for cgroup storage."""
    value: Value
    """Its value; for a per-CPU map, the list of the values of all CPUs."""
    problem: str = ""
    """Why it could not be decoded; empty if it could."""
    raw: str = ""
    """All its bytes in hexadecimal, if there is a problem."""


@dataclass(frozen=True)
class MapDump:
    """A map and its contents. A map of global variables, such as `.bss`, has `variables` instead of `elements`."""

    name: str
    """Its name in the source; for global variables, the name of their section."""
    id: int
    """The kernel's id of it."""
    type: str
    """libbpf's name of its type, such as `percpu_hash`."""
    key_type: str
    """The type of its keys, as written in C; empty if unknown."""
    value_type: str
    """The type of its values, as written in C; empty if unknown."""
    max_entries: int
    """How many elements it can hold."""
    per_cpu: bool
    """Whether each element has a value for each CPU."""
    count: int
    """How many elements it had."""
    more: bool
    """Whether it had more elements than were counted."""
    read: int
    """How many elements were read."""
    zeros: int = 0
    """For an array, how many of the read elements are all zero; `elements` leaves them out."""
    elements: tuple[Element, ...] = ()
    """The elements that were read, sorted by key."""
    variables: tuple[Variable, ...] = ()
    """The global variables."""
    unread: str = ""
    """Why it was not read, or not completely; empty if it was."""

    def variable(self, name: str) -> Value:
        """The value of global variable `name`; KtstrError if there is no such variable, or its value is unknown."""
        for one in self.variables:
            if one.name == name and one.problem:
                raise KtstrError(f"{self.name}: {name}: {one.problem}")
            if one.name == name:
                return one.value
        known = ", ".join(one.name for one in self.variables) or "none"
        raise KtstrError(f"{self.name} has no variable {name!r}; it has {known}")


@dataclass(frozen=True)
class Dump:
    """The maps of a scheduler at one moment."""

    why: str
    """`exit` if the scheduler had left, `asked` if the test asked for the dump, `snapshot` if a step did."""
    at_ns: int
    """When it was made: the guest's CLOCK_MONOTONIC in ns."""
    complete: bool
    """False if the guest ended before it had sent everything."""
    maps: tuple[MapDump, ...]
    """The maps: those of global variables first, then the others by name."""
    run_queues: RunQueues | None = None
    """The run queues in the kernel's debug dump; None if there was no dump."""
    title: str = ""
    """What the scenario calls it, if it is a snapshot."""
    phase: str = ""
    """The phase in which it was made; empty before the first one, or without steps."""

    def map(self, name: str) -> MapDump:
        """The map called `name`; KtstrError, which lists the names, if there is none."""
        for one in self.maps:
            if one.name == name:
                return one
        raise KtstrError(
            f"no map {name!r} in the dump; must be one of {', '.join(one.name for one in self.maps)}"
        )


def read_dump(events: Sequence[Event]) -> Dump | None:
    """The last dump among a guest's events that is no snapshot; None if there is none."""
    begins = (i for i in reversed(range(len(events))) if _is_dump(events[i], snapshot=False))
    begin = next(begins, None)
    return None if begin is None else _dump(events, begin)


def read_snapshots(events: Sequence[Event]) -> tuple[Dump, ...]:
    """The snapshots among a guest's events, in order."""
    return tuple(_dump(events, i) for i, event in enumerate(events) if _is_dump(event, snapshot=True))


def _is_dump(event: Event, *, snapshot: bool) -> bool:
    return event.get("ev") == "dump" and (event["why"] == "snapshot") == snapshot


def _dump(events: Sequence[Event], begin: int) -> Dump:
    end = next((i for i in range(begin + 1, len(events)) if events[i].get("ev") == "dump"), len(events))
    sent = events[begin:end]
    phases = [event["name"] for event in events[:begin] if event.get("ev") == "phase"]
    types = joined(sent, "dump_types")
    objects = {
        event["id"]: _types(event, types.get(event["id"], bytearray()))
        for event in sent
        if event.get("ev") == "dump_object"
    }
    contents = joined(sent, "dump_data")
    maps = [
        _map(event, bytes(contents.get(event["id"], b"")), objects.get(event["btf"]))
        for event in sent
        if event.get("ev") == "dump_map"
    ]
    # The kernel's debug dump comes from its tracepoint, or from a scheduler's program that prints it.
    kernel = [event["text"] for event in events if event.get("ev") == "sched_dump"]
    log = [event["text"] for event in events if event.get("ev") == "sched_log"]
    return Dump(
        why=sent[0]["why"],
        at_ns=sent[0]["t"],
        complete=any(event.get("ev") == "dumped" for event in sent),
        maps=tuple(sorted(maps, key=lambda one: (not one.name.startswith("."), one.name, one.id))),
        run_queues=None if sent[0]["why"] == "snapshot" else read_run_queues(kernel) or read_run_queues(log),
        title=sent[0].get("title", ""),
        phase=phases[-1] if phases else "",
    )


def joined(events: Sequence[Event], kind: str) -> dict[int, bytearray]:
    """The bytes that events of `kind` carry, by the id of their object; bytes that were not sent are zero.

    What goes beyond the limits of an agent, for one object or for all, is left out.
    """
    streams: dict[int, bytearray] = {}
    left = _MOST_IN_ALL
    for event in events:
        if event.get("ev") != kind:
            continue
        try:
            data = base64.b64decode(event["data"], validate=True)
        except binascii.Error:  # cut off with its guest
            continue
        stream, at = streams.setdefault(event["id"], bytearray()), event["at"]
        more = max(0, at + len(data) - len(stream))
        if at + len(data) > _MOST_BYTES or more > left:
            continue
        left -= more
        stream.extend(bytes(more))
        stream[at : at + len(data)] = data
    return streams


@dataclass(frozen=True)
class _Types:
    """The types of a BPF object, or why there are none."""

    btf: Btf
    problem: str = ""


_NONE = _Types(Btf(()))  # for a map whose object has no BTF


def _types(event: Event, data: bytearray) -> _Types:
    size = event["bytes"]
    if not event["whole"] or size > _MOST_BYTES:
        return _Types(
            _NONE.btf, f"its types are not known: their BTF has {size} bytes, more than the agent sends"
        )
    try:
        return _Types(read_btf(bytes(data).ljust(size, b"\0")))
    except KtstrError as error:
        return _Types(_NONE.btf, str(error))


def _map(event: Event, data: bytes, types: _Types | None) -> MapDump:
    number = event["type"]
    type = _TYPES[number] if number < len(_TYPES) else f"type {number}"
    layout = _Layout(event, type, types or _NONE)
    data = data[: event["bytes"]].ljust(min(event["bytes"], _MOST_BYTES), b"\0")
    unread = event.get("error", "")
    if event["by"] == "none":
        unread = unread or _UNREADABLE.get(type, "ktstr does not know maps of this type")
    elif layout.types.problem:
        unread = unread or layout.types.problem
    section = layout.section
    elements, zeros = ([], 0) if section else layout.elements(data, min(event["read"], _MOST_ELEMENTS))
    return MapDump(
        name=layout.name,
        id=event["id"],
        type=type,
        key_type="" if section else layout.key_type,
        value_type="" if section else layout.value_type,
        max_entries=event["entries"],
        per_cpu=layout.per_cpu,
        count=event["count"],
        more=bool(event["more"]),
        read=event["read"],
        zeros=zeros,
        elements=tuple(elements),
        variables=decode_section(layout.types.btf, section, data)
        if section and event["by"] != "none"
        else (),
        unread=unread,
    )


class _Layout:
    """How a map's elements lie in the bytes that the agent sent, and what their types are."""

    def __init__(self, event: Event, type: str, types: _Types) -> None:
        self.types = types
        self.per_cpu = event["cpus"] > 0
        self._type = type
        self._by = event["by"]
        self._cpus: int = event["cpus"] or 1
        self._name = event["name"]
        self._key_number, self._value_number = event["key_type"], event["value_type"]
        sizes: dict[str, int] = {
            "index": 0,
            "key": event["key_bytes"],
            "task": _TASK.size,
            "cgroup": _CGROUP_BYTES,
        }
        self._key_bytes = sizes.get(self._by, 0)
        self._value_bytes: int = event["value_bytes"]
        self._step = (self._value_bytes + 7) // 8 * 8 if self.per_cpu else self._value_bytes

    @property
    def section(self) -> int | None:
        """The section whose variables the map holds, or None if it holds elements."""
        is_section = isinstance(self._known(self._value_number), Section)
        return self._value_number if is_section and self._by in ("index", "none") else None

    @property
    def name(self) -> str:
        """The map's name in its source, which the kernel may have truncated; for globals, the name of their section."""
        section = self._known(self._value_number)
        if isinstance(section, Section):
            return section.name
        if len(self._name.encode()) < _NAME_BYTES or (maps := find_section(self.types.btf, ".maps")) is None:
            return str(self._name)
        declared = self.types.btf.types[maps]
        variables = declared.variables if isinstance(declared, Section) else ()
        names = {var.name for one in variables if isinstance(var := self.types.btf.types[one.type], Var)}
        whole = [name for name in names if name.encode()[:_NAME_BYTES] == self._name.encode()]
        return whole[0] if len(whole) == 1 else str(self._name)

    @property
    def key_type(self) -> str:
        """The type of the map's keys."""
        return {"index": "", "task": "task", "cgroup": "cgroup"}.get(
            self._by, self._type_name(self._key_number)
        )

    @property
    def value_type(self) -> str:
        """The type of the map's values."""
        return self._type_name(self._value_number) or _HOLDERS.get(self._type, "")

    def elements(self, data: bytes, count: int) -> tuple[list[Element], int]:
        """The first `count` elements, sorted by key. The zero elements of an array are only counted."""
        elements: list[Element] = []
        zeros = 0
        for i, (key, value) in enumerate(self._split(data, count)):
            if self._by == "index" and not any(value):
                zeros += 1
                continue
            try:
                elements.append(Element(self._key(i, key), self._values(value)))
            except KtstrError as error:
                name = i if self._by == "index" else None
                elements.append(Element(name, None, str(error), (key + value).hex()))
        return sorted(elements, key=lambda one: _order(one.key)), zeros

    def _split(self, data: bytes, count: int) -> Iterator[tuple[bytes, bytes]]:
        size = self._key_bytes + self._step * self._cpus
        for at in range(0, min(count * size, len(data) - size + 1) if size else 0, size or 1):
            yield data[at : at + self._key_bytes], data[at + self._key_bytes : at + size]

    def _key(self, index: int, data: bytes) -> Value:
        if self._by == "index":
            return index
        if self._by == "task":
            pid, comm = _TASK.unpack(data)
            return f"{_text(comm)}[{pid}]"
        if self._by == "cgroup":
            return _text(data)
        return self._decoded(self._key_number, data)

    def _values(self, data: bytes) -> Value:
        """The value, or the values of all CPUs."""
        if not self.per_cpu:
            return self._value(data)
        return [self._value(data[cpu * self._step :][: self._value_bytes]) for cpu in range(self._cpus)]

    def _value(self, data: bytes) -> Value:
        if self._type in _HOLDERS and not self._value_number:
            return int.from_bytes(data, "little")
        return self._decoded(self._value_number, data)

    def _decoded(self, number: int, data: bytes) -> Value:
        if not number:
            # The object has no types for this map. Bytes of an integer's size are most likely an integer.
            return int.from_bytes(data, "little") if len(data) in (1, 2, 4, 8) else data.hex()
        if self._known(number) is None:
            raise KtstrError(f"its type, number {number}, is not known")
        return decode(self.types.btf, number, data)

    def _known(self, number: int) -> object:
        types = self.types.btf.types
        return types[number] if 0 < number < len(types) else None

    def _type_name(self, number: int) -> str:
        return type_name(self.types.btf, number) if self._known(number) is not None else ""


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode(errors="replace")


def _order(key: Value) -> tuple[int, Any]:
    """The sort key of an element's key: numbers come first, in numerical order; all else is sorted as text."""
    return (0, key) if isinstance(key, int) else (1, str(key))
