"""The package as it would be uploaded, and what its wheel is worth alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from outside import ROOT, environment, run

pytest_plugins = "installed"


def test_the_package_is_the_same_each_time_complete_and_described(tmp_path: Path) -> None:
    """What `nox -s package` runs, in an environment of its own."""
    python = environment(tmp_path / "tools", "build", "hatchling", "twine") / "python"
    said = run(python, ROOT / "tests" / "shared" / "package.py", tmp_path / "dist", cwd=tmp_path)
    built = sorted(path.name for path in (tmp_path / "dist").iterdir())
    assert re.findall(r"^[0-9a-f]{64}  (\S+)$", said, re.MULTILINE) == built
    assert [name.split("-")[0] for name in built] == ["ktstr", "ktstr"]


def test_a_wheel_that_knows_where_it_is_published_links_there(tmp_path: Path) -> None:
    home = "https://git.example.org/ktstr"
    python = environment(tmp_path / "tools", "build", "hatchling") / "python"
    run(python, "-m", "build", "-n", "-w", "-o", tmp_path, ROOT, cwd=tmp_path, KTSTR_HOME_URL=home)
    (wheel,) = tmp_path.glob("*.whl")
    installed = environment(tmp_path / "installed", wheel)
    show = "from importlib.metadata import metadata; print(metadata('ktstr'))"
    said = run(installed / "python", "-c", show, cwd=tmp_path)
    assert f"Project-URL: Homepage, {home}\n" in said
    assert f"({home}/blob/main/docs/hosting.md)" in said


def test_what_init_writes_installs_the_same_ktstr_again(installed: Path, tmp_path: Path) -> None:
    """The pin is the wheel's path: a second environment gets ktstr by the project's own extra."""
    project = tmp_path / "scx_mine"
    project.mkdir()
    (project / "mine.bpf.c").write_text("")
    run(installed / "ktstr", "init", "--bpf", "mine.bpf.c", cwd=project)
    pins = tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"][
        "ktstr"
    ]
    assert pins[0].startswith("ktstr@file://")
    again = environment(tmp_path / "again", f"{project}[ktstr]")
    collected = run(again / "python", "-m", "pytest", "--collect-only", "-q", "--kernel", "7.0", cwd=project)
    assert "::smoke[7.0" in collected
    assert (again.parent / "share" / "man" / "man1" / "ktstr.1").is_file()
