"""A VM run, with a stand-in for QEMU: what it leaves on disk, how it ends, and that no process is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from vm_stand_in import a_job, ended, pid_in, stand_in

from ktstr import KtstrError
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

TCG = Accel("tcg", "virtual", "a test")
DONE = """printf '{"ev":"boot","t":1}\\n{"ev":"end","t":2}\\n' >$events; exit 33"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)


def ran(
    monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, job: VmJob | None = None, name: str = "run"
) -> VmResult:
    """The result of a run in `folder`/`name` whose QEMU runs `body`."""
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(folder, body)))
    return run(job or a_job(folder), TCG, folder / name, RunOptions(cold=True, fresh=True))


def test_a_run_is_a_result_as_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran(monkeypatch, tmp_path, f"printf 'up\\r\\n' >$console; echo a warning; {DONE}")
    assert (result.ending, result.why) == (Ending.DONE, "")
    assert [event["ev"] for event in result.events] == ["boot", "end"]
    assert (result.console, result.qemu_output) == ("up\n", "a warning\n")
    assert (result.accelerator, result.clock, result.qemu_version) == ("tcg", "virtual", "7.2.99")


def test_a_runs_folder_has_its_job_and_its_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran(monkeypatch, tmp_path, DONE)
    files = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert files == ["command.txt", "console.log", "events.jsonl", "job.json", "plan.txt"]
    assert (tmp_path / "run" / "plan.txt").read_text() == "seed 1\nhold 1\n"
    assert (tmp_path / "run" / "command.txt").read_text().split()[0] == result.command[0]


def test_a_run_in_the_same_folder_starts_from_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran(monkeypatch, tmp_path, DONE)
    assert ran(monkeypatch, tmp_path, "exit 0").events == ()


def test_a_folder_may_have_a_comma_in_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran(monkeypatch, tmp_path, "exit 33", name="a,b")
    assert f"file,id=events,path={tmp_path}/a,,b/events.jsonl" in result.command


@pytest.mark.parametrize(
    ("body", "ending", "why"),
    [
        (
            """echo '{"ev":"error","where":"cgroup","what":"cg: File exists"}' >$events; exit 35""",
            Ending.AGENT_FAILED,
            "cgroup: cg: File exists",
        ),
        (
            "exit 0",
            Ending.HANG,
            "the guest hung (its agent did not run for 30 guest seconds) or was reset by a triple fault",
        ),
        (
            "echo '[ 1.0] Kernel panic - not syncing: No init' >$console; exit 0",
            Ending.PANIC,
            "the guest's kernel panicked: No init",
        ),
        ("kill -SEGV $$", Ending.QEMU_DIED, "QEMU ended with signal 11"),
        (
            "echo warning; echo 'bad option' >&2; exit 1",
            Ending.QEMU_DIED,
            "QEMU ended with status 1: bad option",
        ),
    ],
)
def test_every_ending_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, ending: Ending, why: str
) -> None:
    result = ran(monkeypatch, tmp_path, body)
    assert (result.ending, result.why) == (ending, why)


def test_a_run_over_its_time_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran(monkeypatch, tmp_path, "exec sleep 1000", a_job(tmp_path, wall_limit_s=2))
    assert (result.ending, result.why) == (Ending.TIMEOUT, "no end after 2 s (last event: none)")
    assert ended(pid_in(tmp_path / "pid"))


def test_a_wrapper_takes_its_qemu_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = f"sleep 1000 >/dev/null 2>&1 & echo $! >{tmp_path}/inner; wait"
    assert ran(monkeypatch, tmp_path, body, a_job(tmp_path, wall_limit_s=2)).ending is Ending.TIMEOUT
    assert ended(pid_in(tmp_path / "inner"))


def test_an_endless_console_is_kept_at_both_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = "echo first >$console; head -c 5000000 /dev/zero >>$console; echo last >>$console; exit 33"
    console = ran(monkeypatch, tmp_path, body).console
    assert console.startswith("first\n")
    assert console.endswith("last\n")
    assert "the middle is left out" in console
    assert len(console) < 4 * 2**20 + 100


def test_bytes_that_are_not_text_do_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = 'printf \'a\\377\\n\' | tee $console; printf \'{"ev":"end"}\\n{"ev":"to\\377\' >$events; exit 33'
    result = ran(monkeypatch, tmp_path, body)
    assert (result.console, result.qemu_output) == ("a\ufffd\n", "a\ufffd\n")
    assert result.events == ({"ev": "end"},)


def test_a_guest_that_writes_without_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran(monkeypatch, tmp_path, "head -c 100000000 /dev/zero >$console; exit $?")
    why = "the guest wrote more than 64 MiB to its console or its events, and was ended for it"
    assert (result.ending, result.why) == (Ending.QEMU_DIED, why)
    assert (tmp_path / "run" / "console.log").stat().st_size == 64 * 2**20


def test_events_that_make_no_sense_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = """echo '{"ev":"boot"}\n{"ev":"cpu","cpu":0,"threads":"0-60000000","llc":"0"}' >$events; exit 33"""
    with pytest.raises(KtstrError) as refused:
        ran(monkeypatch, tmp_path, body)
    assert str(refused.value) == (
        "the guest's events make no sense: line 2: cpu: not a list of CPUs (CPU list '0-60000000': more than 8192"
        f" CPUs) - at `$.threads` (in {tmp_path}/run/events.jsonl)"
    )


def test_more_cpus_than_qemu_emulates_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"^topology 1n2l128c1t: its 256 CPUs need APIC ids up to 255; QEMU"):
        ran(monkeypatch, tmp_path, DONE, a_job(tmp_path, topology="1n2l128c1t"))


def test_a_folder_that_cannot_be_created_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(KtstrError, match=r"run: a run's files cannot be written: File exists$"):
        ran(monkeypatch, tmp_path, DONE)


def test_a_kernel_that_is_not_the_one_that_results_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = a_job(tmp_path)
    job.kernel.image.write_text("another")
    with pytest.raises(
        KtstrError, match=r"^kernel 7\.0\.13 \(.*\): vmlinux: its content has changed; the next run"
    ):
        ran(monkeypatch, tmp_path, DONE, job)


# The process that runs it ends

RUNNER = """
import os
import sys
import time
from pathlib import Path
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.job import RunOptions
from ktstr.vm.run import run
from vm_stand_in import a_job
# An exception in what Python calls after a fork is printed and forgotten: a Ctrl-C that comes then must not be.
os.register_at_fork(after_in_parent=lambda: time.sleep(0.5))
run(a_job(Path(sys.argv[1])), Accel("tcg", "virtual", "a test"), Path(sys.argv[1], "run"), RunOptions(cold=True))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left_when_the_run_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    environment = {
        **os.environ,
        "KTSTR_QEMU": str(stand_in(tmp_path, "exec sleep 1000")),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
        ),
    }
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env=environment,
        stderr=subprocess.DEVNULL,
        # If these tests run in the background, Ctrl-C is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    qemu = pid_in(tmp_path / "pid")
    runner.send_signal(number)
    assert runner.wait(60) == -number
    assert ended(qemu)


# Which QEMU


def test_qemu_is_searched_for_in_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = stand_in(tmp_path, "exit 33", version="10.0.3 (Debian 1:10.0.3)")
    script = script.rename(tmp_path / "qemu-system-x86_64")
    monkeypatch.delenv("KTSTR_QEMU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_qemu.__wrapped__()
    assert (found.path, found.version, found.release) == (script, "10.0.3", (10, 0))


def test_no_qemu_at_all_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KTSTR_QEMU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KtstrError, match=r"^qemu-system-x86_64 is not installed; run `ktstr setup`"):
        find_qemu.__wrapped__()


def test_a_chosen_qemu_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_QEMU", "/nowhere/qemu")
    with pytest.raises(KtstrError, match=r"^KTSTR_QEMU=/nowhere/qemu: no such program$"):
        find_qemu.__wrapped__()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("#!/bin/sh\necho QEMU emulator version 6.2.0\n", "QEMU 6.2.0 is too old; 7.2 or later is needed"),
        ("#!/bin/sh\necho 3.14\n", "not QEMU: --version printed"),
        ("#!/bin/sh\n", "not QEMU: --version printed"),
        ("#!/nowhere/sh\n", "cannot be run"),
    ],
)
def test_a_program_that_is_not_qemu_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, message: str
) -> None:
    path = tmp_path / "qemu"
    path.write_text(script)
    path.chmod(0o755)
    monkeypatch.setenv("KTSTR_QEMU", str(path))
    with pytest.raises(KtstrError, match=message) as refused:
        find_qemu.__wrapped__()
    assert str(refused.value).startswith(str(path))
