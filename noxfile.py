# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.2.9"]
# ///
"""The verbs that need a Python environment: `nox -l` lists them, `nox -s test -- --kernel 7.0` runs one.

All sessions share `.venv`. It is brought up to date only when pyproject.toml asks for something else than
what was installed, so that work goes on without a network.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
STAMP = VENV / "ktstr-environment"
LOCK = ROOT / ".nox" / "lock"  # ci/nox holds the same one while it makes .venv

nox.options.default_venv_backend = "none"  # `environment` below takes its place
nox.options.sessions = ["lint", "typecheck", "unit", "test", "guest"]


@nox.session
def setup(session: nox.Session) -> None:
    """Install the system packages that the tests need, or print the command that does."""
    environment(session)
    session.run(PYTHON, "-m", "ktstr.host.setup")


@nox.session
def test(session: nox.Session) -> None:
    """Test the schedulers in tests/schedulers: nox -s test -- [--kernel 7.0] [-k name] ..."""
    pytest_in_vms(session, "tests/schedulers")


@nox.session
def verifier(session: nox.Session) -> None:
    """Sweep the schedulers in tests/schedulers through the BPF verifier: nox -s verifier -- [--kernel 7.0] ..."""
    environment(session)
    session.run(PYTHON, "-m", "ktstr.verifier", *session.posargs, env={"KTSTR_DIE_WITH_PARENT": "1"})


@nox.session
def perf(session: nox.Session) -> None:
    """Say what got worse since a commit: nox -s perf -- [--base main] [--seeds 10] [--kernel 7.0] ... Takes minutes."""
    environment(session)
    suite = ("-o", "testpaths=tests/schedulers")  # what follows wins, as for the tests themselves
    session.run(PYTHON, "-m", "ktstr.compare", *suite, *session.posargs, env={"KTSTR_DIE_WITH_PARENT": "1"})


@nox.session
def unit(session: nox.Session) -> None:
    """Test ktstr itself, without a VM (tests/unit)."""
    pytest(session, "tests/unit", "-n", "auto")


@nox.session
def guest(session: nox.Session) -> None:
    """Test ktstr itself in VMs (tests/guest)."""
    pytest_in_vms(session, "tests/guest")


@nox.session
def selftests(session: nox.Session) -> None:
    """Run the tests of the kernel tree itself (docs/selftests.md): nox -s selftests -- [--kernel 7.0] [-k name]."""
    pytest_in_vms(session, "tests/selftests")


@nox.session
def warnings(session: nox.Session) -> None:
    """Compile the C that the unit tests do not, with each installed compiler, and accept no warning."""
    pytest(session, "tests/guest/test_warnings.py")


@nox.session
def census(session: nox.Session) -> None:
    """Count which callbacks and flags each canned scenario causes, on 7.0 and 7.3, and print tables. Takes minutes."""
    kernels = ("--kernel", "7.0", "--kernel", "debian:7.3")
    arguments = ("--ignored", "-k", "canned", "-n", "auto", *kernels)
    tables = ROOT / "target" / "census"
    shutil.rmtree(tables, ignore_errors=True)
    pytest(session, "tests/guest/test_census.py", *arguments, KTSTR_DIE_WITH_PARENT="1")
    for table in sorted(tables.glob("*.txt")):
        print(f"\n{table.read_text()}", end="")


@nox.session
def scx(session: nox.Session) -> None:
    """Run two scenarios on each scheduler of a checkout of scx: nox -s scx -- ../scx [--kernel 7.3]. Takes an hour."""
    if not session.posargs or not Path(session.posargs[0]).is_dir():
        session.error("give the checkout of scx first: nox -s scx -- ../scx")
    tree = str(Path(session.posargs.pop(0)).resolve())
    pytest(session, "tests/guest/test_scx.py", "-n", "auto", KTSTR_SCX_TREE=tree, KTSTR_DIE_WITH_PARENT="1")


@nox.session
def farm(session: nox.Session) -> None:
    """Test the schedulers on workers in network namespaces, two killed and one cut off: nox -s farm -- [-k name] ...

    It needs root, and a checkout that every user can read (docs/farm.md).
    """
    environment(session)
    session.run(
        *(PYTHON, "tests/farm/in_namespaces.py", "--kill", "2", "--cut", "--"),
        *(
            PYTHON,
            "-m",
            "ktstr.plugin",
            "-n",
            "4",
            "tests/schedulers",
            "--clock",
            "virtual",
            *session.posargs,
        ),
        env={"PYTHONPATH": str(ROOT)},
    )


@nox.session
def alarms(session: nox.Session) -> None:
    """Run schedulers that are right in each canned scenario: nox -s alarms -- [--sched fixture,...] [--scx ../scx] ...

    Prints a table of what violates a default check (docs/false-alarms.md). Takes an hour for each kernel.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--sched", default="")
    parser.add_argument("--scx", type=Path)
    chosen, session.posargs[:] = parser.parse_known_args(session.posargs)
    if chosen.scx and not chosen.scx.is_dir():
        session.error(f"--scx {chosen.scx}: no such folder; give a checkout of scx")
    if chosen.sched:  # a test's name begins with its scheduler's
        session.posargs.extend(("-k", " or ".join(f"{name}_" for name in chosen.sched.split(","))))
    shutil.rmtree(ROOT / "target" / "alarms", ignore_errors=True)
    try:
        tree = {"KTSTR_SCX_TREE": str(chosen.scx.resolve())} if chosen.scx else {}
        pytest_in_vms(session, "tests/alarms/test_alarms.py", **tree)
    finally:
        path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "shared")))
        session.run(PYTHON, "tests/alarms/alarm_table.py", env={"PYTHONPATH": path})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run 500 random scenarios over all operations, 50 of them twice. Takes half an hour."""
    environment(session)
    kernel = ("--kernel", "7.0")
    session.run(
        PYTHON, "-m", "pytest", "tests/guest/test_random.py", "-s", "--ignored", *kernel, *session.posargs
    )


@nox.session(name="fuzz-decoders", venv_backend="virtualenv")
def fuzz_decoders(session: nox.Session) -> None:
    """Fuzz what reads data from outside, guided by coverage: nox -s fuzz-decoders -- [--seconds 600] [target ...]."""
    separate_environment(session, "atheris>=3")
    folders = ("", "tests/shared", "tests/unit", "tests/fuzz")
    path = os.pathsep.join(str(ROOT / folder) for folder in folders)
    with session.chdir(ROOT), tempfile.TemporaryDirectory(prefix="ktstr-fuzz-") as cache:
        variables = {"PYTHONPATH": path, "KTSTR_CACHE_DIR": cache}
        session.run(
            "nice", "-n", "15", "python", "tests/fuzz/fuzz.py", *session.posargs, env=variables, external=True
        )


@nox.session(venv_backend="virtualenv")
def conditions(session: nox.Session) -> None:
    """Run the unit tests as nobody, in random order, twice at once, in Turkish: nox -s conditions -- [name ...]."""
    separate_environment(session, "pytest-randomly>=3.16")
    session.run("python", "tests/shared/conditions.py", *session.posargs)


@nox.session
def repeat(session: nox.Session) -> None:
    """Run dozens of jobs over and over on a disturbed host; each has one event stream: nox -s repeat -- [--rough].

    With --instruments each runs with and without each instrument, and must have the same stream. With --planted 20, so
    many planted changes of a scheduler's code are to be found instead.
    """
    environment(session)
    script = "planted_changes" if "--planted" in session.posargs else "repeat"
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "guest")))
    settings = {"KTSTR_DIE_WITH_PARENT": "1", "PYTHONPATH": path}
    session.run(PYTHON, f"tests/repeat/{script}.py", *session.posargs, env=settings)


@nox.session
def objects(session: nox.Session) -> None:
    """Verify BPF objects, and damaged ones made of them: nox -s objects -- [--mutants 60] [object ...]."""
    environment(session)
    session.run(PYTHON, "tests/shared/object_sweep.py", *session.posargs, env={"KTSTR_DIE_WITH_PARENT": "1"})


@nox.session(name="perf-trials")
def perf_trials(session: nox.Session) -> None:
    """Count how often `perf` finds a planted regression: nox -s perf-trials -- [--trials 20] [leak] ... Takes hours."""
    environment(session)
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "guest")))  # the second for what is planted
    settings = {"PYTHONPATH": path, "KTSTR_DIE_WITH_PARENT": "1"}
    session.run(PYTHON, "tests/trials/trials.py", *session.posargs, env=settings)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill processes, fail system calls, flip kept bytes: nox -s faults -- [kills] [calls] [flips] ... Takes hours."""
    environment(session)
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "unit")))  # the second for its web server
    session.run(PYTHON, "tests/faults/faults.py", *session.posargs, env={"PYTHONPATH": path})


@nox.session
def hosting(session: nox.Session) -> None:
    """Test that other projects can use ktstr: wheel, init, action, documents (tests/hosting). Takes minutes."""
    pytest_in_vms(session, "tests/hosting")


@nox.session(venv_backend="virtualenv")
def report(session: nox.Session) -> None:
    """Open the report of real runs in Chromium, and have axe-core look for barriers (tests/pages). Takes minutes."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium or not shutil.which("npm"):
        session.skip("needs chromium and npm: apt-get install chromium npm")
    separate_environment(session, "playwright>=1.45")
    packages = session.create_tmp()
    session.run(
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        packages,
        "axe-core@4",
        external=True,
    )
    axe = Path(packages) / "node_modules" / "axe-core" / "axe.min.js"
    settings = {"KTSTR_CHROMIUM": chromium, "KTSTR_AXE": str(axe.resolve()), "KTSTR_DIE_WITH_PARENT": "1"}
    session.run("python", "-m", "pytest", "tests/pages/test_browser.py", *session.posargs, env=settings)


@nox.session(name="first-hour")
def first_hour(session: nox.Session) -> None:
    """Replay a user's first hour on fresh Debian roots: nox -s first-hour -- [trixie] [--write]. As root."""
    environment(session)
    session.run(PYTHON, "tests/first_hour/first_hour.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Check the documents: their links and names, and the first hour, every command of it run. Takes minutes."""
    pytest_in_vms(session, "tests/unit/test_docs.py tests/hosting/test_documents.py")


@nox.session(venv_backend="virtualenv")
def package(session: nox.Session) -> None:
    """Build the wheel and the sdist into dist/, twice, and check them: same bytes, complete, good metadata."""
    session.install("build>=1.2", "hatchling", "twine>=6.1")
    session.run("python", "tests/shared/package.py", *session.posargs)


@nox.session
def reference(session: nox.Session) -> None:
    """Write the documents that are generated: docs/api.md, docs/sidecar.schema.json, and the manual page."""
    environment(session)
    session.run(PYTHON, "tests/shared/api_reference.py")
    session.run(PYTHON, "tests/shared/manual_page.py")


@nox.session(name="kvm-nested")
def kvm_nested(session: nox.Session) -> None:
    """Test the KVM path on a machine without KVM, in an emulated one. As root; takes minutes."""
    session.run(str(ROOT / "ci" / "kvm-nested"), *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure line coverage by room and fail if it is low: nox -s coverage -- [guest] counts tests in VMs as well."""
    environment(session)
    session.run(PYTHON, "-m", "coverage", "erase")
    suites = [["tests/unit"]]
    if "guest" in session.posargs:
        suites.append(["tests/schedulers", "tests/guest", "--kernel", "7.0"])
    for suite in suites:
        command = ("-m", "coverage", "run", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *suite)
        session.run(PYTHON, *command, env={"KTSTR_DIE_WITH_PARENT": "1"})
    session.run(PYTHON, "-m", "coverage", "combine", "--quiet")
    session.run(PYTHON, "tests/shared/rooms_covered.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what ktstr promises: nox -s bench -- [start] [determinism] [orders] [cells] [latency] [checks] ..."""
    environment(session)
    session.run(PYTHON, "tests/bench/bench.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff, and what is for GitHub with zizmor and actionlint."""
    environment(session)
    session.run(PYTHON, "-m", "ruff", "check")
    session.run(PYTHON, "-m", "ruff", "format", "--check")
    session.run(PYTHON, "tests/shared/workflow_lint.py")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types with mypy --strict."""
    environment(session)
    session.run(PYTHON, "-m", "mypy")


def pytest(session: nox.Session, folder: str, *args: str, **settings: str) -> None:
    """Run pytest on `folder`, or on the paths given after `--`; what is given there comes last and wins."""
    environment(session)
    # testpaths counts where pytest is given no path: only pytest can tell a path from an option's value.
    defaults = ["-o", f"testpaths={folder}", *args]
    session.run(PYTHON, "-m", "pytest", *defaults, *session.posargs, env=settings)


def pytest_in_vms(session: nox.Session, folder: str, **settings: str) -> None:
    """Run tests that start VMs: in parallel, and with a kernel named, so that it is resolved only once."""
    named = any(arg.split("=")[0] in ("--kernel", "--ktstr-kernel") for arg in session.posargs)
    pytest(
        session,
        folder,
        # worksteal: these tests are long, and must not queue behind one another while a worker is free.
        # hypothesis' plugin costs each process a second, and these tests use none of it.
        *(
            "-p",
            "no:hypothesispytest",
            "-n",
            "auto",
            "--dist",
            "worksteal",
            *(() if named else ("--kernel", "auto")),
        ),
        KTSTR_DIE_WITH_PARENT="1",  # a killed nox must not leave VMs behind
        KTSTR_COMMAND=shlex.join(["nox", "-s", session.name, "--", *session.posargs]),  # to be shown
        **settings,
    )


def environment(session: nox.Session) -> None:
    """Bring .venv up to what pyproject.toml asks for; do nothing where it is already."""
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    keys = ("version", "requires-python", "dependencies", "scripts", "entry-points")
    wanted = [str(ROOT), pyproject["build-system"], groups, *(project.get(key) for key in keys)]
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if runs(PYTHON) and STAMP.is_file() and STAMP.read_text() == digest:
            return
        STAMP.unlink(missing_ok=True)
        if not runs(PYTHON, "-m", "pip"):
            # virtualenv, which nox depends on, works where Debian has split ensurepip off; venv does not.
            session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(VENV))
        requirements = nox.project.dependency_groups(pyproject, *groups)
        session.run(PYTHON, "-m", "pip", "install", "--quiet", "--editable", str(ROOT), *requirements)
        STAMP.write_text(digest)


def separate_environment(session: nox.Session, *more: str) -> None:
    """Install into a session's own virtual environment what the unit tests need, and what only this session does."""
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    session.install("--editable", str(ROOT), *nox.project.dependency_groups(pyproject, "test", "nox"), *more)


def runs(*command: str) -> bool:
    """Whether `command --version` can be run."""
    if not os.access(command[0], os.X_OK):
        return False
    return subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    nox.main()
