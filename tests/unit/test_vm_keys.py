"""The keys of templates and remembered results: each input changes them, once at a time."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vm_stand_in import a_job

from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.qemu.template import template_key
from ktstr.vm.remembered import result_key

QEMU = Qemu(Path("/usr/bin/qemu"), "7.2.22", True, "a digest")

BY_JOB: dict[str, dict[str, Any]] = {
    "topology": {"topology": Topology(1, 2, 1, 1)},
    "memory": {"memory_mb": 320},
    "kernel arguments": {"kargs": ("nohz=off",)},
    "clock": {"clock": "real"},
    "turn": {"bounded_turn": False},
}
ONLY_RESULT: dict[str, dict[str, Any]] = {"plan": {"plan": "hold 2\n"}, "seed": {"seed": 2}}
BY_QEMU: dict[str, dict[str, Any]] = {
    "program and firmware": {"digest": "another"},
    "qboot": {"has_fast_firmware": False},
}
FLAGS: dict[str, tuple[str, Any]] = {
    "translation buffer": ("hardware._TB_SIZE_MB", 512),
    "rate of the virtual clock": ("hardware.icount_shift", lambda _cpus: 5),
    "kernel arguments of all": ("command._KARGS", ("quiet",)),
    "template's seed": ("command._TEMPLATE_SEED", 1),
}


def keys(job: VmJob, qemu: Qemu = QEMU, accelerator: str = "tcg", *, cold: bool = False) -> tuple[str, str]:
    """The template's and the result's."""
    return template_key(qemu, job, accelerator), result_key(qemu, job, accelerator, cold=cold)


def both_differ(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] != other[0] and one[1] != other[1]


@pytest.mark.parametrize("name", BY_JOB)
def test_an_input_of_the_boot_changes_both_keys(tmp_path: Path, name: str) -> None:
    job = a_job(tmp_path, topology="1n1l2c1t")
    assert both_differ(keys(replace(job, **BY_JOB[name])), keys(job))


@pytest.mark.parametrize("name", ONLY_RESULT)
def test_a_jobs_plan_and_seed_change_only_the_results_key(tmp_path: Path, name: str) -> None:
    job = a_job(tmp_path)
    before, after = keys(job), keys(replace(job, **ONLY_RESULT[name]))
    assert before[0] == after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("name", BY_QEMU)
def test_another_qemu_changes_both_keys(tmp_path: Path, name: str) -> None:
    job = a_job(tmp_path)
    assert both_differ(keys(job, replace(QEMU, **BY_QEMU[name])), keys(job))


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_of_qemus_changes_both_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    job = a_job(tmp_path)
    before = keys(job)
    attribute, value = FLAGS[name]
    monkeypatch.setattr(f"ktstr.vm.qemu.{attribute}", value)
    assert both_differ(keys(job), before)


def test_another_kernel_image_changes_both_keys(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    other = replace(job, kernel=replace(job.kernel, image_sha256="cd" * 32))
    assert both_differ(keys(other), keys(job))


def test_another_accelerator_changes_both_keys(tmp_path: Path) -> None:
    job = replace(a_job(tmp_path), clock="real")
    assert both_differ(keys(job, accelerator="kvm"), keys(job))


@pytest.mark.parametrize("name", ["_host_cpu", "platform.release"])
def test_the_hosts_cpu_and_kernel_count_only_under_kvm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    job = replace(a_job(tmp_path), clock="real")
    before = {accelerator: keys(job, accelerator=accelerator) for accelerator in ("kvm", "tcg")}
    monkeypatch.setattr(f"ktstr.vm.qemu.template.{name}", lambda: "another")
    assert both_differ(keys(job, accelerator="kvm"), before["kvm"])
    assert keys(job) == before["tcg"]


def test_a_file_that_the_guest_boots_with_changes_both_keys(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    before = keys(job)
    (tmp_path / "init").write_text("another")
    content = keys(replace(job, files=(Packed("/init", tmp_path / "init", 0o755, "a test"),)))
    (tmp_path / "init").write_text("init")
    mode = keys(replace(job, files=(replace(job.files[0], mode=0o700),)))
    path = keys(replace(job, files=(replace(job.files[0], path="/init2"),)))
    assert len({each[0] for each in (before, content, mode, path)}) == 4
    assert len({each[1] for each in (before, content, mode, path)}) == 4


def test_a_file_of_the_job_changes_only_the_results_key(tmp_path: Path) -> None:
    program = tmp_path / "scheduler"
    program.write_text("one")

    def with_it() -> VmJob:
        return replace(a_job(tmp_path), payload=(Packed("/ktstr/bin/mine", program, 0o755, "the scheduler"),))

    before = keys(with_it())
    os.utime(program, (1, 1))
    assert keys(with_it()) == before, "a touch is no change"
    program.write_text("two")
    after = keys(with_it())
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_boot_and_a_clone_have_results_of_their_own(tmp_path: Path) -> None:
    assert keys(a_job(tmp_path), cold=True)[1] != keys(a_job(tmp_path))[1]


def test_the_bound_of_the_time_slice_changes_the_results_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It reaches the guest with the plan."""
    job = a_job(tmp_path, topology="1n1l4c1t")
    before = keys(job)[1]
    monkeypatch.setattr("ktstr.vm.qemu.vcpu_slice._SLICE_TICKS", 500)
    assert keys(job)[1] != before


def test_paths_and_time_limits_change_nothing(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = a_job(tmp_path / "here"), a_job(tmp_path / "there", wall_limit_s=5)
    renamed = replace(there, kernel=replace(there.kernel, key="other", source="elsewhere", config=Path("/x")))
    assert keys(here) == keys(renamed, replace(QEMU, path=Path("/opt/bin/qemu")))
