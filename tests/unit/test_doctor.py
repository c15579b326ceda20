"""The doctor and the setup: what they find, report and install."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.host import diagnosis
from ktstr.host.diagnosis import Acceleration, Diagnosis
from ktstr.host.distribution import Distribution, Family, distribution
from ktstr.host.setup import setup
from ktstr.host.tools import TOOLS, Check, Need, Tool, Unusable, check
from ktstr.tasks.doctor import as_json, as_text
from ktstr.toolchain.compiler import host_compiler
from ktstr.vm.qemu.program import find_qemu

CLANG = next(tool for tool in TOOLS if tool.name == "clang")
DEBIAN_12 = {"ID": "debian", "VERSION_ID": "12"}


def a_tool(path: Path, need: Need = "required") -> Tool:
    """A tool that exists once the file at `path` does."""

    def find() -> str:
        if not path.exists():
            raise Unusable("missing")
        return "1.2"

    return Tool("widget", find, "test", {"debian": "widget-bin", "fedora": "widget", "arch": "widget"}, need)


def a_diagnosis(*checks: Check) -> Diagnosis:
    return Diagnosis(
        host=distribution(DEBIAN_12),
        checks=checks,
        acceleration=Acceleration("tcg", "virtual", "no /dev/kvm"),
        python="3.11.2",
        python_packages={"requests": "2.31"},
        cache=Path("/cache"),
        cache_size=3 << 30,
        cache_free=10 << 30,
    )


@pytest.mark.parametrize(
    ("os_release", "clang"),
    [
        (DEBIAN_12, "clang-16"),
        ({"ID": "debian", "VERSION_ID": "13"}, "clang"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22"}, "clang"),
        ({"ID": "fedora", "VERSION_ID": "42"}, "clang"),
        ({"ID": "arch"}, "clang"),
        ({"ID": "plan9"}, ""),
    ],
)
def test_a_package_is_named_as_the_distribution_names_it(os_release: dict[str, str], clang: str) -> None:
    assert distribution(os_release).package_names(CLANG) == clang


def test_every_tool_has_a_package_in_every_family() -> None:
    for tool in TOOLS:
        assert {"debian", "fedora", "arch"} <= {key for key, names in tool.packages.items() if names}, (
            tool.name
        )


def test_the_compiler_that_is_shown_is_the_one_that_builds() -> None:
    shown = {one.tool.name: one.version for one in check(TOOLS)}
    assert shown["C compiler"] == host_compiler().version


@pytest.mark.parametrize(
    ("name", "variable", "banner", "problem"),
    [
        ("clang", "KTSTR_CLANG", "Debian clang version 11.0.1-2", "11.0.1 is too old"),
        ("QEMU", "KTSTR_QEMU", "QEMU emulator version 5.2.0", "5.2.0 is too old"),
        ("C compiler", "CC", "", "CC={path}: not a C compiler that can be run"),
    ],
)
def test_an_unusable_tool_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, banner: str, problem: str
) -> None:
    script = tmp_path / "tool"
    script.write_text(f"#!/bin/sh\necho '{banner}'\n")
    script.chmod(0o755)
    monkeypatch.setenv(variable, str(script))
    find_qemu.cache_clear()
    found = check([tool for tool in TOOLS if tool.name == name])[0]
    assert found.problem == problem.format(path=script)


def test_missing_tools_are_listed_and_the_last_line_is_the_command() -> None:
    text = as_text(a_diagnosis(Check(CLANG, problem="14.0.6 is too old")), colour=False)
    row = next(line for line in text.splitlines() if line.startswith("clang"))
    assert "14.0.6 is too old" in row
    last = text.splitlines()[-1]
    assert last.endswith("apt-get install --no-install-recommends clang-16")
    assert "is there" not in text


def test_a_missing_optional_tool_needs_no_remedy(tmp_path: Path) -> None:
    found = a_diagnosis(*check([a_tool(tmp_path / "none", "optional")]))
    assert found.able
    assert as_text(found, colour=False).endswith("Everything that `ktstr test` needs is there.")


def test_a_missing_python_package_counts_as_missing() -> None:
    found = replace(a_diagnosis(), python_packages={"requests": None})
    assert not found.able
    assert "requests missing" in as_text(found, colour=False)


def test_json_has_everything_that_the_table_has() -> None:
    data = json.loads(as_json(a_diagnosis(Check(CLANG, problem="missing"))))
    assert data["able"] is False
    assert data["tools"][0]["packages"]["debian 12"] == "clang-16"
    assert (data["accelerator"], data["clock"]) == ("tcg", "virtual")


def test_doctor_on_a_bare_machine_exits_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "doctor", "--json"],
        cwd=Path(__file__).parents[2],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "KTSTR_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    data = json.loads(done.stdout)
    assert {one["name"] for one in data["tools"] if not one["found"]} >= {
        "QEMU",
        "C compiler",
        "clang",
        "git",
    }
    assert "gcc" in data["remedy"]


def test_setup_that_may_not_install_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"apt-get install --no-install-recommends widget-bin$"):
        setup([a_tool(tmp_path / "widget")], distribution(DEBIAN_12), None)


def test_setup_continues_without_tools_that_are_only_advised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup([a_tool(tmp_path / "widget", "advised")], distribution(DEBIAN_12), None)
    assert "apt-get install --no-install-recommends widget-bin" in capsys.readouterr().out


def test_setup_on_an_unknown_distribution_names_the_tools(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match="install widget with this system's package manager"):
        setup([a_tool(tmp_path / "widget")], distribution({"ID": "plan9"}), [])


@pytest.fixture
def package_manager(tmp_path: Path) -> Callable[[str], Distribution]:
    """Makes a distribution whose package manager is a script: `refresh` and `install` run its lines."""

    def make(install: str) -> Distribution:
        script = tmp_path / "pm"
        script.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/log\n[ "$1" = update ] || {{ {install}; }}\n')
        script.chmod(0o755)
        family = Family("debian", "Testian", (str(script), "install"), "--yes", (str(script), "update"))
        return Distribution("testian 1", family)

    return make


def test_setup_installs_missing_packages_once(
    tmp_path: Path, package_manager: Callable[[str], Distribution]
) -> None:
    host = package_manager(f"touch {tmp_path}/widget")
    for _ in range(2):
        setup([a_tool(tmp_path / "widget")], host, [])
    assert (tmp_path / "log").read_text() == "update\ninstall widget-bin --yes\n"


def test_setup_reports_a_package_manager_that_fails(package_manager: Callable[[str], Distribution]) -> None:
    with pytest.raises(KtstrError, match=r"pm install widget-bin --yes failed"):
        setup([a_tool(Path("/nonexistent"))], package_manager("exit 1"), [])


def test_setup_reports_a_package_that_did_not_help(package_manager: Callable[[str], Distribution]) -> None:
    with pytest.raises(KtstrError, match=r"still not usable: widget \(missing\)"):
        setup([a_tool(Path("/nonexistent"))], package_manager("true"), [])


@pytest.mark.parametrize("os_release", [DEBIAN_12, {"ID": "fedora"}, {"ID": "arch"}])
@pytest.mark.parametrize(
    "problem", ["missing", "CC=/home/me/compilers/bin/cc: not a C compiler that can be run"]
)
def test_a_row_is_one_line_of_80_columns_whatever_is_wrong(os_release: dict[str, str], problem: str) -> None:
    """Only what is to be typed may be longer."""
    reason = (
        "KVM is broken: its probe guest ended with signal 6 (qemu-system-x86_64: error: failed to set MSR)"
    )
    found = replace(
        a_diagnosis(*(Check(tool, problem=problem) for tool in TOOLS)),
        host=distribution(os_release),
        acceleration=Acceleration("tcg", "virtual", reason),
        python_packages={f"package-{number}": "1.2.3" for number in range(12)},
    )
    lines = as_text(found, colour=False).splitlines()
    rows = lines[1 : 1 + len(TOOLS)]
    assert [row.split("  ")[0] for row in rows] == [tool.name for tool in TOOLS]
    assert [line for line in lines[:-1] if len(line) > 80] == []
    if problem != "missing":
        assert f"{TOOLS[0].name + ':':20}{problem}".startswith(lines[1 + len(TOOLS)])


def test_paragraphs_fit_a_narrow_terminal() -> None:
    text = as_text(a_diagnosis(), colour=False, columns=40)
    below = text.split("\n\n")[1].splitlines()
    assert all(len(line) <= 40 for line in below)
    assert below[-2:] == ["cache    /cache: 3.22 GB used, 10.74 GB", "         free on its disk"]


def test_a_package_of_an_extra_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    required = ["pytest>=8", "nosuch-a>=1", 'nosuch-b>=1; extra == "farm"', "nosuch-c ; extra=='farm'"]
    monkeypatch.setattr(diagnosis, "requires", lambda _: required)
    found = diagnosis._python_packages()
    assert set(found) == {"pytest", "nosuch-a"}
    assert found["nosuch-a"] is None
