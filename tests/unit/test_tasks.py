"""The Invoke tasks as a user sees them: the menu, and how a mistake is reported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from invoke import Context, Program, task

from ktstr.base.errors import KtstrError
from ktstr.tasks import gather, ns
from ktstr.tasks.menu import contexts
from ktstr.tasks.words import mistake

ROOT = Path(__file__).parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def program(error: BaseException) -> Program:
    """A program with one task, `mend-thing`, that raises `error`."""

    @task
    def mend_thing(_context: Context, thing: str = "all") -> None:
        """Mend a thing."""
        raise error

    module = ModuleType("things")
    vars(module)["mend_thing"] = mend_thing
    return Program(namespace=gather(module))


def test_a_users_error_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        program(KtstrError("kernel 9.9: not published")).run(["x", "mend-thing", "--thing", "it"])
    assert exit_.value.code == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "ktstr: kernel 9.9: not published\n")


def test_an_interrupt_is_quiet_and_status_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        program(KeyboardInterrupt()).run(["x", "mend-thing"])
    assert exit_.value.code == 130
    assert capsys.readouterr().err == ""


def test_a_closed_output_is_not_an_error(tmp_path: Path) -> None:
    """As by `ktstr cache | head -1`, once head has its line."""
    read, write = os.pipe()
    os.close(read)
    code = "from ktstr.tasks import main; main()"
    environment = {**os.environ, "KTSTR_CACHE_DIR": str(tmp_path)}
    with os.fdopen(write) as nobody:
        done = subprocess.run(
            [sys.executable, "-c", code, "cache"], stdout=nobody, stderr=subprocess.PIPE, env=environment
        )
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_short_options_are_known() -> None:
    known = contexts()
    for words in (["doctor", "-j"], ["shell", "-i", "./mine", "-k", "7.0"], ["kernel-list", "-jk7.0"]):
        assert mistake(words, known) is None, words
    assert mistake(["shell", "-m"], known) == "shell: -m: needs a value: the guest's memory in MiB"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        program(ZeroDivisionError()).run(["x", "mend-thing"])


def test_invoke_and_ktstr_offer_the_same_menu() -> None:
    by_invoke, by_ktstr = (
        run(sys.executable, "-m", "invoke", "-l"),
        run(sys.executable, "-c", "from ktstr.tasks import main; main()", "-l"),
    )
    assert by_invoke.stdout.splitlines()[1:] == by_ktstr.stdout.splitlines()[1:]
    for name in ("cache", "doctor", "initramfs", "kernel-fetch", "kernel-list", "sched-build"):
        assert f"  {name} " in by_invoke.stdout


def test_every_task_says_what_it_does_in_a_line() -> None:
    for name, each in ns.tasks.items():
        assert (each.__doc__ or "").split("\n")[0].endswith("."), name


def test_a_mistake_on_ktstrs_command_line_is_status_2() -> None:
    for arguments in (["no-such-task"], ["doctor", "--no-such-option"]):
        done = run(sys.executable, "-c", "from ktstr.tasks import main; main()", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert len(done.stderr.splitlines()) == 1


def test_the_menu_costs_no_heavy_imports() -> None:
    code = (
        "import ktstr.tasks, sys; print(*{'requests', 'git', 'pytest', 'debian', 'tqdm'} & set(sys.modules))"
    )
    assert run(sys.executable, "-c", code).stdout.strip() == ""


def test_a_build_takes_several_fragments_and_settings(tmp_path: Path) -> None:
    fragments = ["--config", "preempt-rt", "--config", str(tmp_path / "gone.config"), "--set", "CONFIG_X=y"]
    result = run(sys.executable, "-m", "invoke", "kernel-configure", "--kernel", "../linux", *fragments)
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"ktstr: --config {tmp_path}/gone.config: no such file, and not one of base, "
    )
