"""The shell, driven as by a person at a terminal and as by a script with pipes; whatever ends it, the terminal is as it
was and no QEMU is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from ktstr import Ctx, ktstr_test

SHELL = ("-c", "from ktstr.tasks import main; main()", "shell", "--topology", "1n1l2c1t")
PROMPT = "/ # "
FIXTURE = f"{Path(__file__).parents[1]}/schedulers/test_fixture.py::basic_steady"
LIMIT_S = 120  # only ends a test that hangs


@dataclass(frozen=True)
class Terminal:
    """A terminal with a shell in it, its attributes before that was started, its process and its QEMU's."""

    shell: pexpect.spawn[str]
    before: list[Any]
    pid: int
    qemu: int

    @property
    def attributes(self) -> list[Any]:
        """The attributes as they are now."""
        return termios.tcgetattr(self.shell.child_fd)

    def assert_left(self, status: int) -> None:
        """Check that the shell ends with `status`, its QEMU with it, and that the terminal is restored."""
        self.shell.expect(pexpect.EOF)
        after = self.attributes
        self.shell.wait()
        assert self.shell.exitstatus == status
        assert after == self.before
        assert gone(self.qemu)


@contextmanager
def at_a_terminal(ctx: Ctx, *arguments: str) -> Iterator[Terminal]:
    """A shell in a terminal of 24 rows and 80 columns, at its first prompt."""
    command = [*SHELL, "--kernel", ctx.kernel.key, *arguments]
    shell = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=LIMIT_S)
    try:
        before = termios.tcgetattr(shell.child_fd)
        assert before[3] & termios.ICANON
        shell.expect_exact(PROMPT)
        assert shell.pid is not None
        terminal = Terminal(shell, before, shell.pid, qemu_of(shell.pid))
        assert not terminal.attributes[3] & (termios.ICANON | termios.ISIG | termios.ECHO)
        yield terminal
    finally:
        shell.close(force=True)


def qemu_of(pid: int) -> int:
    """The QEMU that a process has started."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert Path(f"/proc/{child}/comm").read_text().startswith("qemu-system")
    return int(child)


def gone(pid: int) -> bool:
    """Whether the process ends, within a generous time."""
    for _ in range(2000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def run(ctx: Ctx, command: str, typed: bytes = b"", *options: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a guest, with pipes."""
    return subprocess.run(
        [sys.executable, *SHELL, "--kernel", ctx.kernel.key, *options, "--exec", command],
        input=typed,
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )


@ktstr_test()
def a_scheduler_is_run_by_hand(ctx: Ctx) -> None:
    """It attaches, sysfs shows it, Ctrl-C reaches it and not us; size and job control are the guest's."""
    with at_a_terminal(ctx, "--test", FIXTURE) as terminal:
        shell = terminal.shell
        shell.sendline("stty size")
        shell.expect_exact("24 80\r\n")
        shell.setwinsize(50, 132)
        # The guest may learn of it late; until then the shell asks again.
        shell.sendline("until test '50 132' = \"$(stty size)\"; do sleep 0.1; done; echo re''sized")
        shell.expect_exact("resized\r\n")
        shell.sendline("start-scheduler &")
        shell.expect_exact("attached fixture\r\n")
        shell.sendline("cat /sys/kernel/sched_ext/state /sys/kernel/sched_ext/root/ops")
        shell.expect_exact("enabled\r\nfixture\r\n")
        shell.sendline("fg")
        shell.expect_exact("start-scheduler\r\n")
        shell.sendintr()
        shell.expect_exact("unregistered from user space")
        shell.expect_exact(PROMPT)
        shell.sendline("cat /sys/kernel/sched_ext/state")
        shell.expect_exact("disabled\r\n")
        shell.sendline("exit 4")
        terminal.assert_left(4)


def escape(terminal: Terminal) -> None:
    os.kill(terminal.qemu, signal.SIGSTOP)  # a guest that no longer does anything
    terminal.shell.send("\x01x")
    terminal.shell.expect_exact("the guest was ended")


def panic(terminal: Terminal) -> None:
    terminal.shell.sendline("echo c >/proc/sysrq-trigger")
    terminal.shell.expect_exact("ktstr: shell: the guest's kernel panicked: sysrq triggered crash\r\n")


def kill_qemu(terminal: Terminal) -> None:
    os.kill(terminal.qemu, signal.SIGKILL)
    terminal.shell.expect_exact("ktstr: shell: QEMU ended with signal 9\r\n")


def terminate(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGTERM)


@ktstr_test()
@pytest.mark.parametrize(
    ("end", "status"),
    [(escape, 130), (panic, 2), (kill_qemu, 2), (terminate, 143)],
    ids=["escape", "panic", "qemu", "sigterm"],
)
def the_terminal_is_restored_whatever_ends_the_shell(ctx: Ctx, end: Any, status: int) -> None:
    with at_a_terminal(ctx) as terminal:
        end(terminal)
        terminal.assert_left(status)


@ktstr_test()
def a_killed_shell_leaves_no_qemu(ctx: Ctx) -> None:
    with at_a_terminal(ctx) as terminal:
        os.kill(terminal.pid, signal.SIGKILL)
        assert gone(terminal.qemu)


@ktstr_test()
def a_command_has_pipes_and_its_status_is_passed_on(ctx: Ctx) -> None:
    """All input comes out, more than any buffer on the way holds, and no output of the kernel is mixed in."""
    typed = os.urandom(1 << 20)
    done = run(ctx, "cat; echo to the side >&2; exit 3", typed)
    assert done.returncode == 3
    assert done.stdout == typed
    assert done.stderr == b"to the side\n"


@ktstr_test()
def a_folder_comes_with_the_libraries_of_its_programs(ctx: Ctx, tmp_path: Path) -> None:
    """A program linked to shared libraries runs, a link becomes what it leads to, and the kernel's log is available."""
    tools = tmp_path / "tools"
    (tools / "deep").mkdir(parents=True)
    (tools / "deep" / "python").symlink_to(sys.executable)
    (tools / "note").write_text("a text\n")
    command = (
        "cd /include-files/tools; cat note; deep/python -S -c 'import sys' 2>&1 | grep -c 'No module named'"
    )
    done = run(ctx, command, b"", "--include-files", str(tools), "--dmesg")
    lines = done.stdout.decode().splitlines()
    # Python starts, and misses its modules: those are no libraries.
    assert lines == ["a text", "1"], (done.stdout, done.stderr)
    assert b"] Linux version " in done.stderr
