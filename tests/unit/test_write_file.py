"""Writes to files of the kernel: which files, and what makes another scheduler of the kernel's own."""

import pytest

from ktstr import KtstrError, Sysctl, Topology, WriteFile
from ktstr.declare.scheduler import declare_scheduler
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario


@pytest.mark.parametrize("path", ["/etc/x", "/sys/../etc/x", "/sys", "sys/x", "/sys/" + "x" * 256])
def test_other_files_than_the_kernels_are_refused(path: str) -> None:
    with pytest.raises(KtstrError, match=r"^write_file: path='.*: must be the path of a file below /proc or"):
        WriteFile(path, "1")


def test_what_enables_a_scheduler_comes_before_all_and_what_disables_it_last() -> None:
    plan = scenario_plan(
        Scenario((), hold_s=1, dump=True),
        Topology.parse("1n1l1c1t"),
        sysctls={"kernel.panic": "1"},
        enable=[WriteFile("/sys/a", "x y")],
        disable=[Sysctl("kernel.b", "0")],
    )
    assert plan.splitlines() == [
        "sysctl kernel/panic 1",
        "write_file /sys/a x%20y",
        "hold 1000000000",
        "dump",
        "sysctl kernel/b 0",
    ]


def test_a_scheduler_with_a_program_is_not_enabled_by_writes() -> None:
    with pytest.raises(KtstrError, match=r"enable and disable: only for the kernel's own .*, without bpf"):
        declare_scheduler("written", bpf="written.bpf.c", enable=[WriteFile("/sys/a", "1")])
