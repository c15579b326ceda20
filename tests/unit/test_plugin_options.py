"""The plugin's options and settings: their two spellings, other plugins, and which source counts."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import OPTIONS, PASSING, Run, lines, resolved, sidecars

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

OTHER = """
def pytest_addoption(parser):
    parser.getgroup("other").addoption("--seed", dest="other_seed", default="none")


def pytest_report_header(config):
    return f"other seed: {config.getoption('other_seed')}"
"""


@pytest.mark.parametrize("prefix", ["--", "--ktstr-"])
def test_an_option_has_two_forms(run: Run, pytester: pytest.Pytester, prefix: str) -> None:
    names = {"kernel": "7.0", "seed": "7", "topology": "1n1l8c1t", "clock": "real", "perturb": "on"}
    arguments = [word for name, value in names.items() for word in (prefix + name, value)]
    assert lines(run(PASSING, *arguments)) == ["PASS (1/1) basic_steady 7.0.13 1n1l8c1t my_sched"]
    document = sidecars(pytester)["basic_steady"]
    assert [document[name] for name in ("seed", "clock", "perturb")] == [7, "real", True]


@pytest.mark.parametrize("order", [("-p", "other"), ()])
def test_a_short_option_of_another_plugin_stays_its_own(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    pytester.makepyfile(other=OTHER)
    monkeypatch.syspath_prepend(pytester.path)
    if not order:
        monkeypatch.setenv("PYTEST_PLUGINS", "other")  # these come after installed plugins
    result = run(PASSING, *order, "--kernel", "7.0", "--seed", "other's", "--ktstr-seed", "9")
    result.stdout.fnmatch_lines(["other seed: other's"])
    assert result.ret == 0
    assert sidecars(pytester)["basic_steady"]["seed"] == 9
    result = run("", *order, "--kernel", "7.0", "--ktstr-seed", "x")
    assert result.errlines == ["ktstr: --ktstr-seed x: must be a whole number"]


def test_the_value_of_a_short_option_is_not_a_test_path(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "sub").mkdir()
    (pytester.path / "sub" / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--mine', action='store_true')\n"
    )
    (pytester.path / "sub" / "test_plain.py").write_text("def test_plain():\n    pass\n")
    pytester.makeini("[pytest]\ntestpaths = sub\n")
    assert run("", "--mine", "--kernel", "7.0").ret == 0


def test_help_has_both_forms(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_inprocess(*OPTIONS, "--help").stdout.str()
    assert "--ktstr-kernel=SPEC" in text
    assert "--kernel=SPEC" in text
    assert "ktstr_kernels (args)" in text


def test_the_command_line_comes_first_then_the_environment_the_ini_file_and_the_project(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seed(*arguments: str) -> object:
        assert run(PASSING, *arguments).ret == 0
        return sidecars(pytester, "7.3.4-nogit")["basic_steady"]["seed"]

    assert seed() == 1
    pytester.makepyprojecttoml("[tool.ktstr]\nseed = 2\n")
    assert seed() == 2
    pytester.makepyprojecttoml("[tool.ktstr]\nseed = 2\n[tool.pytest.ini_options]\nktstr_seed = '3'\n")
    assert seed() == 3
    monkeypatch.setenv("KTSTR_SEED", "4")
    assert seed() == 4
    assert seed("--seed", "5") == 5


def test_a_project_names_its_kernels_once(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyprojecttoml("[tool.ktstr]\nkernels = ['7.0', '7.3']\n")
    ids = ["test_it.py::basic_steady[7.0]", "test_it.py::basic_steady[7.3]"]
    assert run(PASSING, "--collect-only", "-q").outlines[:2] == ids
    assert run("", "--collect-only", "-q", "--kernel", "7.3").outlines[0] == ids[1]
    monkeypatch.setenv("KTSTR_KERNEL", "7.3")
    assert run("", "--collect-only", "-q").outlines[0] == "test_it.py::basic_steady[auto]"


@pytest.mark.parametrize("how", ["project", "suite"])
def test_under_xdist_the_controller_alone_resolves_kernels_that_it_knows_of(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "project":
        pytester.makepyprojecttoml("[tool.ktstr]\nkernels = '7.0'\n")
    else:
        monkeypatch.setenv("KTSTR_SUITE", "1")  # as `ktstr test` sets it
    assert run(PASSING, "-n1").ret == 0
    assert resolved(pytester) == (["7.0"] if how == "project" else ["None"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.ktstr]\nclocks = 'real'\n",
            "ktstr: pyproject.toml: [tool.ktstr] clocks: unknown key; near is clock; must be one of clock, executor,"
            " gauntlet, kernels, perturb, presets, seed, shrink_seconds, topology",
        ),
        (
            "[tool.pytest.ini_options]\nktstr_clock = 'wall'\n",
            "ktstr: pyproject.toml: ktstr_clock = 'wall': must be real, virtual or auto",
        ),
    ],
)
def test_a_mistake_in_the_settings_is_one_line_and_status_2(
    run: Run, pytester: pytest.Pytester, text: str, message: str
) -> None:
    pytester.makepyprojecttoml(text)
    result = run(PASSING)
    assert result.ret == 2
    assert result.errlines == [message]


def test_the_ini_file_can_name_several_kernels(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nktstr_kernels = 7.0 7.3\nktstr_topology = 1n1l8c1t\n")
    assert lines(run(PASSING)) == [
        "PASS (1/2) basic_steady 7.0.13 1n1l8c1t my_sched",
        "PASS (2/2) basic_steady 7.3.4  1n1l8c1t my_sched",
    ]
