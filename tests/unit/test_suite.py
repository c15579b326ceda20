"""`ktstr test` and `ktstr verifier` are thin: they pass everything on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ktstr.plugin.suite import become, suite_command

PARALLEL = ("-m", "ktstr.plugin", "-n", "auto", "--dist", "worksteal")
# Shows what the verb becomes, instead of becoming it.
SHOWS = """
import json, os, sys
names = ("KTSTR_COMMAND", "KTSTR_SUITE")
os.execve = lambda path, command, environment: print(json.dumps([command[1:], *map(environment.get, names)]))
from ktstr.tasks import main
main()
"""


def ktstr(*arguments: str) -> list[object]:
    command = [sys.executable, "-c", SHOWS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: list[object] = json.loads(done.stdout)
    return told


def test_everything_is_passed_on_as_it_was_typed() -> None:
    assert ktstr("test", "--kernel", "7.0", "-k", "smt or 'a b'", "-x", "--markers") == [
        [*PARALLEL, "--kernel", "7.0", "-k", "smt or 'a b'", "-x", "--markers"],
        "ktstr test --kernel 7.0 -k 'smt or '\"'\"'a b'\"'\"'' -x --markers",
        "1",
    ]
    assert ktstr("test", "--", "--lf") == [
        [*PARALLEL, "--lf"],
        "ktstr test --lf",
        "1",
    ]
    assert ktstr("test") == [
        [*PARALLEL],
        "ktstr test",
        "1",
    ]


@pytest.mark.parametrize("chosen", ["-n0", "-n=2", "--numprocesses=1", "--dist=no", "--pdb"])
def test_a_given_number_of_workers_is_kept(chosen: str) -> None:
    assert suite_command("test", [chosen, "--kernel=7.0"], "python") == [
        "python",
        "-m",
        "ktstr.plugin",
        chosen,
        "--kernel=7.0",
    ]


def test_pytest_addopts_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-n1 --kernel 7.0")
    assert suite_command("test", ["-x"], "python") == ["python", "-m", "ktstr.plugin", "-x"]


def test_the_exit_status_is_that_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_plain():\n    assert 0\n")
    command = [sys.executable, "-c", "from ktstr.tasks import main; main()", "test", "-n0"]
    for extra, status in (((), 1), (("-k", "nothing"), 5), (("--shard", "x"), 2)):
        done = subprocess.run([*command, *extra], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The `ktstr` command: completion goes by the name that it is called by."""
    path = tmp_path / "bin" / "ktstr"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nfrom ktstr.tasks import main\nmain()\n")
    path.chmod(0o755)
    return path


def complete(program: Path, line: str) -> set[str]:
    command = [str(program), "--complete", "--", *line.split()]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_a_shell_completes_verbs_and_options(program: Path) -> None:
    assert {"init", "test", "verifier", "doctor", "kernel-list"} <= complete(program, "ktstr ")
    assert {"--kernel", "--shard", "--topology"} <= complete(program, "ktstr test -k smt --")
    assert {"--name", "--binary", "--build"} <= complete(program, "ktstr init --")


def test_bash_completes(program: Path) -> None:
    script = (
        'eval "$(ktstr --print-completion-script bash)"\n'
        "COMP_WORDS=(ktstr test --sha) COMP_CWORD=2\n"
        "_complete_ktstr ktstr --sha test\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["--shard"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_is_a_completion_for_other_shells(program: Path, shell: str) -> None:
    command = [str(program), "--print-completion-script", shell]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "_complete_ktstr" in done.stdout
    assert "--complete -- " in done.stdout


NOXFILE = "from ktstr.nox import add_sessions\nadd_sessions(prefix='sched-')\n"


def test_another_projects_noxfile_gets_the_sessions(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(NOXFILE)
    (tmp_path / "test_it.py").write_text("def test_plain():\n    pass\n")
    command = [sys.executable, "-m", "nox"]
    menu = subprocess.run([*command, "-l"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "* sched-perf -> Say what got worse since a commit: nox -s sched-perf -- [--base main]" in menu
    assert "* sched-test -> Test this project's schedulers in VMs: nox -s sched-test -- " in menu
    assert "* sched-verifier -> Sweep this project's schedulers through the BPF verifier" in menu
    command += ["-s", "sched-test", "--", "-n0", "-k", "plain"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_ctrl_c_works_after_a_program_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def execve(path: str, *_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", path)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(FileNotFoundError):
        become("test", [])
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
