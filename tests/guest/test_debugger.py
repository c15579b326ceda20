"""`replay --gdb`: a failed run stops at its exit; with one CPU it goes back from there, with more it begins again."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ktstr import Ctx, ktstr_test
from ktstr.base.topology import Topology
from ktstr.debug.symbols import symbols_of
from ktstr.guest.initramfs import Packed
from ktstr.kernel.images.debug import debug_image
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.debug import can_record, paused_clone, record
from ktstr.vm.result import Ending
from ktstr.vm.stored import stored_job

BPF = Path(__file__).parents[1] / "schedulers" / "exits.bpf.c"
LIMIT_S = 240  # only ends a test that hangs
TEST = """
from ktstr import declare_scheduler, ktstr_test, scenarios

EXITING = declare_scheduler(
    name="exiting", bpf="{bpf}", rodata={{"after_ms": 100}}, topology=(1, 1, {cpus}, 1)
)

@ktstr_test(scheduler=EXITING, duration_s=0.5)
def exits(ctx):
    scenarios.steady(ctx)
"""


def debugged(ctx: Ctx, project: Path, cpus: int, *commands: str) -> str:
    """What is printed when the failed test of a project is debugged with these gdb commands."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is missing")
    (project / "test_exiting.py").write_text(TEST.format(bpf=BPF, cpus=cpus))
    test = [*(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project))]
    options = ["test_exiting.py", "--kernel", ctx.kernel.key, "--clock", "virtual"]
    failed = subprocess.run([*test, *options], cwd=project, capture_output=True, check=False, timeout=LIMIT_S)
    assert failed.returncode == 1, failed.stdout
    (sidecar,) = (path for path in project.glob("target/ktstr/*/exits-*.json") if ".dump" not in path.name)
    assert json.loads(sidecar.read_text())["outcome"] == "failed"
    # From a file, one after another: gdb does not wait for commands that it reads from a pipe.
    (project / "commands.gdb").write_text("".join(f"{command}\n" for command in commands))
    done = subprocess.run(
        [*(sys.executable, "-c", "from ktstr.tasks import main; main()"), "replay", "--gdb", str(sidecar)],
        input="source commands.gdb\n",
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@ktstr_test()
def several_cpus_cannot_be_recorded(ctx: Ctx, tmp_path: Path) -> None:
    """If this fails, QEMU can record by now, and `can_record` has to say so."""
    init = Packed("/init", Path(__file__), 0o755, "the test's init")
    job = VmJob(ctx.kernel, Topology(cores=2), 256, (init,), (), "", "virtual", 1)
    assert not can_record(job)
    recorded = record(job, tmp_path)
    assert recorded.ending is Ending.QEMU_DIED
    # The wording of 7.2, and that of 10.0.
    assert re.search(r"Record/replay .*not supported (for 'smp'|with multiple CPUs)", recorded.why)


def registers(output: str, mark: str) -> list[str]:
    """What a dump of registers of all CPUs behind a mark has, a line each."""
    behind = output.partition(f"\n{mark}\n")[2].partition("\nend\n")[0]
    return [line for line in behind.splitlines() if re.match(r"[a-z0-9_]+ +0x", line)]


@ktstr_test()
def one_cpu_goes_back_from_the_exit(ctx: Ctx, tmp_path: Path) -> None:
    dump = "info registers rip rsp rax rbx"
    output = debugged(
        *(ctx, tmp_path, 1),
        *("echo \\nat exit\\n", dump, "echo end\\n"),
        "ktstr-stack 4",
        *("reverse-stepi", "echo \\nbefore\\n", dump, "echo end\\n"),
        *("stepi", "echo \\nagain\\n", dump, "echo end\\n"),
        # The last time before the exit that the CPU was given to another task.
        *("hbreak *&__schedule", "reverse-continue", "echo \\nback at\\n", "info symbol $pc", "echo end\\n"),
    )
    assert "replay: identical, event by event\n" in output
    assert "replay: recorded: sched_ext: exits: exits: failed after 100 ms\n" in output
    assert "scx_bpf_error_bstr + " in output  # the caller, which is BPF
    assert "(no symbol: BPF, or a module)" in output
    at_exit = registers(output, "at exit")
    assert len(at_exit) == 4
    assert "<scx_" in at_exit[0]
    assert registers(output, "again") == at_exit
    assert registers(output, "before")[0] != at_exit[0]
    assert "\nback at\n__schedule in section .text" in output


@ktstr_test()
def debug_symbols_give_source_lines_and_arguments(ctx: Ctx, tmp_path: Path) -> None:
    if not debug_image(ctx.kernel).is_file():
        pytest.skip(f"no debug symbols of kernel {ctx.kernel.version}: kernel-fetch --debug")
    output = debugged(ctx, tmp_path, 2, "backtrace 2")
    assert re.search(r"#0 +scx_\w+ \(.*\bat \S*kernel/sched/ext\S*\.c:\d+$", output, re.MULTILINE | re.DOTALL)
    assert '"exits: failed after %u ms"' in output


@ktstr_test()
def more_cpus_begin_again_and_stop_at_the_same_instant(ctx: Ctx, tmp_path: Path) -> None:
    """All CPUs stop where they are when one of them comes to the exit, every time."""
    dump = "thread apply all info registers rip rsp rax rbx cr3"
    output = debugged(
        *(ctx, tmp_path, 4),
        *("echo \\nfirst\\n", dump, "echo end\\n"),
        *("ktstr-again", "continue", "echo \\nsecond\\n", dump, "echo end\\n"),
    )
    assert "replay: QEMU's record/replay refuses 4 CPUs: forwards only, and again" in output
    first = registers(output, "first")
    assert len(first) == 4 * 5
    assert sum("<scx_" in line for line in first) == 1
    assert registers(output, "second") == first
    assert_same_course(tmp_path)


def assert_same_course(project: Path) -> None:
    """With breakpoints that are never hit, a debugged run equals the test's, event by event."""
    (run,) = project.glob("target/ktstr/*-replay/exits-*/run-1")
    job = stored_job(run)
    functions = symbols_of(job.kernel).functions
    # In a page that is executed, and not at the start of an instruction.
    nowhere = functions.get("scx_vexit", functions["panic"]) + 1
    folder = project / "clone"
    with paused_clone(job, folder) as gdb:
        lines = [f"target remote {gdb}", f"hbreak *{nowhere:#x}", "continue"]
        command = ["gdb", "-batch", "-nx", *(word for line in lines for word in ("-ex", line))]
        subprocess.run(command, capture_output=True, check=False, timeout=LIMIT_S)
    events = (folder / "events.jsonl").read_bytes()
    # The run's events begin with its template's.
    assert b'"ev":"end"' in events
    assert (run / "events.jsonl").read_bytes().endswith(events)
