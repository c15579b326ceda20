"""Results that machines share: a job that one has run is not run by another, and never judged by something else."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from remote_server import Store, closed_midway, holding, one_byte_wrong, use
from test_vm_keys import QEMU
from vm_monitored import monitored, starts
from vm_stand_in import a_job

from ktstr.base import cache
from ktstr.base.remote.record import Blob, Record
from ktstr.base.remote.session import Counts, begin, last_session
from ktstr.toolchain.compiler import compile_static
from ktstr.vm.job import RunOptions
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.remembered import result_key
from ktstr.vm.result import VmResult
from ktstr.vm.run import run

ACCEL = Accel("tcg", "virtual", "a test")


class Machines:
    """Machines that share a store and a QEMU, each with a cache of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
        self.folder, self._monkeypatch, self._store = folder, monkeypatch, store
        self._runs = 0

    def run(self, name: str, *, write: bool = False, plan: str = "hold 1\n", fresh: bool = False) -> VmResult:
        """What machine `name` gets for the job."""
        self._monkeypatch.setenv("KTSTR_CACHE_DIR", str(self.folder / name))
        use(self._store, self._monkeypatch, write=write)
        begin(name)
        self._runs += 1
        where = self.folder / f"run-{self._runs}"
        return run(a_job(self.folder, plan=plan), ACCEL, where, RunOptions(fresh=fresh))

    @property
    def starts(self) -> list[str]:
        return starts(self.folder)


@pytest.fixture
def store() -> Iterator[Store]:
    with holding() as store:
        yield store


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> Machines:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path)))
    return Machines(tmp_path, monkeypatch, store)


def said(result: VmResult) -> tuple[object, ...]:
    return result.ending, result.why, result.events, result.console


def test_what_one_machine_has_run_another_does_not_boot(machines: Machines) -> None:
    first = machines.run("writer", write=True)
    booted = machines.starts
    second = machines.run("reader")
    assert machines.starts == booted
    assert said(second) == said(first)
    assert (second.start, second.command, second.events_sha256) == ("remembered", (), first.events_sha256)
    counts = last_session(cache.cache_dir())
    assert counts is not None
    assert (counts.hits, counts.misses) == (1, 0)
    assert list((cache.cache_dir() / "build").glob("*")) == []


def test_what_was_taken_is_remembered_here(machines: Machines, store: Store) -> None:
    machines.run("writer", write=True)
    machines.run("reader")
    asked = len(store.asked)
    machines.run("reader")
    assert len(store.asked) == asked


def test_a_fresh_run_asks_nobody(machines: Machines, store: Store) -> None:
    machines.run("writer", write=True)
    store.asked.clear()
    assert machines.run("reader", fresh=True).start == "clone"
    assert [one for one in store.asked if one.startswith("GET ac")] == []


def test_another_job_is_run(machines: Machines) -> None:
    machines.run("writer", write=True)
    assert machines.run("reader", plan="hold 2\n").start == "clone"


def test_a_machine_that_only_reads_writes_nothing(machines: Machines, store: Store) -> None:
    machines.run("reader")
    assert store.held == {}
    assert store.count("PUT") == store.count("HEAD") == 0


def test_no_path_of_a_machine_is_shared(machines: Machines, store: Store) -> None:
    machines.run("writer", write=True)
    assert len(store.of("ac")) == 1
    assert not [data for data in store.held.values() if str(machines.folder).encode() in data]


@pytest.mark.parametrize("fault", [one_byte_wrong, closed_midway])
def test_a_store_that_dies_or_lies_midway_changes_no_verdict(
    machines: Machines, store: Store, fault: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = [f"hold {number}\n" for number in range(1, 5)]
    first = [said(machines.run("writer", write=True, plan=plan)) for plan in plans]
    machines.run("reader", plan=plans[0])
    store.fault["GET cas"] = fault
    assert [said(machines.run("reader", plan=plan)) for plan in plans] == first
    assert f"ktstr: remote cache {store.url}: " in capsys.readouterr().err


def test_a_store_that_goes_away_changes_no_verdict(machines: Machines, store: Store) -> None:
    plans = [f"hold {number}\n" for number in range(1, 4)]
    first = [said(machines.run("writer", write=True, plan=plan)) for plan in plans]
    assert said(machines.run("reader", plan=plans[0])) == first[0]
    store.stop()
    assert [said(machines.run("reader", plan=plan)) for plan in plans] == first


def altered(store: Store, name: str, change: Callable[[bytes], bytes]) -> None:
    """Have the store hold another result, whose hashes are right."""
    ((path, data),) = store.of("ac").items()
    record = msgspec.json.decode(data, type=Record)
    files = []
    for blob in record.files:
        content = store.held[f"cas/{blob.sha256}"]
        content = change(content) if blob.path == name else content
        digest = hashlib.sha256(content).hexdigest()
        store.held[f"cas/{digest}"] = content
        files.append(Blob(blob.path, digest, len(content)))
    store.held[path] = msgspec.json.encode(msgspec.structs.replace(record, files=files))


def field(name: str, value: object) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps(json.loads(data) | {name: value}).encode()


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("events.jsonl", lambda _: b'{"ev":7}\n', "not a result: "),
        ("result.json", lambda data: data[:-1], "not a result: Input data was truncated"),
        ("result.json", field("ending", "timeout"), "not a result: Invalid enum value 'timeout'"),
        ("result.json", field("clock", "real"), "not a result: Invalid enum value 'real'"),
        ("result.json", field("wall_s", "1"), "not a result: Expected `float`, got `str`"),
        ("result.json", field("command", ["rm"]), "not a result: Expected `array` of length <= 0"),
        ("result.json", field("qemu_version", "9.9"), "the result of tcg of version 9.9"),
    ],
)
def test_a_result_that_makes_no_sense_is_left_out(
    machines: Machines,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    name: str,
    change: Callable[[bytes], bytes],
    why: str,
) -> None:
    first = machines.run("writer", write=True)
    altered(store, name, change)
    second = machines.run("reader")
    assert second.start == "clone"
    assert said(second) == said(first)
    line = capsys.readouterr().err
    assert line.startswith(f"ktstr: remote cache {store.url}: results/")
    assert f": {why}" in line
    assert line.endswith("; left out\n")


def test_a_result_that_no_guest_can_have_written_is_not_read(
    machines: Machines, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.run("writer", write=True)
    altered(store, "console.log", lambda _: b"x" * 4000)
    monkeypatch.setattr("ktstr.vm.shared_results.MOST_BYTES", 3999)
    assert machines.run("reader").start == "clone"
    assert "not a result: console.log is bigger than any; left out" in capsys.readouterr().err


def test_a_result_without_the_counts_that_are_wanted_is_run(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machines.run("writer", write=True)
    monkeypatch.setattr("ktstr.vm.run.files_of", lambda *_: ["counts-2.bin"])
    second = machines.run("reader")
    assert second.start == "clone"
    assert said(second) == said(first)


def test_a_result_without_its_events_is_left_out(machines: Machines, store: Store) -> None:
    machines.run("writer", write=True)
    ((path, data),) = store.of("ac").items()
    record = msgspec.json.decode(data, type=Record)
    kept = [blob for blob in record.files if blob.path != "events.jsonl"]
    store.held[path] = msgspec.json.encode(msgspec.structs.replace(record, files=kept))
    assert machines.run("reader").start == "clone"


def another_compiler(folder: Path) -> str:
    """gcc by another name and version, which makes other programs of a source that looks at OTHER."""
    script = folder / "othercc"
    script.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo "othercc (Other) 13.1.0"; exit; fi\nexec gcc -DOTHER=7 "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def a_source(folder: Path) -> Path:
    source = folder / "program.c"
    source.write_text("#ifndef OTHER\n#define OTHER 0\n#endif\nint main(void) { return OTHER; }\n")
    return source


def test_a_shared_key_does_not_depend_on_the_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path)

    def keys(compiler: str) -> tuple[str, str]:
        monkeypatch.setenv("CC", compiler)
        shared = result_key(QEMU, job, "tcg", cold=False, any_compiler=True)
        return result_key(QEMU, job, "tcg", cold=False), shared

    gcc, other = keys("gcc"), keys(another_compiler(tmp_path))
    assert gcc[0] != other[0]
    assert gcc[1] == other[1]


def test_a_shared_key_depends_on_the_emulator_and_the_job(tmp_path: Path) -> None:
    job = a_job(tmp_path)

    def key(qemu: Any = QEMU, job: Any = job) -> str:
        return result_key(qemu, job, "tcg", cold=False, any_compiler=True)

    changes = {"seed": 2}, {"memory_mb": 320}, {"plan": "hold 2\n"}
    others = [key(replace(QEMU, digest="another")), *(key(job=replace(job, **change)) for change in changes)]
    assert len({key(), *others}) == 5


def test_machines_agree_on_a_program_whatever_compiles_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    source, other = a_source(tmp_path), another_compiler(tmp_path)
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")

    def built(machine: str, compiler: str, *, write: bool = False) -> bytes:
        monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / machine))
        monkeypatch.setenv("CC", compiler)
        use(store, monkeypatch, write=write)
        return compile_static("program", [source]).read_bytes()

    first = built("a", "gcc", write=True)
    assert built("b", other) == first
    store.held.clear()
    assert built("c", other) != first
    assert built("b", other) == first, "what they once agreed on is kept"


def test_machines_agree_on_a_program_with_files_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """A header of the project counts, and neither where the project lies nor the system's headers."""
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "")
    (tmp_path / "ktstr").mkdir()
    source, other = a_source(tmp_path / "ktstr"), another_compiler(tmp_path)

    def built(machine: str, compiler: str, number: int, *, write: bool = False) -> bytes:
        project = tmp_path / machine / str(number)
        project.mkdir(parents=True)
        (project / "mine.h").write_text(f"#define MINE {number}\n")
        (project / "mine.c").write_text(
            '#include <stddef.h>\n#include "mine.h"\nint mine(void);\nint mine(void) { return MINE; }\n'
        )
        monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / machine / "cache"))
        monkeypatch.setenv("CC", compiler)
        use(store, monkeypatch, write=write)
        return compile_static("program", [source], outside=[project / "mine.c"]).read_bytes()

    first = built("a", "gcc", 1, write=True)
    assert built("b", other, 1) == first
    assert built("b", other, 2) != first


def test_without_a_remote_cache_each_compiler_makes_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source(tmp_path)
    monkeypatch.setenv("CC", "gcc")
    one = compile_static("program", [source])
    monkeypatch.setenv("CC", another_compiler(tmp_path))
    assert compile_static("program", [source]).read_bytes() != one.read_bytes()


def test_the_counts_of_a_session_are_those_of_its_processes(machines: Machines) -> None:
    machines.run("writer", write=True)
    counts = last_session(cache.cache_dir())
    assert counts is not None
    assert (counts.misses, counts.written, counts.off) == (1, 1, "")
    assert counts.written_bytes > 0
    assert counts != Counts()
