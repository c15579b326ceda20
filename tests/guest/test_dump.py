"""The failure dump: it agrees with bpftool about a scheduler's maps, and a replayed crash leaves the same dump."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bpftool_json import BY_BPFTOOL, compare, said_by_bpftool

from ktstr import Bursty, CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test
from ktstr.checks.verdict import VerdictFailed
from ktstr.events.dump import read_dump
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import base_files, program_files
from ktstr.run.program import scheduler_program
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.dump import Dump
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.run import Run
from ktstr.scenario.operations.scheduler import StartScheduler
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.operations.unregister import Unregister
from ktstr.scenario.plan import plan_of
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.accel import probe
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

SOURCE = Path(__file__).parent / "bpf" / "maps.bpf.c"
NS = 1_000_000_000
MAPS = declare_scheduler(name="maps", bpf=SOURCE, topology=(1, 1, 4, 1))


def in_guest(ctx: Ctx, folder: Path, bpftool: Path) -> VmResult:
    """The scheduler runs and leaves, bpftool dumps its maps, the agent does, and bpftool again: by then nothing runs
    that writes to them."""
    scheduler = scheduler_program(MAPS, ctx.kernel, ())
    tool = "/ktstr/bin/bpftool"
    dumps = [Run(5 * NS, (tool, "-j", "map", "dump", "name", name)) for name in BY_BPFTOOL.values()]
    accel = probe()
    job = VmJob(
        kernel=ctx.kernel,
        topology=ctx.topology,
        memory_mb=512,
        files=tuple(base_files(build_agent(), ctx.kernel.config, ctx.kernel.release)),
        payload=(*scheduler.files, *program_files(bpftool, tool, "dumps maps")),
        plan=plan_of(
            [
                StartScheduler(30 * NS, scheduler.command),
                AddCgroup("cg"),
                Spawn("cg", 6, Bursty(burst_ms=5, sleep_ms=3)),
                HoldFor(300_000_000),
                Unregister(),
                *dumps,
                Dump(),
                *dumps,
            ],
            ctx.topology,
        ),
        clock=accel.clock,
        seed=1,
    )
    return run(job, accel, folder)


@ktstr_test(scheduler=MAPS)
def dump_agrees_with_bpftool(ctx: Ctx, tmp_path: Path) -> None:
    found = shutil.which("bpftool", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip("bpftool is not installed")
    result = in_guest(ctx, tmp_path / "run", Path(found))
    assert result.ending is Ending.DONE, result.why
    said = said_by_bpftool(result.events)
    before, after = said[: len(BY_BPFTOOL)], said[len(BY_BPFTOOL) :]
    assert before == after, "something still wrote to the maps"
    dump = read_dump(result.events)
    assert dump is not None
    assert dump.complete
    assert (dump.why, len(dump.maps)) == ("asked", 16)
    for name, theirs in zip(BY_BPFTOOL, before, strict=True):
        compare(dump.map(name), theirs)

    # The run has set these, so there was something to compare.
    notes = dump.map("notes")
    assert notes.count >= 6
    assert all(isinstance(element.value, dict) and element.value["flags"] for element in notes.elements)
    assert len(dump.map("cpu_counts").elements) == 2

    # What bpftool cannot show, or only at length.
    numbers, slots, tasks = dump.map("numbers"), dump.map("slots"), dump.map("task_notes")
    assert numbers.count == 9000
    assert 5000 < numbers.read == len(numbers.elements) < 9000
    assert all(isinstance(one.key, int) and one.value == one.key**2 for one in numbers.elements)
    assert (slots.count, slots.read) == (10_000, 8192)
    assert slots.zeros + len(slots.elements) == slots.read
    assert tasks.key_type == "task"
    known = [element.value for element in notes.elements]
    assert tasks.elements
    assert all(element.value in known for element in tasks.elements)
    assert dump.map("outer_map").elements[0].value == dump.map("inner_map").id
    assert dump.map("waiting").unread == "reading an element removes it"
    groups = dump.map("cgroup_slices")
    assert groups.key_type == "cgroup"
    weighed = {"ms": 100, "bonus": 0, "yields": False}
    assert [(group.key, group.value) for group in groups.elements] == [("/", weighed), ("cg", weighed)]


@ktstr_test(scheduler=MAPS)
def run_that_asks_has_a_dump(ctx: Ctx) -> None:
    report = ctx.run(CgroupDef("cg", 6), hold_s=0.1, dump=True)
    assert report.passed
    assert report.dump is not None
    assert (report.dump.why, report.dump.complete) == ("asked", True)
    counted = [report.dump.map(".bss").variable(name) for name in ("nr_queued", "nr_idle")]
    assert all(isinstance(count, int) and count > 0 for count in counted)
    assert ctx.run(CgroupDef("cg", 6), hold_s=0.1).dump is None


@ktstr_test(scheduler=MAPS)
def verdict_that_fails_has_a_dump_though_the_scheduler_stays(ctx: Ctx) -> None:
    """It comes from a second run, which is the same up to the end of the hold; the first run is as if it had passed."""
    runs = {}
    for wanted in (True, False):
        test = replace(ctx.test, auto_repro=wanted)
        guest = Ctx(test, ctx.kernel, "virtual", ctx.seed, ctx.artifacts / str(wanted))
        with pytest.raises(VerdictFailed, match="max_gap_ms") as failed:
            guest.run(CgroupDef("cg", 12), hold_s=0.2, checks=Checks(max_gap_ms=4))
        runs[wanted] = guest.runs[0], str(failed.value)
    record, text = runs[True]
    again: Any = record["repro"]
    assert (again["more"], again["outcome"]) == ("dump", "identical")
    assert (
        "--- maps ---\n(read at the end of the hold, by a second run that is the same up to there)\n.bss\n"
        in text
    )
    assert "--- auto-repro ---" not in text
    file = json.loads((ctx.artifacts / str(record["dump"])).read_text())
    assert (file["why"], file["again"], file["complete"]) == ("asked", True, True)
    plain, told = runs[False]
    assert (plain["repro"], plain["dump"]) == (None, None)
    assert "--- maps ---" not in told
    taken: list[Any] = [record["vms"], plain["vms"]]
    # The run, one that looks where the worker waited, and one that dumps the maps; or the run alone.
    assert [vms["cloned"] + vms["remembered"] for vms in taken] == [3, 1]


SUITE = f"""
from ktstr import Bursty, CgroupDef, declare_scheduler, ktstr_test

FAILS = declare_scheduler(name="fails", bpf={str(SOURCE)!r}, topology=(1, 1, 4, 1), rodata={{"fail_after": 40}})

@ktstr_test(scheduler=FAILS)
def crash(ctx):
    ctx.run(CgroupDef("cg", 6))
"""


def run_python(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)


@ktstr_test()
def replay_of_a_crash_leaves_the_same_dump(ctx: Ctx, tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    pytest_ = ("-m", "pytest", "-p", "no:cacheprovider", "--clock", "virtual", "--fresh")
    first = run_python(tmp_path, *pytest_, "--kernel", ctx.kernel.version)
    assert first.returncode == 1, first.stdout
    (path,) = (tmp_path / "target" / "ktstr").glob("*/crash-*.dump.json")
    dump = json.loads(path.read_text())
    assert (dump["test"], dump["run"], dump["why"], dump["complete"]) == ("crash", 1, "exit", True)
    bss = next(one for one in dump["maps"] if one["name"] == ".bss")
    queued = next(variable["value"] for variable in bss["variables"] if variable["name"] == "nr_queued")
    assert queued >= 40
    assert f"  nr_queued  {queued}\n" in first.stdout.partition("--- maps ---")[2]
    assert f"(all of it: {path.resolve()})" in first.stdout.replace("\n", "")

    sidecar = path.with_name(path.name.replace(".run-1.dump", ""))
    assert json.loads(sidecar.read_text())["runs"][0]["dump"] == path.name
    replay = run_python(tmp_path, "-c", "from ktstr.tasks import main; main()", "replay", str(sidecar))
    assert replay.returncode == 1, replay.stdout
    assert replay.stdout.endswith("replay: identical, event by event\nreplay: run 1: the same failure dump\n")
    (again,) = (tmp_path / "target" / "ktstr").glob("*-replay/crash-*.dump.json")
    assert again.read_text() == path.read_text()
