"""Templates, clones and remembered results, with a stand-in for QEMU that can be kept and cloned."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vm_monitored import monitored, starts
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.base import cache
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu import template as templates
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import Qemu, find_qemu
from ktstr.vm.qemu.template import altered, template_key
from ktstr.vm.remembered import recall, remember, result_key
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

TCG = Accel("tcg", "virtual", "a test")
FRESH = RunOptions(fresh=True)
QEMU = Qemu(Path("/usr/bin/qemu"), "7.2.22", True, "a digest")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)


@pytest.fixture
def qemu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    program = monitored(tmp_path)
    monkeypatch.setenv("KTSTR_QEMU", str(program))
    return program


def ran(folder: Path, options: RunOptions = FRESH, **changes: Any) -> VmResult:
    return run(replace(a_job(folder), **changes), TCG, folder / "run", options)


def only_template() -> Path:
    (entry,) = cache.entries("templates")
    return entry.path


# How a job is run


@pytest.mark.usefixtures("qemu")
def test_the_first_job_boots_a_template_and_all_of_them_are_clones(tmp_path: Path) -> None:
    first, second = ran(tmp_path), ran(tmp_path, plan="hold 2\n")
    assert starts(tmp_path) == ["template", "clone", "clone"]
    assert (first.ending, first.start, second.start) == (Ending.DONE, "clone", "clone")
    assert first.template == second.template == only_template().name
    assert first.template_boot_s > second.template_boot_s == 0


@pytest.mark.usefixtures("qemu")
def test_a_clones_story_begins_in_its_template(tmp_path: Path) -> None:
    assert [event["ev"] for event in ran(tmp_path).events] == ["boot", "end"]


@pytest.mark.usefixtures("qemu")
def test_a_job_that_ran_before_is_remembered(tmp_path: Path) -> None:
    computed, remembered = ran(tmp_path, RunOptions()), ran(tmp_path, RunOptions())
    assert starts(tmp_path) == ["template", "clone"]
    assert (remembered.start, remembered.template_boot_s) == ("remembered", 0)
    assert remembered == replace(computed, start="remembered", template_boot_s=0)
    assert (tmp_path / "run" / "events.jsonl").read_text().count("\n") == 2
    assert ran(tmp_path, FRESH).start == "clone"


@pytest.mark.usefixtures("qemu")
def test_a_real_clock_has_no_result_to_remember(tmp_path: Path) -> None:
    real = Accel("tcg", "real", "a test")
    job = replace(a_job(tmp_path), clock="real")
    assert [run(job, real, tmp_path / "run").start for _ in range(2)] == ["clone", "clone"]


@pytest.mark.usefixtures("qemu")
def test_a_cold_job_is_booted_and_has_a_result_of_its_own(tmp_path: Path) -> None:
    assert [ran(tmp_path, RunOptions(cold=True)).start for _ in range(2)] == ["boot", "remembered"]
    assert ran(tmp_path, RunOptions()).start == "clone"


def test_a_guest_that_does_not_come_up_is_booted_to_show_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, keeps=False)))
    result = ran(tmp_path)
    assert (starts(tmp_path), result.start, result.template) == (["template", "boot"], "boot", "")
    assert cache.entries("templates") == []


def test_a_clone_that_qemu_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, takes=False)))
    with pytest.raises(KtstrError, match=r"^a clone of template \w{24} could not be started: QEMU refused"):
        ran(tmp_path)


def test_a_disk_without_room_is_one_line(qemu: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(
        KtstrError, match=r"MiB free, and a template of this guest may take 999999999; make room"
    ):
        ran(tmp_path, memory_mb=999_999_999)
    assert starts(tmp_path) == []


# A template that is not what was written


def truncated(folder: Path) -> None:
    os.truncate(folder / "state", 3)


def longer(folder: Path) -> None:
    with (folder / "node-0").open("ab") as file:
        file.write(b"x")


def of_another_format(folder: Path) -> None:
    with (folder / "state").open("r+b") as file:
        file.write(b"what")


def without_memory(folder: Path) -> None:
    (folder / "node-0").unlink()


def without_a_description(folder: Path) -> None:
    (folder / "template.json").unlink()


def described_in_half(folder: Path) -> None:
    os.truncate(folder / "template.json", 20)


def described_in_other_words(folder: Path) -> None:
    (folder / "template.json").write_text("[1]")


DAMAGE: dict[Callable[[Path], None], str] = {
    truncated: "state: 3 bytes, not 22",
    longer: "node-0: 1048577 bytes, not 1048576",
    of_another_format: "state: not a migration stream",
    without_memory: "node-0: No such file or directory",
    without_a_description: "template.json: No such file or directory",
    described_in_half: "template.json: not what was written",
    described_in_other_words: "template.json: not what was written",
}


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_template_is_noticed_and_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    before = ran(tmp_path)
    damage(only_template())
    assert altered(only_template()) == DAMAGE[damage]
    after = ran(tmp_path)
    assert starts(tmp_path) == ["template", "clone"] * 2
    assert after.events == before.events
    assert altered(only_template()) is None


@pytest.mark.usefixtures("qemu")
def test_content_that_changed_is_found_by_reading_it(tmp_path: Path) -> None:
    ran(tmp_path)
    with (only_template() / "node-0").open("r+b") as memory:
        memory.seek(700_000)
        memory.write(b"1")
    assert altered(only_template()) == "node-0: its content has changed"
    ran(tmp_path)
    assert starts(tmp_path) == ["template", "clone", "clone"], "at a clone there is no time to read it all"


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("sha256", [None, [], {"gone": "ab"}])
def test_a_description_without_digests_is_altered(tmp_path: Path, sha256: object) -> None:
    ran(tmp_path)
    path = only_template() / "template.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": sha256}))
    assert altered(only_template()) in (
        "template.json: not what was written",
        "gone: No such file or directory",
    )


def test_a_template_that_another_process_made_anew_meanwhile_stays(tmp_path: Path) -> None:
    """Of two that see the damage, the second gets the lock when the first has made it anew."""
    path = cache.entry("templates", "k", "making", lambda folder: (folder / "whole").touch())
    cache.discard("templates", "k", "removing", lambda folder: not (folder / "whole").exists())
    assert path.is_dir()
    (path / "whole").unlink()
    cache.discard("templates", "k", "removing", lambda folder: not (folder / "whole").exists())
    assert not path.exists()


# The digest of a sparse file


def test_a_hole_is_as_good_as_zeros(tmp_path: Path) -> None:
    data = os.urandom(1000)
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(data)
        file.truncate(1 << 21)
    (tmp_path / "full").write_bytes(bytes(1 << 20) + data + bytes((1 << 20) - 1000))
    assert (tmp_path / "sparse").stat().st_blocks < (tmp_path / "full").stat().st_blocks
    assert templates._content_digest(tmp_path / "sparse") == templates._content_digest(tmp_path / "full")


def test_where_data_lies_counts(tmp_path: Path) -> None:
    digests = set()
    for at in (0, 1, 1 << 16, 1 << 20):
        with (tmp_path / "file").open("wb") as file:
            file.seek(at)
            file.write(b"data")
            file.truncate(1 << 21)
        digests.add(templates._content_digest(tmp_path / "file"))
    assert len(digests) == 4


# Keys: each input changes it, once at a time

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
def test_what_a_guest_is_booted_as_changes_both_keys(tmp_path: Path, name: str) -> None:
    job = a_job(tmp_path, topology="1n1l2c1t")
    assert both_differ(keys(replace(job, **BY_JOB[name])), keys(job))


@pytest.mark.parametrize("name", ONLY_RESULT)
def test_what_a_job_is_told_changes_the_results_key_alone(tmp_path: Path, name: str) -> None:
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
def test_the_hosts_cpu_and_kernel_count_under_kvm_alone(
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


def test_a_file_of_the_job_changes_the_results_key_alone(tmp_path: Path) -> None:
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


def test_the_bound_of_the_turn_changes_the_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It reaches the guest with the plan."""
    job = a_job(tmp_path, topology="1n1l4c1t")
    before = keys(job)[1]
    monkeypatch.setattr("ktstr.vm.qemu.vcpu_slice._SLICE_TICKS", 500)
    assert keys(job)[1] != before


def test_where_things_are_and_how_long_they_may_take_change_nothing(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = a_job(tmp_path / "here"), a_job(tmp_path / "there", wall_limit_s=5)
    renamed = replace(there, kernel=replace(there.kernel, key="other", source="elsewhere", config=Path("/x")))
    assert keys(here) == keys(renamed, replace(QEMU, path=Path("/opt/bin/qemu")))


# Remembered results


def a_result(**changes: Any) -> VmResult:
    result = VmResult(
        ending=Ending.DONE,
        why="",
        events=({"ev": "boot", "t": 1, "text": "caf\u00e9"},),
        console="up\n",
        qemu_output="a warning\n",
        command=("/usr/bin/qemu", "-nodefaults"),
        accelerator="tcg",
        clock="virtual",
        qemu_version="7.2.22",
        turn_ns=99_733,
        wall_s=1.5,
        start="clone",
        template="abc",
        template_boot_s=3.25,
    )
    return replace(result, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's, with the files that `a_result` was read from."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "console.log").write_text("up\n")
    (folder / "events.jsonl").write_text('{"ev":"boot","t":1,"text":"caf\\u00c3\\u00a9"}\n')
    return folder


def test_a_result_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    remember("k", a_result(), folder)
    again = tmp_path / "again"
    again.mkdir()
    assert recall("k", again) == a_result(start="remembered", template_boot_s=0.0)
    assert (again / "console.log").read_text() == "up\n"
    assert (again / "events.jsonl").read_bytes() == (folder / "events.jsonl").read_bytes()


def test_what_is_not_there_is_not_recalled(folder: Path) -> None:
    assert recall("k", folder) is None


@pytest.mark.parametrize("ending", Ending)
def test_only_what_the_guest_decided_is_remembered(folder: Path, ending: Ending) -> None:
    remember("k", a_result(ending=ending), folder)
    hosts_doing = {Ending.TIMEOUT, Ending.QEMU_DIED, Ending.AGENT_FAILED}
    assert (recall("k", folder) is None) == (ending in hosts_doing)


def test_a_real_clocks_result_is_not_remembered(folder: Path) -> None:
    remember("k", a_result(clock="real"), folder)
    assert recall("k", folder) is None


def test_a_newer_result_replaces_what_was_remembered(folder: Path) -> None:
    remember("k", a_result(), folder)
    remember("k", a_result(wall_s=9.0), folder)
    recalled = recall("k", folder)
    assert recalled is not None
    assert recalled.wall_s == 9.0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", None),
        ("result.json", ""),
        ("result.json", "{}"),
        ("result.json", "[]"),
        ("result.json", '{"ending": "done"'),
        ("result.json", '{"ending": "of another version", "command": []}'),
        ("result.json", '{"ending": "done", "command": [], "field": "of another version"}'),
        ("console.log", None),
        ("events.jsonl", None),
    ],
)
def test_a_remembered_result_that_cannot_be_read_is_none(
    folder: Path, name: str, content: str | None
) -> None:
    remember("k", a_result(), folder)
    path = cache.cache_dir() / "results" / "k" / name
    path.unlink() if content is None else path.write_text(content)
    assert recall("k", folder) is None
    remember("k", a_result(), folder)
    assert recall("k", folder) is not None
