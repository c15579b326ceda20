"""The package's metadata: complete, and readable where only the package is."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from manual_page import MANUAL, manual_page

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """hatch_build.py, without hatchling, which only a build has."""
    name = "hatchling.metadata.plugin.interface"
    interface = ModuleType(name)
    interface.__dict__["MetadataHookInterface"] = object
    for parent in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin"):
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    monkeypatch.setitem(sys.modules, name, interface)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_metadata_is_complete() -> None:
    assert set(PROJECT["dynamic"]) == {"readme", "urls"}
    wanted = {
        "description",
        "authors",
        "license",
        "license-files",
        "requires-python",
        "keywords",
        "classifiers",
    }
    assert wanted <= set(PROJECT)


def test_outside_the_repository_no_link_of_the_readme_is_relative(hook: Any) -> None:
    home = "https://git.example.org/ktstr"
    text = hook.long_description(README, home)
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert f"{home}/blob/main/docs/getting-started.md" in targets
    assert all(target.startswith("https://") for target in targets)
    assert re.findall(r"\]\(", hook.long_description(README, "")) == []


def test_the_addresses_lead_to_files_of_the_repository(hook: Any) -> None:
    home = "https://git.example.org/ktstr"
    assert hook.urls("") == {}
    addresses = hook.urls(home)
    assert {"Homepage", "Source", "Issues", "Documentation", "Changelog"} <= set(addresses)
    files = [one.removeprefix(f"{home}/blob/main/") for one in addresses.values() if "/blob/" in one]
    assert all((ROOT / name).is_file() for name in files)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_a_page_at_the_top_links_to_what_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text().replace("\n", " ")):
        assert "://" in target or (ROOT / target.strip()).exists(), target


def test_the_changes_begin_with_this_version() -> None:
    first = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    assert first == PROJECT["version"]


def test_the_manual_page_is_what_the_commands_say() -> None:
    """Word by word, because argparse of another Python breaks lines elsewhere."""
    assert MANUAL.read_text().split() == manual_page().split(), "run: nox -s reference"


def test_the_manual_page_is_valid() -> None:
    command = ["groff", "-man", "-Tascii", "-ww", str(MANUAL)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no groff")
    assert (done.returncode, done.stderr) == (0, "")
    assert "kernel-build" in done.stdout
