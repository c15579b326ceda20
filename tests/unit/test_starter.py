"""`ktstr init`: what it writes is valid, fits the project, and never replaces an existing file."""

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ktstr.base.errors import KtstrError
from ktstr.base.installed import Installed, installed
from ktstr.declare import scheduler
from ktstr.declare.test import record_of
from ktstr.tasks.starter import ci_wheel, starter, write_new

KTSTR = (sys.executable, "-c", "from ktstr.tasks import main; main()")
ROOT = Path(__file__).parents[2]
RELEASE = Installed("ktstr==0.1.0", local=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "scx_mine"
    folder.mkdir()
    (folder / "Makefile").write_text("scx_mine:\n")
    return folder


def init(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [*KTSTR, "init", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def declared(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[scheduler.Scheduler, list[str]]:
    """The scheduler and the tests' names of a test file."""
    monkeypatch.setattr(scheduler, "_registry", {})
    defined: dict[str, object] = {"__name__": "test_mine"}
    exec(compile(text, "/project/tests/test_mine.py", "exec"), defined)
    return scheduler.registered()[0], [name for name, value in defined.items() if record_of(value)]


def test_it_writes_a_suite_and_shows_the_next_steps(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = init(project)
    assert [*told[:6], told[-1]] == [
        "wrote tests/test_scx_mine.py",
        "wrote tests/test_without_ktstr.py",
        "wrote pyproject.toml",
        "wrote .github/actions/ktstr/action.yml",
        "wrote .github/workflows/ktstr.yml",
        "",
        "Now: ktstr doctor, then ktstr test --kernel 7.0",
    ]
    mine, tests = declared((project / "tests" / "test_scx_mine.py").read_text(), monkeypatch)
    assert (mine.name, mine.binary, mine.build) == ("scx_mine", "scx_mine", ("make",))
    assert tests == ["smoke", "llc_confined", "smt"]


def test_existing_files_are_left_as_they_are(project: Path) -> None:
    (project / "pyproject.toml").write_text("# mine\n")
    (project / "tests").mkdir()
    (project / "tests" / "test_scx_mine.py").write_text("# mine, too\n")
    told = init(project)
    assert told[:3] == [
        "exists already, left as it is: tests/test_scx_mine.py",
        "wrote tests/test_without_ktstr.py",
        "exists already, left as it is: pyproject.toml",
    ]
    assert f'    ktstr = ["{installed().requirement}"]' in told
    assert (project / "pyproject.toml").read_text() == "# mine\n"
    assert (project / "tests" / "test_scx_mine.py").read_text() == "# mine, too\n"
    assert all(line.startswith("exists already") for line in init(project)[:5])


def test_a_dangling_link_counts_as_an_existing_file(project: Path) -> None:
    (project / "pyproject.toml").symlink_to("elsewhere")
    assert dict(write_new(project, {"pyproject.toml": "x"})) == {"pyproject.toml": False}
    assert not (project / "elsewhere").exists()


def test_the_extra_pins_what_is_installed(project: Path) -> None:
    init(project)
    extras = tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras == {"ktstr": [installed().requirement]}


def test_its_workflow_uses_the_action_beside_it(project: Path) -> None:
    init(project)
    workflow = yaml.safe_load((project / ".github/workflows/ktstr.yml").read_text())
    step = workflow["jobs"]["test"]["steps"][-1]
    action = project / step["uses"].removeprefix("$/") / "action.yml"
    assert action.read_text() == (ROOT / "ci" / "action.yml").read_text()


@pytest.mark.parametrize(
    ("file", "build"),
    [("Cargo.toml", "cargo build --release"), ("Makefile", "make"), ("meson.build", "meson compile")],
)
def test_the_build_is_the_projects(tmp_path: Path, file: str, build: str) -> None:
    (tmp_path / file).touch()
    files, _ = starter(tmp_path, RELEASE, name="mine", binary=None, bpf=None, build=None)
    assert build in files["tests/test_mine.py"]


def test_a_scheduler_given_as_bpf_needs_no_build(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "mine.bpf.c").touch()
    files, _ = starter(project, RELEASE, name="mine", binary=None, bpf="mine.bpf.c", build=None)
    mine, _ = declared(files["tests/test_mine.py"], monkeypatch)
    assert (mine.bpf, mine.binary, mine.build) == (Path("/project/mine.bpf.c"), None, ())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "a/b"), "ktstr: --name a/b: must be 1 to 63 letters"),
        (("--bpf", "no.bpf.c"), "ktstr: --bpf no.bpf.c: no such file in "),
        (("--bpf", "a.bpf.c", "--binary", "a"), "ktstr: --binary and --bpf: give one of them"),
        (("--build", "make && make"), "ktstr: --build='make && make': is run without a shell"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    project: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = subprocess.run(
        [*KTSTR, "init", *arguments], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert [path.name for path in project.iterdir()] == ["Makefile"]


def test_a_folder_that_cannot_be_written_is_reported(project: Path) -> None:
    (project / "tests").write_text("a file")
    files, _ = starter(project, RELEASE, name=None, binary=None, bpf=None, build=None)
    with pytest.raises(KtstrError, match=r"tests/test_scx_mine\.py: "):
        list(write_new(project, files))


def test_without_ktstr_the_suite_is_skipped(project: Path) -> None:
    """A Python that cannot import ktstr, as if it were not installed."""
    init(project)
    (project / "conftest.py").write_text("import sys\nsys.modules['ktstr'] = None\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:ktstr", "-p", "no:hypothesispytest", "-rs"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "collected 1 item / 1 skipped" in done.stdout, done.stdout
    assert "could not import 'ktstr'" in done.stdout
    assert "ktstr is not installed; pyproject.toml lists what its tests need" in done.stdout
    assert done.returncode == 0, shlex.join(command)


def workflow_installs(files: dict[str, str]) -> object:
    workflow = yaml.safe_load(files[".github/workflows/ktstr.yml"])
    return workflow["jobs"]["test"]["steps"][-1]["with"].get("install")


def written(project: Path, ktstr: Installed) -> tuple[dict[str, str], list[str]]:
    return starter(project, ktstr, name=None, binary=None, bpf=None, build=None)


def test_an_address_is_pinned_for_the_tests_and_for_ci(project: Path) -> None:
    requirement = "ktstr@git+https://example.org/ktstr@1a2b#subdirectory=x"
    files, hints = written(project, Installed(requirement, local=False))
    extras = tomllib.loads(files["pyproject.toml"])["project"]["optional-dependencies"]
    assert extras == {"ktstr": [requirement]}
    assert workflow_installs(files) == requirement
    assert len(hints) == 1


def test_ci_installs_no_name_that_anybody_could_take(project: Path) -> None:
    files, hints = written(project, Installed("ktstr==0.2.0", local=False))
    extras = tomllib.loads(files["pyproject.toml"])["project"]["optional-dependencies"]
    assert extras == {"ktstr": ["ktstr==0.2.0"]}
    assert workflow_installs(files) is None
    assert hints[0].startswith(
        "CI does not install ktstr==0.2.0, a name that in CI's index may be somebody else's: "
    )


def test_ci_installs_a_copy_of_the_wheel_that_is_installed_here(project: Path) -> None:
    wheel = project.parent / "my wheels" / "ktstr-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"PK\x03\x04")
    ktstr = Installed(f"ktstr@{wheel.as_uri()}", local=True)
    files, hints = written(project, ktstr)
    assert ci_wheel(ktstr) == {".github/actions/ktstr/ktstr-0.1.0-py3-none-any.whl": b"PK\x03\x04"}
    assert workflow_installs(files) is None
    assert hints[0] == f"pyproject.toml names ktstr@{wheel.as_uri()}, which only this machine has:"
    assert not any("CI" in hint for hint in hints)
    wheel.unlink()
    assert ci_wheel(ktstr) == {}


def test_a_clone_that_only_this_machine_has_is_said(project: Path) -> None:
    clone = project.parent / "my clone"
    clone.mkdir()
    _, hints = written(project, Installed(f"ktstr@{clone.as_uri()}", local=True))
    assert f"    pip wheel --no-deps -w .github/actions/ktstr '{clone}'" in hints
