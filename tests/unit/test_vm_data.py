"""A VM run as data: the job and its digest, QEMU's command line, and how a run's ending is classified."""

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed, archive
from ktstr.vm.job import VmJob, default_memory_mb
from ktstr.vm.qemu.command import boot_command
from ktstr.vm.qemu.cpus import emulation_limit
from ktstr.vm.qemu.hardware import icount_shift
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.qemu.vcpu_slice import slice_for
from ktstr.vm.result import Ending, Event, VmResult, classify, parse_events

# The job


@pytest.mark.parametrize(
    "change",
    [
        {"topology": Topology(1, 1, 4, 1)},
        {"memory_mb": 512},
        {"files": ()},
        {"plan": "hold 2\n"},
        {"clock": "real"},
        {"seed": 2},
        {"kargs": ("quiet",)},
    ],
)
def test_whatever_changes_a_result_changes_the_digest(tmp_path: Path, change: dict[str, object]) -> None:
    job = a_job(tmp_path)
    assert replace(job, **change).digest() != job.digest()  # type: ignore[arg-type]


def test_the_digest_is_over_what_files_hold(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "init").write_text("another")
    changed = replace(job, files=(Packed("/init", tmp_path / "init", 0o755, "a test"),))
    assert changed.digest() != job.digest()


def test_the_digest_does_not_depend_on_where_files_are(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert a_job(tmp_path / "a").digest() == a_job(tmp_path / "b").digest()


def test_a_job_from_elsewhere_is_the_same_job(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = a_job(tmp_path / "a"), a_job(tmp_path / "b")
    assert replace(one, kernel=other.kernel) == other
    carried = pickle.loads(pickle.dumps(one))
    assert (carried, carried.digest()) == (one, one.digest())


def test_a_file_that_changes_once_a_run_was_asked_for_is_refused(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "init").write_text("another")
    with pytest.raises(
        KtstrError, match=r"^/init: .*/init has changed since the run was asked for; run it again$"
    ):
        archive(job.files)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"^/p: .*/absent: No such file or directory$"):
        Packed("/p", tmp_path / "absent", 0o755, "a test")


def test_the_time_limit_is_not_part_of_the_result(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    assert replace(job, wall_limit_s=1).digest() == job.digest()


@pytest.mark.parametrize(
    ("topology", "memory_mb"),
    [
        ("1n1l2c1t", 256),
        ("1n2l4c1t", 512),
        ("2n2l2c1t-a.64m", 320),
        ("2n2l2c1t-512.64m", 576),
    ],
)
def test_memory_grows_with_the_cpus(topology: str, memory_mb: int) -> None:
    assert default_memory_mb(Topology.parse(topology)) == memory_mb


# The command line


def arguments(job: VmJob, accelerator: str = "tcg") -> list[str]:
    return boot_command(Qemu(Path("/qemu"), "7.2.0"), job, accelerator, Path("/run"), Path("/initramfs.cpio"))


def values(words: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(words) if name == option]


@pytest.mark.parametrize(
    ("topology", "smp", "memory", "nodes"),
    [
        ("1n1l2c1t", "2,sockets=1,cores=2,threads=1", "256M", ["0-1"]),
        ("1n2l2c2t", "8,sockets=2,cores=2,threads=2", "256M", ["0-7"]),
        ("2n4l4c1t", "16,sockets=4,cores=4,threads=1", "256M", ["0-7", "8-15"]),
        ("3n3l1c1t", "3,sockets=3,cores=1,threads=1", "258M", ["0-0", "1-1", "2-2"]),
    ],
)
def test_an_llc_is_a_socket_and_memory_is_divided_among_nodes(
    tmp_path: Path, topology: str, smp: str, memory: str, nodes: list[str]
) -> None:
    words = arguments(a_job(tmp_path, topology=topology))
    assert (values(words, "-smp"), values(words, "-m")) == ([smp], [memory])
    assert [value.partition("cpus=")[2] for value in values(words, "-numa")] == nodes


def test_the_virtual_clock_counts_instructions(tmp_path: Path) -> None:
    words = arguments(a_job(tmp_path))
    assert values(words, "-icount") == ["shift=2,sleep=off"]
    assert values(words, "-accel") == ["tcg,thread=single,tb-size=256"]
    assert "tsc=reliable" in values(words, "-append")[0].split()


def test_the_real_clock_is_the_machines(tmp_path: Path) -> None:
    words = arguments(replace(a_job(tmp_path), clock="real"), accelerator="kvm")
    assert (values(words, "-icount"), values(words, "-rtc"), values(words, "-accel")) == ([], [], ["kvm"])
    assert "tsc=reliable" not in values(words, "-append")[0].split()


def test_the_schedulers_kernel_arguments_come_last(tmp_path: Path) -> None:
    words = arguments(replace(a_job(tmp_path), kargs=("panic=5", "nohz=off")))
    assert values(words, "-append")[0].endswith(" panic=5 nohz=off")


def test_a_guest_has_no_network_and_no_devices_of_the_users(tmp_path: Path) -> None:
    words = arguments(a_job(tmp_path))
    assert values(words, "-nic") == ["none"]
    assert {"-nodefaults", "-no-user-config"} <= set(words)


def test_a_seed_of_any_size_is_accepted_by_qemu(tmp_path: Path) -> None:
    assert values(arguments(replace(a_job(tmp_path), seed=2**32 + 7)), "-seed") == ["7"]


@pytest.mark.parametrize(
    ("release", "cpus", "line"),
    [
        ((7, 2), 1, None),
        ((7, 2), 2, None),
        ((7, 2), 3, "pace 3 238\n"),
        ((7, 2), 64, "pace 3 238\n"),
        ((8, 1), 1, None),
        ((8, 1), 2, "pace 2 238\n"),
        ((10, 0), 8, "pace 2 952\n"),
        ((10, 0), 9, None),
    ],
)
def test_the_time_slice_is_bounded_as_each_qemu_accepts_it(
    release: tuple[int, int], cpus: int, line: str | None
) -> None:
    bound = slice_for(release, cpus)
    assert (bound and bound.plan_line) == line


def test_a_time_slice_knows_its_length() -> None:
    assert [bound.ns for bound in (slice_for((7, 2), 8), slice_for((10, 0), 8)) if bound] == [99_733, 797_866]


def test_qboot_is_used_if_qemu_has_it(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    words = boot_command(
        Qemu(Path("/qemu"), "7.2.0", True), job, "tcg", Path("/run"), Path("/initramfs.cpio")
    )
    assert (values(words, "-bios"), values(arguments(job), "-bios")) == (["qboot.rom"], [])


@pytest.mark.parametrize(("cpus", "shift"), [(1, 2), (32, 2), (33, 1), (64, 1), (65, 0), (255, 0)])
def test_more_cpus_get_a_faster_clock(cpus: int, shift: int) -> None:
    assert icount_shift(cpus) == shift


# The end


def classified(
    status: int, console: str = "", *events: Event, timed_out: bool = False, output: str = ""
) -> tuple[Ending, str]:
    return classify(status, timed_out, events, console, 60, output)


PANIC = "[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009\n"
OOM = "[ 1.0] Out of memory: Killed process 99 (hog)\n"


def test_the_agents_end_decides_whatever_was_logged() -> None:
    assert classified(33, OOM) == (Ending.DONE, "")


def test_an_agent_that_failed_says_where_and_why() -> None:
    error = {"ev": "error", "where": "sysctl", "what": "kernel/x: No such file or directory"}
    assert classified(35, "", {"ev": "boot"}, error) == (
        Ending.AGENT_FAILED,
        "sysctl: kernel/x: No such file or directory",
    )


def test_an_agent_that_failed_without_a_reason_is_still_reported() -> None:
    assert classified(35) == (Ending.AGENT_FAILED, "agent: no reason given")


def test_a_panic_is_reported_with_its_line() -> None:
    assert classified(0, PANIC) == (
        Ending.PANIC,
        "the guest's kernel panicked: Attempted to kill init! exitcode=0x00000009",
    )


@pytest.mark.parametrize(
    "line",
    [
        "Out of memory: Killed process 99 (hog)",
        "Kernel panic - not syncing: System is deadlocked on memory",
        "Initramfs unpacking failed: write error",
    ],
)
def test_memory_is_the_reason_of_a_panic_that_follows_from_it(line: str) -> None:
    ending, why = classified(0, f"[ 0.9] up\n[ 1.0] {line}\n{PANIC}")
    assert (ending, why) == (Ending.OUT_OF_MEMORY, f"the guest ran out of memory: [ 1.0] {line}")


def test_a_guest_over_its_time_is_reported_with_its_last_event() -> None:
    assert classified(-9, "", {"ev": "boot"}, {"ev": "hold"}, timed_out=True) == (
        Ending.TIMEOUT,
        "no end after 60 s (last event: hold)",
    )


def test_a_panic_takes_precedence_over_a_timeout() -> None:
    assert classified(-9, PANIC, timed_out=True)[0] is Ending.PANIC


def test_a_machine_that_powered_off_by_itself_was_ended_by_its_watchdog() -> None:
    assert classified(0)[0] is Ending.HANG


@pytest.mark.parametrize("what", ["Power Off", "Resetting"])
def test_a_guest_that_sysrq_ended_did_not_hang_by_itself(what: str) -> None:
    assert classified(0, f"[    1.434771] sysrq: {what}\n") == (
        Ending.HANG,
        f"a program in the guest ended it, by sysrq: {what}",
    )


@pytest.mark.parametrize(
    ("status", "output", "why"),
    [
        (1, "qemu: first\nqemu: bad option\n", "QEMU ended with status 1: qemu: bad option"),
        (1, "", "QEMU ended with status 1"),
        (-11, "", "QEMU ended with signal 11"),
    ],
)
def test_a_qemu_that_died_says_its_last_line(status: int, output: str, why: str) -> None:
    assert classified(status, output=output) == (Ending.QEMU_DIED, why)


def test_a_line_that_a_dying_guest_left_unfinished_is_left_out() -> None:
    assert parse_events('{"ev":"boot"}\n\n{"ev":"end"}\n{"ev":"to') == ({"ev": "boot"}, {"ev": "end"})


def test_a_result_gives_its_events_by_kind() -> None:
    events = ({"ev": "cpu", "cpu": 0}, {"ev": "node"}, {"ev": "cpu", "cpu": 1})
    result = VmResult(Ending.DONE, "", events, "", "", (), "tcg", "virtual", "7.2.0", None, 1.0, "boot")
    assert [event["cpu"] for event in result.of("cpu")] == [0, 1]


@pytest.mark.parametrize(
    ("topology", "last"),
    # The presets near the limit: 252 CPUs in 14 LLCs take more ids than 240 in 15.
    [
        ("1n15l8c2t", None),
        ("1n14l9c2t", 433),
        ("1n15l16c1t", None),
        ("1n14l18c1t", 433),
        ("1n255l1c1t", None),
    ],
)
def test_apic_ids_limit_the_topologies_that_can_be_emulated(topology: str, last: int | None) -> None:
    limit = emulation_limit(Topology.parse(topology))
    assert limit is None if last is None else f"need APIC ids up to {last};" in str(limit)
