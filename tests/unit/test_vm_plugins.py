"""Instruments in the emulator's command lines: who gets them, and that a job's keys do not know of them."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr.instrument import plugin
from ktstr.instrument.layout import Hooks, Layout
from ktstr.instrument.plugin import COUNTS, EXPLORE, INSTRUMENTS, INTERFACES, TIMELINE, build_plugin
from ktstr.instrument.sched_ext import KernelInterface
from ktstr.vm.job import VmJob
from ktstr.vm.qemu import plugins
from ktstr.vm.qemu.command import boot_command, clone_command, template_command
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.qemu.template import template_key
from ktstr.vm.remembered import result_key
from ktstr.vm.stored import job_from_json, job_to_json

LAYOUT = Layout(7, defaultdict(int))
HOOKS = Hooks(defaultdict(lambda: 8), defaultdict(int))
WHERE = "from=ffffffffc0000000,to=ffffffffff000000"
QEMU = Qemu(Path("/usr/bin/qemu"), "7.2.22", True, "a digest")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VmJob:
    monkeypatch.setattr(plugins, "help_of", lambda _path: "-plugin [file=]<file>\n")
    monkeypatch.setattr(plugin, "layout_of", lambda _kernel: LAYOUT)
    monkeypatch.setattr(plugin, "hooks_of", lambda _kernel: HOOKS)
    monkeypatch.setattr(plugin, "interface_of", lambda _kernel: KernelInterface({"b": 0x20, "a": 0x1F}, {}))
    return replace(a_job(tmp_path), instruments=(COUNTS,))


def test_a_job_has_its_instruments_booted_or_cloned_and_a_template_has_none(job: VmJob) -> None:
    here = Path("/a,b")
    booted = boot_command(QEMU, job, "tcg", here, here)
    cloned = clone_command(QEMU, job, "tcg", here, here, 3)
    given = booted[booted.index("-plugin") + 1]
    assert given in cloned
    assert given.endswith(f",out=/a,,b/counts-4.bin,{WHERE},layout=7{18 * ':0'},functions=1f:20")
    assert "-plugin" not in template_command(QEMU, job, "tcg", here, here, 3)


def test_several_instruments_look_at_once(job: VmJob) -> None:
    both = replace(job, instruments=(COUNTS, TIMELINE))
    options = plugins.plugin_options(QEMU, both, "tcg", Path("/run"))
    assert options[::2] == ["-plugin", "-plugin"]
    assert options[3].endswith(
        f",out=/run/timeline-1.bin,{WHERE},layout=7{18 * ':0'},hooks=8:8:8:0:0:0:8:0:0:0:0:0"
    )


def test_without_an_emulated_cpu_or_plugins_nothing_is_counted(
    job: VmJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plugins.files_of(QEMU, job, "tcg") == ["counts-4.bin"]
    assert plugins.files_of(QEMU, job, "kvm") == []
    assert plugins.files_of(QEMU, replace(job, instruments=()), "tcg") == []
    monkeypatch.setattr(plugins, "help_of", lambda _path: "-monitor dev\n")
    assert plugins.files_of(QEMU, job, "tcg") == []
    assert plugins.plugin_options(QEMU, job, "tcg", Path("/run")) == []


def test_no_key_knows_of_instruments(job: VmJob) -> None:
    plain = replace(job, instruments=())
    assert job.digest() == plain.digest()
    assert template_key(QEMU, job, "tcg") == template_key(QEMU, plain, "tcg")
    assert result_key(QEMU, job, "tcg", cold=False) == result_key(QEMU, plain, "tcg", cold=False)


def test_a_stored_job_keeps_its_instruments(job: VmJob) -> None:
    assert job_from_json(job_to_json(job)).instruments == (COUNTS,)


@pytest.mark.parametrize("instruments", [["other"], "x", None, 7, [[]]])
def test_a_stored_job_with_another_instrument_is_none(job: VmJob, instruments: object) -> None:
    stored = {**json.loads(job_to_json(job)), "instruments": instruments}
    with pytest.raises(ValueError, match=r"must be one of counts|not a job"):
        job_from_json(json.dumps(stored))


@pytest.mark.parametrize("instrument", [*INSTRUMENTS, EXPLORE])
@pytest.mark.parametrize("interface", INTERFACES)
def test_a_plugin_builds_for_each_version_of_the_interface(instrument: str, interface: int) -> None:
    assert b"qemu_plugin_install" in build_plugin(instrument, interface).read_bytes()


@pytest.mark.parametrize(
    ("version", "interface"), [("7.2.22", 1), ("9.0.2", 2), ("9.1.0", 3), ("10.0.13", 3)]
)
def test_the_interface_is_that_of_the_release(job: VmJob, version: str, interface: int) -> None:
    options = plugins.plugin_options(replace(QEMU, version=version), job, "tcg", Path("/run"))
    assert options[1].startswith(f"{build_plugin(COUNTS, interface)},")
