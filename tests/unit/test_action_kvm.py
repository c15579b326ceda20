"""The action's step that opens /dev/kvm, run by a user who may not, with stand-ins for the device, sudo and udev."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from action_project import ROOT

STEPS = yaml.safe_load((ROOT / "ci" / "action.yml").read_text())["runs"]["steps"]
SCRIPT = next(step["run"] for step in STEPS if step["name"] == "Open KVM to this user")
NOBODY = 65534
SUDO = '#!/bin/sh\nexec "$@"\n'
# udev applies its rules when it is told of the device again.
UDEVADM = """#!/bin/sh
echo "$1" >>{folder}/asked
[ -e {folder}/no-udev ] && exit 1
[ "$1" = trigger ] && grep -q 0666 {folder}/99-kvm4all.rules && chmod 0666 {folder}/kvm
exit 0
"""


@pytest.fixture
def machine() -> Iterator[Path]:
    """A folder that nobody may write, which tmp_path is not, with a device that nobody may open."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may open everything, and there is no setpriv to become somebody else")
    with tempfile.TemporaryDirectory(prefix="ktstr-kvm-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        for program, text in (("sudo", SUDO), ("udevadm", UDEVADM)):
            (folder / "bin" / program).write_text(text.format(folder=folder))
            (folder / "bin" / program).chmod(0o755)
        (folder / "kvm").touch(0o000)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            for path in (folder, folder / "kvm"):
                os.chown(path, NOBODY, NOBODY)
        yield folder


def open_kvm(folder: Path) -> list[str]:
    """Run the step; what udev was asked."""
    script = SCRIPT.replace("/dev/kvm", f"{folder}/kvm").replace("/etc/udev/rules.d", str(folder))
    drop = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "REQUIRE_KVM": "false"}
    command = [*drop, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = folder / "asked"
    return asked.read_text().split() if asked.exists() else []


def mode(folder: Path) -> int:
    return (folder / "kvm").stat().st_mode & 0o777


def test_a_rule_of_udevs_opens_the_device(machine: Path) -> None:
    assert open_kvm(machine) == ["control", "trigger", "settle"]
    assert mode(machine) == 0o666
    rule = (machine / "99-kvm4all.rules").read_text()
    assert rule == 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"\n'


def test_without_udev_the_device_itself_is_opened(machine: Path) -> None:
    (machine / "no-udev").touch()
    assert open_kvm(machine) == ["control"]
    assert mode(machine) == 0o666


def test_a_device_that_is_open_is_left_alone(machine: Path) -> None:
    (machine / "kvm").chmod(0o666)
    assert open_kvm(machine) == []
    assert not (machine / "99-kvm4all.rules").exists()


def test_a_machine_without_kvm_is_left_alone(machine: Path) -> None:
    (machine / "kvm").unlink()
    assert open_kvm(machine) == []
