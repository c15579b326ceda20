"""Messages name a command as the user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.base.front_end import typed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("nox -s test -- --kernel 7.0", ("nox -s test", "nox -s test -- --lf", "invoke doctor")),
        ("invoke doctor", ("nox -s test", "nox -s test -- --lf", "invoke doctor")),
        ("ktstr test", ("ktstr test", "ktstr test --lf", "ktstr doctor")),
        ("", ("ktstr test", "ktstr test --lf", "ktstr doctor")),
    ],
)
def test_in_a_checkout_of_ktstr(
    monkeypatch: pytest.MonkeyPatch, command: str, told: tuple[str, str, str]
) -> None:
    monkeypatch.chdir(ROOT / "docs")
    monkeypatch.setenv("KTSTR_COMMAND", command)
    assert (typed("test"), typed("test", "--lf"), typed("doctor")) == told


def test_in_another_project_nox_has_sessions_of_other_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KTSTR_COMMAND", "nox -s ktstr-test --")
    assert (typed("test"), typed("doctor")) == ("ktstr test", "ktstr doctor")
