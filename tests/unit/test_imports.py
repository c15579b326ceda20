"""What each command imports before it shows something: no more than that takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ktstr.base.waiting import waiting

HEAVY = {
    *("git", "requests", "debian", "tqdm", "zstandard", "junit_xml"),
    *("pytest", "_pytest", "xdist", "hypothesis", "numpy"),
    *(
        "ktstr.checks",
        "ktstr.run",
        "ktstr.vm",
        "ktstr.verifier",
        "ktstr.guest",
        "ktstr.kernel.resolve",
        "msgspec",
    ),
}
# A refused command line, or a command, and what of HEAVY it may import until it ends.
COMMANDS = [
    ("--help", set()),
    ("init --bpf nosuch.bpf.c", set()),
    ("replay nosuch.json", {"ktstr.run", "ktstr.vm", "ktstr.guest", "msgspec"}),
    ("bisect nosuch", set()),
    ("shell --kernel nosuch", set()),
    ("verify nosuch.bpf.o", set()),
    ("vmlinux-h --kernel nosuch", set()),
    ("initramfs --kernel nosuch", set()),
    ("kernel-list --nosuch", set()),
    ("kernel-fetch nosuch", set()),
    ("kernel-clean --keep nosuch", set()),
    ("sched-build --nosuch", set()),
    ("cache --limit nosuch", set()),
    ("cache", {"ktstr.vm", "ktstr.guest", "msgspec"}),
    ("test --nosuch", set()),
    ("verifier --nosuch", set()),
]
# The end of a command, at which it says what it has imported; `test` and `verifier` end by becoming another program.
SHOWS = f"""
import atexit, os, sys
heavy = {sorted(HEAVY)!r}
def show(*_):
    print("imported:", *[name for name in heavy if name in sys.modules], file=sys.stderr, flush=True)
atexit.register(show)
os.execve = lambda *_: sys.exit()
from ktstr.__main__ import main
main()
"""


# A command in a pipe, until it prints something, and what of HEAVY it may import until then.
FIRST_LINES = [
    ("ktstr.__main__", "doctor", set()),
    ("ktstr.__main__", "cache", set()),
    ("ktstr.__main__", "initramfs --kernel 7.0", set()),
    ("ktstr.__main__", "kernel-list", set()),
    ("ktstr.__main__", "kernel-list --json", set()),
    ("ktstr.verifier.__main__", "--kernel 7.0 --preset tiny-1llc", {"ktstr.verifier"}),
    ("ktstr.verifier.__main__", "--kernel 7.0 --format json", {"ktstr.verifier"}),
]
UNTIL = f"""
import builtins, os, runpy, sys
heavy = {sorted(HEAVY)!r}
really = print
def first(*words, **how):
    really("imported:", *[name for name in heavy if name in sys.modules], file=sys.stderr, flush=True)
    os._exit(0)
builtins.print = first
module = sys.argv.pop(1)
runpy.run_module(module, run_name="__main__", alter_sys=False)
"""


def imported(code: str, *words: str, folder: Path) -> set[str]:
    environment = {**os.environ, "KTSTR_CACHE_DIR": str(folder / "cache"), "KTSTR_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("imported:")]
    assert len(said) == 1, done.stderr
    return set(said[0].split()[1:])


@pytest.mark.parametrize(("typed", "allowed"), COMMANDS)
def test_a_command_imports_only_what_it_needs(typed: str, allowed: set[str], tmp_path: Path) -> None:
    assert imported(SHOWS, *typed.split(), folder=tmp_path) - allowed == set()


@pytest.mark.parametrize(("module", "typed", "allowed"), FIRST_LINES)
def test_a_command_says_something_before_it_imports_more(
    module: str, typed: str, allowed: set[str], tmp_path: Path
) -> None:
    assert imported(UNTIL, module, *typed.split(), folder=tmp_path) == allowed


def test_a_declaration_is_not_imported_into_a_session_without_one(tmp_path: Path) -> None:
    code = (
        "import sys, ktstr.plugin.entry\n"
        "print('imported:', *[name for name in sys.modules if name.startswith(('ktstr.checks', 'ktstr.scenario'))],"
        " file=sys.stderr)"
    )
    assert imported(code, folder=tmp_path) == set()


def test_the_sweep_says_something_before_it_imports_anything(tmp_path: Path) -> None:
    code = "import sys, ktstr.verifier.__main__\nprint('imported:', *sys.modules, file=sys.stderr)"
    assert imported(code, folder=tmp_path) & HEAVY == {"ktstr.verifier"}


def test_a_sweep_needs_no_pytest(tmp_path: Path) -> None:
    code = "import sys, ktstr.verifier.command\nprint('imported:', *sys.modules, file=sys.stderr)"
    assert imported(code, folder=tmp_path) & {"pytest", "_pytest", "requests", "git", "tqdm"} == set()


def test_a_resolver_needs_no_network_and_no_progress(tmp_path: Path) -> None:
    code = "import sys, ktstr.kernel.resolve\nprint('imported:', *sys.modules, file=sys.stderr)"
    assert imported(code, folder=tmp_path) & {"pytest", "requests", "git", "tqdm"} == set()


def test_what_is_waited_for_is_shown_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, end = os.openpty()
    with os.fdopen(end, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setenv("TERM", "xterm")
        with waiting("looking at this machine"):
            assert os.read(terminal, 100) == b"looking at this machine ...\r"
        assert os.read(terminal, 100) == b"\x1b[K"
        monkeypatch.setenv("TERM", "dumb")
        with waiting("looking at this machine"):
            print("nothing before this", file=sys.stderr, flush=True)
        assert os.read(terminal, 100) == b"nothing before this\r\n"
    os.close(terminal)


def test_nothing_is_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("looking at this machine"):
        pass
    assert capsys.readouterr().err == ""


def test_a_log_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("looking at this machine", sys.stdout):
        assert capsys.readouterr() == ("looking at this machine\n", "")
    assert capsys.readouterr() == ("", "")
