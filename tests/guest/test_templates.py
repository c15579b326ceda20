"""A job starts as a clone of a booted guest, and its results do not show that.

Tests that destroy templates have a cache of their own, with the user's kernels and programs.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from ktstr import CgroupDef, Ctx, KtstrError, declare_scheduler, ktstr_test
from ktstr.base.cache import cache_dir, entries
from ktstr.base.topology import Topology
from ktstr.checks.verdict import RunReport
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import Packed, base_files, program_files
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu import process
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.process import Process
from ktstr.vm.result import Ending
from ktstr.vm.run import run

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
CLONED = declare_scheduler(name="cloned", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 2, 1))
FRESH = RunOptions(fresh=True)


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache without templates and results, and otherwise the user's."""
    theirs, ours = cache_dir(), tmp_path / "cache"
    ours.mkdir()
    for folder in theirs.iterdir():
        if folder.name not in ("templates", "results"):
            (ours / folder.name).symlink_to(folder)
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(ours))
    return ours


def half_a_second(ctx: Ctx, folder: Path, clock: str = "virtual") -> RunReport:
    """Three workers on two CPUs, run even if a result is remembered."""
    again = Ctx(ctx.test, ctx.kernel, clock, seed=3, artifacts=folder, options=FRESH)
    # On a busy host the real clock is not fair to anybody.
    return again.run(CgroupDef("cg", workers=3), hold_s=0.5, check=clock == "virtual")


@contextmanager
def busy_cores() -> Iterator[None]:
    """A process that never waits on every core of the host."""
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@ktstr_test(scheduler=CLONED)
def clones_give_the_same_events_even_on_a_busy_host(ctx: Ctx, tmp_path: Path) -> None:
    first, second = (half_a_second(ctx, tmp_path / name) for name in ("first", "second"))
    with busy_cores():
        third = half_a_second(ctx, tmp_path / "third")
    reports = (first, second, third)
    assert [report.result.start for report in reports] == ["clone"] * 3
    assert len({report.result.events_sha256 for report in reports}) == 1
    state = first.guest.state("held")
    assert state is not None
    assert (state.state, state.ops) == ("enabled", "fixture"), "the scheduler's files reached the clone"


def truncate(folder: Path) -> None:
    os.truncate(folder / "state", (folder / "state").stat().st_size // 2)


def overwrite_header(folder: Path) -> None:
    with (folder / "state").open("r+b") as state:
        state.write(b"what is this")


def lose_memory(folder: Path) -> None:
    (folder / "node-0").unlink()


def flip_memory(folder: Path) -> None:
    """2,000 bytes of the guest's memory, which its size does not show."""
    moments = random.Random(1)
    with (folder / "node-0").open("r+b") as memory:
        for _ in range(2000):
            memory.seek(moments.randrange(2**20, 2**27))
            memory.write(b"!")


def change_events(folder: Path) -> None:
    (folder / "events.jsonl").write_text((folder / "events.jsonl").read_text().replace("7", "8"))


SPOILERS = [shutil.rmtree, truncate, overwrite_header, lose_memory, flip_memory, change_events]


@ktstr_test(scheduler=CLONED)
@pytest.mark.parametrize("spoil", SPOILERS)
def spoiled_template_is_made_anew_and_gives_the_same_events(
    ctx: Ctx, own_cache: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    before = half_a_second(ctx, tmp_path / "before").result
    spoil(own_cache / "templates" / before.template)
    after = half_a_second(ctx, tmp_path / "after").result
    assert before.template_boot_s > 0
    assert after.template_boot_s > 0
    assert (after.template, after.events_sha256) == (before.template, before.events_sha256)


@pytest.fixture
def kill_boots(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have so many boots of templates be killed, as the kernel does that lacks memory, a moment after their start."""

    def kill(times: int) -> None:
        left = iter(range(times))

        @contextmanager
        def started(command: Sequence[str], *arguments: Any, **options: Any) -> Iterator[Process]:
            with process.started(command, *arguments, **options) as running:
                if "-incoming" not in command and next(left, None) is not None:
                    Timer(0.3, running.kill).start()
                yield running

        monkeypatch.setattr("ktstr.vm.qemu.template.started", started)

    return kill


@ktstr_test(scheduler=CLONED)
@pytest.mark.usefixtures("own_cache")
def template_killed_while_it_boots_is_booted_again_and_gives_the_same_events(
    ctx: Ctx, tmp_path: Path, kill_boots: Callable[[int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    kill_boots(1)
    killed = half_a_second(ctx, tmp_path / "killed").result
    assert "QEMU ended with signal 9; trying again" in capfd.readouterr().err
    for template in entries("templates"):
        shutil.rmtree(template.path)
    left_alone = half_a_second(ctx, tmp_path / "left-alone").result
    assert (killed.start, left_alone.start, left_alone.template_boot_s > 0) == ("clone", "clone", True)
    assert killed.events_sha256 == left_alone.events_sha256


@ktstr_test(scheduler=CLONED)
@pytest.mark.usefixtures("own_cache")
def template_killed_whenever_it_boots_is_an_error_of_the_host(
    ctx: Ctx, tmp_path: Path, kill_boots: Callable[[int], None]
) -> None:
    kill_boots(9)
    with pytest.raises(KtstrError, match="QEMU ended with signal 9, 2 times: the host may lack memory"):
        half_a_second(ctx, tmp_path / "killed")
    assert entries("results", "templates") == []


@ktstr_test()
def files_of_a_job_reach_its_clone(ctx: Ctx, tmp_path: Path) -> None:
    """A program with its libraries, and a file, none of which the template was booted with."""
    if (cat := shutil.which("cat")) is None:
        pytest.skip("cat is not installed")
    note = tmp_path / "note"
    note.write_text("a line that only this job has\n")
    job = VmJob(
        kernel=ctx.kernel,
        topology=Topology(),
        memory_mb=256,
        files=tuple(base_files(build_agent(), ctx.kernel.config, ctx.kernel.release)),
        payload=(
            *program_files(Path(cat).resolve(), "/ktstr/bin/cat", "the test's"),
            Packed("/ktstr/share/note", note, 0o644, "the test's"),
        ),
        plan="scheduler 5000000000 /ktstr/bin/cat /ktstr/share/note\n",
        clock="virtual",
        seed=1,
    )
    tcg = Accel("tcg", "virtual", "the test's")
    result = run(job, tcg, tmp_path / "run", FRESH)
    assert (result.ending, result.start) == (Ending.DONE, "clone")
    assert [event["text"] for event in result.of("sched_log")] == ["a line that only this job has"]
    # The same in a guest that was booted with them at hand.
    booted = run(replace(job, seed=2), tcg, tmp_path / "cold", RunOptions(cold=True, fresh=True))
    assert [event["text"] for event in booted.of("sched_log")] == ["a line that only this job has"]


@ktstr_test(scheduler=CLONED)
def real_clock_has_clones_too(ctx: Ctx, tmp_path: Path) -> None:
    result = half_a_second(ctx, tmp_path / "run", clock="real").result
    assert (result.ending, result.start, result.clock) == (Ending.DONE, "clone", "real")


# Several processes, and killed ones

SUITE = """
from ktstr import ktstr_test, scenarios

@ktstr_test()
def one(ctx):
    scenarios.steady(ctx, hold_s=0.2)

@ktstr_test()
def two(ctx):
    scenarios.steady(ctx, hold_s=0.3)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_suite.py").write_text(SUITE)
    return folder


def start(project: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--clock", "virtual", *options]
    return subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@ktstr_test()
def processes_that_ask_at_once_boot_one_template(ctx: Ctx, own_cache: Path, project: Path) -> None:
    run = start(project, "-n", "2", "--kernel", ctx.kernel.version)
    output, _ = run.communicate()
    assert run.returncode == 0, output
    sidecars = [json.loads(path.read_text()) for path in (project / "target").rglob("*-*.json")]
    results = [each["result"] for sidecar in sidecars for each in sidecar["runs"]]
    assert [result["start"] for result in results] == ["clone", "clone"]
    assert sorted(result["template_boot_s"] > 0 for result in results) == [False, True]
    assert "1 booted, 2 cloned, 0 remembered" in output


@ktstr_test()
def run_killed_at_any_moment_leaves_nothing_half(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, project: Path
) -> None:
    """Three kills while a cache that has nothing but kernels fills, each at a moment that a seed chooses."""
    kernels, cold = ctx.kernel.image.parents[1], tmp_path / "cold"
    cold.mkdir()
    (cold / "kernels").symlink_to(kernels)
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(cold))
    moments = random.Random(7)
    killed = []
    for _ in range(3):
        run = start(project, "--kernel", ctx.kernel.version)
        try:
            run.wait(moments.uniform(1, 12))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
        run.communicate()
        killed.append(run.returncode == -signal.SIGKILL)
    assert any(killed), "all of them ended before they were killed"
    run = start(project, "--kernel", ctx.kernel.version)
    output, _ = run.communicate()
    assert run.returncode == 0, output
    verify = [sys.executable, "-c", "from ktstr.tasks import main; main()", "cache", "--verify", "--json"]
    verified = subprocess.run(verify, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout
    assert len(json.loads(verified.stdout)["templates"]) == 1
    assert not list(cold.rglob("*.partial"))
