"""The action's steps, run as a runner does: what is installed from where, which clock, and what KVM has to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from action_project import ROOT, ActionProject

ACTION = yaml.safe_load((ROOT / "ci" / "action.yml").read_text())


@pytest.fixture
def project(tmp_path: Path) -> ActionProject:
    return ActionProject(tmp_path)


def test_the_wheel_beside_the_action_is_installed(project: ActionProject) -> None:
    wheel = project.action.with_name("ktstr-0.1.0-py3-none-any.whl")
    wheel.touch()
    assert not project.run(install="").failed
    assert project.asked("pip") == [str(wheel)]


def test_the_checkout_that_has_the_action_is_installed(project: ActionProject) -> None:
    assert not project.run(install="", action=ROOT / "ci" / "action.yml").failed
    assert project.asked("pip") == [f"{ROOT}/ci/.."]


def test_what_is_given_is_installed_word_by_word(project: ActionProject) -> None:
    assert not project.run(install="-r some.txt\nktstr@git+https://example.org/ktstr@1a2b").failed
    assert project.asked("pip") == ["-r some.txt ktstr@git+https://example.org/ktstr@1a2b"]


def test_nothing_is_installed_if_nothing_says_what(project: ActionProject) -> None:
    done = project.run(install="")
    assert done.failed
    assert done.annotations[0].startswith("::error title=ktstr::install: must say where ktstr is, such as ")
    assert project.asked("pip") == project.asked("ktstr") == []


def test_ktstr_never_comes_from_an_index_by_its_name_alone(project: ActionProject) -> None:
    done = project.run(install="ktstr==0.1.0")
    assert done.failed
    assert done.annotations == [
        "::error title=ktstr::install: ktstr must come from an address, a wheel or a folder, not from a package index"
        " by its name alone (from-index: true allows that)"
    ]
    assert project.asked("ktstr") == []
    assert not (project.last.folder / "temp" / "ktstr").exists()
    assert not project.run(install="ktstr==0.1.0", from_index="true").failed


def test_the_tests_run_on_the_virtual_clock_unless_asked_otherwise(project: ActionProject) -> None:
    project.run(shard="1/2", verifier="true")
    assert project.asked("ktstr")[:3] == [
        "setup --only required",
        "test --kernel 7.0 --clock virtual --shard 1/2",
        "verifier --kernel 7.0 --clock virtual",
    ]
    project.run(clock="")
    assert "test --kernel 7.0" in project.asked("ktstr")


def test_a_mix_of_clocks_is_said(project: ActionProject) -> None:
    assert (
        project.run(clock="auto")
        .annotations[0]
        .startswith("::warning title=ktstr::clock: auto: guests with ")
    )
    assert project.run(clock="real").annotations == []


def test_kvm_can_be_required_of_the_real_clock_only(project: ActionProject) -> None:
    done = project.run(require_kvm="true")
    assert done.failed
    assert done.annotations == [
        "::error title=ktstr::require-kvm: true with clock: 'virtual': must be clock: real, because the virtual clock"
        " never uses KVM"
    ]


def test_kvm_that_is_required_has_to_work(project: ActionProject) -> None:
    done = project.run(require_kvm="true", clock="real")
    assert done.failed
    assert "\nno /dev/kvm\n::error title=ktstr::require-kvm: KVM does not work on this runner; " in done.log
    assert [asked.split()[0] for asked in project.asked("ktstr")] == ["setup", "doctor"]


def test_kvm_is_opened_after_the_installation_of_qemu_which_closes_it() -> None:
    names = [step["name"] for step in ACTION["runs"]["steps"]]
    assert names.index("Install QEMU and compilers") + 1 == names.index("Open KVM to this user")


def test_names_are_accepted_by_github_whatever_the_kernel_is(project: ActionProject) -> None:
    done = project.run(kernel="git+https://example.org/linux,x.git#v7.0", shard="1/2")
    assert done.outputs["artifact"] == "ktstr-git_https___example.org_linux_x.git_v7.0-1_2"
    assert done.outputs["results"] == "./target/ktstr"
    assert done.outputs["ktstr"].endswith("/ktstr/bin/ktstr")
