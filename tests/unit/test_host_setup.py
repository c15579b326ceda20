"""The host for setup and doctor: who may install, what they report of an empty host, and the two commands."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from invoke import Context, Exit

from ktstr import KtstrError
from ktstr.host import diagnosis, setup
from ktstr.host.diagnosis import Acceleration, Diagnosis
from ktstr.host.distribution import distribution, root_prefix
from ktstr.host.tools import Tool, Unusable
from ktstr.tasks.doctor import doctor

NOTHING = "import sys; from ktstr.host.diagnosis import diagnose; found = diagnose(); "
SHOWN = (
    "print(found.able, found.acceleration.accelerator, found.acceleration.reason, found.cache_size, sep='|')"
)


# Who may install


def a_sudo(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (folder / "sudo").write_text(f"#!{shutil.which('sh')}\n[ \"$*\" = '-n true' ] && exit {status}\n")
    (folder / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_root_installs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert root_prefix() == []


def test_sudo_is_used_if_it_asks_for_no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    a_sudo(tmp_path, monkeypatch, 0)
    assert root_prefix() == ["sudo", "-n"]


def test_nobody_installs_if_sudo_would_ask_or_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_sudo(tmp_path, monkeypatch, 1)
    assert root_prefix() is None
    (tmp_path / "sudo").unlink()
    assert root_prefix() is None


def test_a_host_without_os_release_has_no_family(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> dict[str, str]:
        raise OSError

    monkeypatch.setattr(platform, "freedesktop_os_release", missing)
    assert distribution().family is None
    assert distribution().install_command(["gcc"]) == []


# The commands


@pytest.mark.parametrize(
    ("error", "status", "out", "err"),
    [
        (None, 0, "setup: everything that the tests need is there\n", ""),
        (KtstrError("setup: gcc is missing"), 2, "", "ktstr: setup: gcc is missing\n"),
        (KeyboardInterrupt(), 130, "", ""),
    ],
)
def test_setup_ends_with_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    status: int,
    out: str,
    err: str,
) -> None:
    def stand_in(*_arguments: object) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(setup, "setup", stand_in)
    assert setup.main() == status
    assert capsys.readouterr() == (out, err)


@pytest.mark.parametrize(
    ("only", "needs"),
    [(None, ("required", "advised")), ("required", ("required",)), ("optional", ("optional",))],
)
def test_setup_installs_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, only: str | None, needs: tuple[str, ...]
) -> None:
    given: list[object] = []
    monkeypatch.setattr(setup, "setup", lambda *arguments: given.append(arguments[3]))
    assert setup.main(only) == 0
    assert given == [needs]


def test_setup_of_the_required_leaves_the_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise Unusable("missing")

    packages = {"debian": "some-package"}
    tools = [Tool("flex", missing, "kernel-build", packages, need="advised")]
    asked: list[object] = []
    monkeypatch.setattr(setup, "install", lambda *arguments: asked.append(arguments[0]))
    host = distribution({"ID": "debian"})
    setup.setup(tools, host, [], ("required",))
    assert asked == []
    setup.setup(tools, host, [])
    assert asked == [["some-package"]]


def test_a_host_without_an_emulator_is_diagnosed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "blob").write_bytes(bytes(4096))
    environment = {**os.environ, "PATH": str(tmp_path), "KTSTR_CACHE_DIR": str(cache)}
    environment.pop("KTSTR_QEMU", None)
    done = subprocess.run(
        [sys.executable, "-c", NOTHING + SHOWN], env=environment, capture_output=True, text=True, check=True
    )
    able, accelerator, reason, size = done.stdout.strip().split("|")
    assert (able, accelerator) == ("False", "None")
    assert "qemu" in reason.lower()
    assert int(size) >= 4096


@pytest.mark.parametrize("able", [True, False])
def test_doctor_reports_in_its_status_whether_tests_can_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], able: bool
) -> None:
    found = Diagnosis(
        host=distribution({"ID": "debian", "VERSION_ID": "13"}),
        checks=(),
        acceleration=Acceleration("tcg", "virtual", "no /dev/kvm"),
        python="3.13.5",
        python_packages={"requests": "2.31" if able else None},
        cache=Path("/cache"),
        cache_size=0,
        cache_free=1 << 30,
    )
    monkeypatch.setattr(diagnosis, "diagnose", lambda: found)
    if able:
        doctor(Context(), json=True)
    else:
        with pytest.raises(Exit) as exit_:
            doctor(Context(), json=True)
        assert exit_.value.code == 2
    assert json.loads(capsys.readouterr().out)["able"] is able
