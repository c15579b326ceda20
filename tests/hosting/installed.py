"""ktstr as users have it: its wheel, and an environment with only that. A plugin for the tests here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from outside import ROOT, environment, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT, cwd=folder)
    (built,) = folder.glob("ktstr-*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """The `bin` of an environment into which the wheel was installed."""
    return environment(wheel.parent / "installed", wheel)
