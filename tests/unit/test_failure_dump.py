"""The failure dump from recorded events: its values are bpftool's in the same guest, and damage gives no traceback."""

import base64
import copy
import gzip
import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpftool_json import BY_BPFTOOL, compare, said_by_bpftool

from ktstr.base.errors import KtstrError
from ktstr.events.dump import Dump, read_dump
from ktstr.events.event import Event
from ktstr.events.report import read_report
from ktstr.events.run_queues import read_run_queues
from ktstr.report.dump import dump_json, map_lines, run_queue_lines, write_dump
from ktstr.report.failure import failure_text
from ktstr.vm.result import parse_events

DATA = Path(__file__).parent / "data"
EVENTS = parse_events(gzip.decompress((DATA / "dump" / "maps-7.0.13.jsonl.gz").read_bytes()).decode())


def read(events: Sequence[Event]) -> Dump:
    dump = read_dump(events)
    assert dump is not None
    return dump


@cache
def recorded() -> Dump:
    return read(EVENTS)


def changed(**kinds: Any) -> list[Event]:
    """The recorded dump with changed fields in some kinds of events: `dump_map={"name": ...}`; None omits the kind."""
    events = []
    for event in copy.deepcopy(EVENTS):
        change = kinds.get(event["ev"], {})
        if change is not None:
            events.append(event | change)
    return events


@pytest.mark.parametrize("name", BY_BPFTOOL)
def test_values_are_those_of_bpftool(name: str) -> None:
    said = dict(zip(BY_BPFTOOL, said_by_bpftool(EVENTS), strict=False))
    compare(recorded().map(name), said[name])


def test_a_value_that_differs_is_noticed() -> None:
    """The comparison above can fail: it fails if one byte of a map changes."""
    events = changed()
    for event in events:
        if event["ev"] == "dump_data" and event["id"] == recorded().map("recent").id:
            data = bytearray(base64.b64decode(event["data"]))
            data[4] ^= 1
            event["data"] = base64.b64encode(data).decode()
    said = dict(zip(BY_BPFTOOL, said_by_bpftool(EVENTS), strict=False))
    with pytest.raises(AssertionError):
        compare(read(events).map("recent"), said["recent"])


def test_maps_have_their_names_and_types() -> None:
    dump = recorded()
    assert [(one.name, one.type, one.key_type, one.value_type) for one in dump.maps] == [
        (".bss", "array", "", ""),
        (".data", "array", "", ""),
        (".rodata", "array", "", ""),
        ("cgroup_slices", "cgrp_storage", "cgroup", "struct slice"),
        ("cpu_counts", "percpu_array", "", "struct cpu_count"),
        ("inner_map", "array", "", "struct slice"),
        ("ktstr_exit", "ringbuf", "", ""),
        ("notes", "hash", "struct task_key", "struct task_note"),
        ("numbers", "hash", "u32", "u64"),
        ("outer_map", "array_of_maps", "", "map id"),
        ("pages", "arena", "", ""),
        ("queues_by_kind_of_task", "percpu_hash", "enum task_kind", "u64"),
        ("recent", "lru_hash", "u32", "struct slice"),
        ("slots", "array", "", "u32"),
        ("task_notes", "task_storage", "task", "struct task_note"),
        ("waiting", "queue", "", ""),
    ]
    with pytest.raises(KtstrError, match=r"no map 'note' in the dump; must be one of \.bss, \.data, "):
        dump.map("note")


def test_a_large_map_is_truncated_and_counted() -> None:
    numbers = recorded().map("numbers")
    assert (numbers.count, numbers.more, numbers.read, len(numbers.elements)) == (9000, False, 5462, 5462)
    assert "numbers  (hash, u32 -> u64): 9000 of 10000, the first 5462 read" in map_lines(recorded())


def test_a_variable_is_found_by_its_name() -> None:
    rodata = recorded().map(".rodata")
    assert rodata.variable("most_notes") == 64
    with pytest.raises(
        KtstrError, match=r"\.rodata has no variable 'most'; it has compiled, most_notes, fail_after"
    ):
        rodata.variable("most")
    with pytest.raises(KtstrError, match=r"waiting has no variable 'x'; it has none"):
        recorded().map("waiting").variable("x")


def test_an_unknown_variable_says_why() -> None:
    cut = read(changed(dump_map={"bytes": 4}))
    with pytest.raises(KtstrError, match=r"\.rodata: most_notes: a value that ends at byte \d+ of 4"):
        cut.map(".rodata").variable("most_notes")


def test_a_run_without_a_dump_has_none() -> None:
    assert read_dump(changed(dump=None)) is None


def test_an_incomplete_dump_says_so() -> None:
    dump = read([event for event in EVENTS if event["ev"] != "dumped"])
    assert not dump.complete
    assert map_lines(dump)[-1] == "(the guest ended before it had reported all)"


def test_too_many_types_are_reported_and_values_are_raw_bytes() -> None:
    dump = read(changed(dump_object={"whole": 0}, dump_types=None))
    recent = dump.map("recent")
    assert recent.unread.startswith("its types are not known: their BTF has ")
    assert all(element.problem and len(element.raw) == 2 * (4 + 8) for element in recent.elements)
    assert any(line.startswith("recent  (lru_hash): ") for line in map_lines(dump))


def test_damaged_types_are_reported() -> None:
    dump = read(changed(dump_types={"data": base64.b64encode(b"no types").decode()}))
    assert dump.map("recent").unread == "BTF cannot be read: it begins with 0x6f6e"


def test_a_map_that_could_not_be_read_says_why() -> None:
    dump = read(changed(dump_map={"error": "Operation not permitted", "read": 0, "bytes": 0}, dump_data=None))
    assert (
        "notes  (hash, struct task_key -> struct task_note): not read: Operation not permitted"
        in map_lines(dump)
    )


def test_a_map_of_an_unknown_type_has_its_number() -> None:
    dump = read(changed(dump_map={"type": 99, "by": "none", "bytes": 0, "read": 0}))
    line = "recent  (type 99, u32 -> struct slice): not read: ktstr does not know maps of this type"
    assert line in map_lines(dump)


@pytest.mark.parametrize("seed", range(50))
def test_altered_events_give_a_dump(seed: int) -> None:
    """With altered types, values or descriptions of maps, other values are read, or a message says what is wrong."""
    chance = random.Random(seed)
    numbers = recorded().map("numbers").id  # large, and all of a kind
    events = [event for event in changed() if event["ev"].startswith("dump") and event.get("id") != numbers]
    for event in chance.sample(events[1:-1], 6):
        if "data" in event:
            data = bytearray(base64.b64decode(event["data"]))
            for _ in range(chance.randint(1, 16)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            event["data"] = base64.b64encode(data[: chance.randint(1, len(data))]).decode()
        else:
            for name in chance.sample(sorted(event), 3):
                if isinstance(event[name], int):
                    event[name] = chance.choice([0, 1, 2**32 - 1, chance.getrandbits(chance.randint(1, 32))])
    dump = read(events)
    json.dumps(dump_json(dump, {}), allow_nan=False)
    assert all(len(line) <= 120 for line in map_lines(dump))


def test_the_terminal_shows_nonzero_values_within_bounds() -> None:
    lines = map_lines(recorded())
    assert lines[0] == ".bss"
    assert any(line.strip() == "(zero: never_written)" for line in lines)
    assert not any("ktstr_format" in line for line in lines), "a function's text is of no interest"
    assert "ktstr_exit  (ringbuf): not read: reading a record removes it" in lines
    assert any(line.startswith("  KIND_USER    [") and "  sum " in line for line in lines)
    assert len(lines) <= 121
    assert max(map(len, lines)) <= 120


def test_a_failure_text_shows_the_maps_and_the_run_queues() -> None:
    kernel = [{"ev": "sched_dump", "t": 0, "text": line} for line in kernel_text("sysrq-7.0.13")]
    text = failure_text(
        "crash", [], read_report(EVENTS), "", dump=read([*kernel, *EVENTS]), dump_file=Path("/x.json")
    )
    queues, maps = text.partition("--- run queues ---\n")[2].split("\n\n--- maps ---\n")
    assert queues.endswith("waiting in 0x0: 5, local 3: 1")
    assert maps.startswith(".bss\n  nr_queued")
    assert maps.endswith("\n(all of it: /x.json)")


def test_the_json_is_written_beside_the_sidecar(tmp_path: Path) -> None:
    path = write_dump(recorded(), tmp_path / "crash-7.0-12345678.json", 2, {"test": "crash", "run": 2})
    assert path == tmp_path / "crash-7.0-12345678.run-2.dump.json"
    data = json.loads(path.read_text(encoding="ascii"))
    assert (data["schema"], data["test"], data["run"], data["why"], data["complete"]) == (
        1,
        "crash",
        2,
        "asked",
        True,
    )
    by_name = {one["name"]: one for one in data["maps"]}
    assert by_name[".rodata"]["variables"][1] == {"name": "most_notes", "type": "u32", "value": 64}
    assert by_name["waiting"]["unread"] == "reading an element removes it"
    counts = by_name["cpu_counts"]
    assert (counts["count"], counts["read"], counts["zeros"]) == (2, 2, 0)
    assert [len(element["values"]) for element in counts["elements"]] == [4, 4]
    assert data["run_queues"] is None


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match="the failure dump cannot be written: No such file"):
        write_dump(recorded(), tmp_path / "gone" / "crash.json", 1, {})


# The kernel's own dump


def kernel_text(name: str) -> list[str]:
    return (DATA / "run-queues" / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "running", "depths"),
    [
        ("sysrq-6.18.15", [3, 2, 3, 3], {"0x0": 6, "local 3": 1}),
        ("sysrq-7.0.13", [2, 3, 3, 2], {"0x0": 5, "local 3": 1}),
        ("sysrq-7.3.4", [3, 3, 3, 3], {"0x0": 8}),
        ("error-7.0.13", [2, 2, 2, 3], {"global": 5}),
        ("error-7.3.4", [3, 3, 2, 2], {"global": 6}),
    ],
)
def test_run_queues_in_the_kernels_text(name: str, running: list[int], depths: dict[str, int]) -> None:
    queues = read_run_queues(kernel_text(name))
    assert queues is not None
    assert [cpu.cpu for cpu in queues.cpus] == [0, 1, 2, 3]
    assert [cpu.nr_running for cpu in queues.cpus] == running
    assert all(len(cpu.tasks) == cpu.nr_running for cpu in queues.cpus)
    assert all([task.runs for task in cpu.tasks].count(True) == 1 for cpu in queues.cpus)
    assert queues.depths == depths
    assert queues.counters["SCX_EV_BYPASS_ACTIVATE"] == 1


def test_a_task_in_a_run_queue() -> None:
    queues = read_run_queues(kernel_text("sysrq-7.0.13"))
    assert queues is not None
    current, waiting = queues.cpus[0].tasks
    assert (queues.cpus[0].current, queues.cpus[0].current_class) == ("ktstr-w0[135]", "ext")
    assert (current.comm, current.pid, current.runs, current.queue) == ("ktstr-w0", 135, True, "")
    assert (waiting.comm, waiting.pid, waiting.waits_ms, waiting.queue) == ("ktstr-w4", 139, 4, "0x0")
    assert waiting.fields["slice"] == "5000000"
    assert waiting.backtrace == ("asm_sysvec_apic_timer_interrupt+0x1a/0x20",)
    assert run_queue_lines(queues) == [
        "CPU  runnable  running        class  waiting",
        "  0         2  ktstr-w0[135]  ext    ktstr-w4[139] 4 ms in 0x0",
        "  1         3  ktstr-w7[142]  ext    ktstr-w8[143] 12 ms in 0x0, ktstr-w1[136] 4 ms in 0x0",
        "  2         3  ktstr-w2[137]  ext    ktstr-w5[140] 12 ms in 0x0, ktstr-w3[138] 4 ms in 0x0",
        "  3         2  tdump[144]     ext    ktstr-w6[141] 12 ms in local",
        "waiting in 0x0: 5, local 3: 1",
    ]


def test_other_text_has_no_run_queues() -> None:
    assert read_run_queues([]) is None
    assert read_run_queues(["attached maps", "CPU 3 : nr_run=many flags", " *R x[1] -3ms"]) is None


@pytest.mark.parametrize("seed", range(20))
def test_an_altered_text_gives_run_queues_or_none(seed: int) -> None:
    chance = random.Random(seed)
    lines = kernel_text("error-7.3.4")
    for _ in range(40):
        at = chance.randrange(len(lines))
        line = lines[at]
        cut = chance.randint(0, len(line))
        lines[at] = chance.choice([line[:cut], line[cut:], line + line, chance.choice(lines)])
    queues = read_run_queues(lines)
    assert queues is None or run_queue_lines(queues)


def test_a_dump_has_the_run_queues_that_the_kernel_reported() -> None:
    kernel = [{"ev": "sched_dump", "t": 0, "text": line} for line in kernel_text("error-7.3.4")]
    dump = read([*kernel, *EVENTS])
    assert dump.run_queues == read_run_queues(kernel_text("error-7.3.4"))
    assert dump_json(dump, {})["run_queues"]["depths"] == {"global": 6}
