"""The action and the example workflow: valid, pinned to this version, and complete."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import plugin_project
import pytest
import yaml
from plugin_project import PASSING, Run

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

ROOT = Path(__file__).parents[2]
CI = ROOT / "ci"
WORKFLOW = yaml.safe_load((CI / "workflow.yml").read_text())
ACTION = yaml.safe_load((CI / "action.yml").read_text())
SUITE = PASSING + "".join(f"@ktstr_test()\ndef other{n}(ctx):\n    ctx.run()\n" for n in range(4))


@pytest.mark.parametrize(("file", "schema"), [("action", "github-actions"), ("workflow", "github-workflows")])
def test_it_is_valid_by_the_published_schema(file: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, CI / f"{file}.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_by_its_commit_and_says_the_version() -> None:
    used = [
        line.split("uses: ")[1] for name in ("action", "workflow") for line in lines(name) if "uses: " in line
    ]
    assert len(used) == 7
    assert [
        one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\S+ # .*", one)
    ] == []


def lines(name: str) -> list[str]:
    return (CI / f"{name}.yml").read_text().splitlines()


def test_the_workflow_installs_no_name_and_may_do_nothing_but_read() -> None:
    assert "install" not in WORKFLOW["jobs"]["test"]["steps"][-1]["with"]
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["test"]["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["test"]["steps"][0]["with"] == {"persist-credentials": False}


def test_a_pull_requests_branch_is_not_tested_twice() -> None:
    assert WORKFLOW[True] == {"push": {"branches": ["main", "master"]}, "pull_request": None}  # YAML 1.1's on


def test_the_workflow_gives_the_action_only_inputs_that_it_takes() -> None:
    assert set(WORKFLOW["jobs"]["test"]["steps"][-1]["with"]) <= set(ACTION["inputs"])


def test_every_input_is_used_and_described() -> None:
    text = (CI / "action.yml").read_text()
    documented = (ROOT / "docs" / "ci.md").read_text()
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
        assert f"| `{name}` |" in documented


def test_scripts_take_inputs_from_their_environment() -> None:
    """An expression in a script would be code: what a pull request's author writes must not be."""
    assert [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_ci_runs_the_readmes_commands_and_the_unit_tests_on_debian_stable() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    readme = (ROOT / "README.md").read_text()
    for command in ("ci/nox -s setup test -- --kernel 7.0", "ci/nox"):
        assert f"\n{command}\n" in script
        assert command in readme
    assert re.search(
        r"^ci/fresh-root --suite trixie --setup .* ci/nox -s setup unit warnings$", script, re.MULTILINE
    )


@pytest.mark.parametrize("script", ["ci/fresh-root", "ci/kvm-nested", "ci/nox", ".ci/run"])
def test_every_script_parses_in_its_shell(script: str) -> None:
    shell = (ROOT / script).read_text().splitlines()[0].split("/")[-1].split()[-1]
    done = subprocess.run([shell, "-n", ROOT / script], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--color", "ci/nox"], "--color: not a setting; the head of this script lists them"),
        (["--suite"], "--suite: needs a value"),
        (["--setup"], "which command? For example: ci/fresh-root ci/nox -s setup test -- --kernel 7.0"),
    ],
)
def test_a_wrong_setting_for_fresh_root_is_one_line(arguments: list[str], told: str) -> None:
    command = [str(CI / "fresh-root"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == (f"fresh-root: {told}\n", 2)


def test_the_matrix_runs_every_test_once_on_each_kernel(run: Run) -> None:
    matrix = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]

    def collected(*arguments: str) -> list[str]:
        result = run(SUITE, "--collect-only", "-q", *arguments)
        return [line for line in result.outlines if "::" in line]

    everything = collected(*(word for kernel in matrix["kernel"] for word in ("--kernel", kernel)))
    jobs = [
        collected("--kernel", kernel, "--shard", shard)
        for kernel, shard in itertools.product(matrix["kernel"], matrix["shard"])
    ]
    assert len(jobs) == 4
    assert all(jobs)
    assert sorted(name for job in jobs for name in job) == sorted(everything)
    assert len(everything) == 10
