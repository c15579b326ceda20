"""What a project sets once: `[tool.ktstr]`, the environment, and which of them counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.settings import Settings, environment_settings, merged, project_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KERNEL", "TOPOLOGY", "CLOCK", "SEED", "PERTURB"):
        monkeypatch.delenv(f"KTSTR_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def table(text: str) -> dict[str, object]:
    Path("pyproject.toml").write_text(f"[tool.ktstr]\n{text}\n")
    return project_settings(Path.cwd())


def test_a_project_sets_each_of_them() -> None:
    settings = merged(
        table(
            'kernels = ["7.0", "6.16..=6.18"]\ntopology = "1n2l4c1t"\nclock = "virtual"\nseed = 7\n'
            'perturb = "on"\npresets = ["tiny-1llc", "max-cpu"]'
        )
    )
    assert settings == Settings(
        ("7.0", "6.16..=6.18"), Topology(1, 2, 4, 1), "virtual", 7, "on", ("tiny-1llc", "max-cpu")
    )


def test_guests_run_here_or_on_a_farm() -> None:
    assert merged().executor == "local"
    assert table('executor = "local"') == {"executor": "local"}
    assert table('executor = "tcp://farm:8786"') == {"executor": "dask://farm:8786"}


def test_a_single_kernel_needs_no_list() -> None:
    assert table('kernels = "7.0"') == {"kernels": ("7.0",)}


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    table("seed = 7")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert project_settings(inner) == {"seed": 7}
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert project_settings(inner) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sede = 7",
            "sede: unknown key; near is seed;"
            " must be one of clock, executor, gauntlet, kernels, perturb, presets, seed, shrink_seconds, topology",
        ),
        ("seed = '7'", "seed = '7': must be a whole number"),
        ("seed = true", "seed = True: must be a whole number"),
        ("seed = -1", "seed = -1: must be between 0 and 4294967295"),
        ("shrink_seconds = 1.5", "shrink_seconds = 1.5: must be a whole number"),
        ("shrink_seconds = 86401", "shrink_seconds = 86401: must be between 0 and 86400"),
        ("clock = 'wall'", "clock = 'wall': must be real, virtual or auto"),
        ("perturb = true", "perturb = True: must be on, off or auto"),
        ("kernels = 7.0", "kernels = 7.0: must be a string or a list of strings"),
        ("kernels = [7.0]", "kernels = [7.0]: must be a string or a list of strings"),
        (
            "executor = 'farm'",
            "executor = 'farm': must be local, or dask://host:8786, or dask+tls://host:8786",
        ),
        ("executor = 1", "executor = 1: must be a string: local, dask://host:8786, or dask+tls://host:8786"),
        ("topology = [1, 2, 4, 1]", "topology = [1, 2, 4, 1]: must be a string such as '1n2l4c1t'"),
    ],
)
def test_a_mistake_names_file_key_value_and_what_is_accepted(text: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        table(text)
    assert str(error.value) == f"pyproject.toml: [tool.ktstr] {message}"


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("kernels = ['seven']", "kernels = ['seven']: kernel 'seven': accepted are "),
        ("topology = '1n'", "topology = '1n': topology '1n': not of the form 1n2l4c1t"),
        ("presets = ['huge']", "presets = ['huge']: no preset huge; must be of tiny-1llc, tiny-2llc, "),
    ],
)
def test_a_value_of_a_grammar_is_explained_by_it(text: str, begin: str) -> None:
    with pytest.raises(KtstrError) as error:
        table(text)
    assert str(error.value).startswith(f"pyproject.toml: [tool.ktstr] {begin}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("tool.ktstr = 3", "pyproject.toml: tool.ktstr = 3: must be a table"),
        ("[tool.ktstr", "pyproject.toml: not TOML: "),
    ],
)
def test_a_file_without_such_a_table_is_explained(text: str, begin: str) -> None:
    Path("pyproject.toml").write_text(text)
    with pytest.raises(KtstrError) as error:
        project_settings(Path.cwd())
    assert str(error.value).startswith(begin)


def test_the_environment_comes_before_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    project = table("seed = 7\nclock = 'real'\nkernels = '7.0'")
    monkeypatch.setenv("KTSTR_SEED", "8")
    monkeypatch.setenv("KTSTR_KERNEL", "7.3")  # what `auto` means
    settings = merged(environment_settings(), project)
    assert (settings.seed, settings.clock, settings.kernels) == (8, "real", ())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KTSTR_SEED", "one", "KTSTR_SEED=one: must be a whole number"),
        ("KTSTR_CLOCK", "wall", "KTSTR_CLOCK=wall: must be real, virtual or auto"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(KtstrError) as error:
        environment_settings()
    assert str(error.value) == message
