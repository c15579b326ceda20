"""What the host keeps a guest waiting is known, and not held against its scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report_data import MS, report, workers

from ktstr import CgroupDef, Topology
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.vm.qemu.host_delay import run_delay_ns

BUSY = [sys.executable, "-c", "while True: pass"]


def late_ms(host_delay_ms: float) -> list[str]:
    """What is said of a worker that waited 1.5 s, if the host kept the guest's CPUs waiting for so long."""
    guest = report(workers=workers({"gap_ns": 1500 * MS}, {"gap_ns": 0}))
    run = Evidence(guest, Topology(1, 1, 4, 1), (CgroupDef("cg"),), host_delay_ms=host_delay_ms)
    found = judge(run, DEFAULT_CHECKS)
    return [one.message for one in found if one.check == "max_gap_ms"]


def test_a_wait_is_the_schedulers_beyond_what_the_host_kept_the_cpus_waiting() -> None:
    assert [line.partition(", limit ")[2] for line in late_ms(0)] == ["1000 ms"]
    assert [line.partition(", limit ")[2] for line in late_ms(123.46)] == ["1123.5 ms"]
    assert late_ms(500) == []


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this kernel does not count run delay")
def test_the_delay_of_a_process_that_shares_its_cpu_is_counted() -> None:
    cpu = min(os.sched_getaffinity(0))
    both = [subprocess.Popen(BUSY, preexec_fn=lambda: os.sched_setaffinity(0, {cpu})) for _ in range(2)]
    try:
        until = time.monotonic() + 60
        while min(run_delay_ns(one.pid) for one in both) < MS and time.monotonic() < until:
            time.sleep(0.01)
        assert min(run_delay_ns(one.pid) for one in both) >= MS
    finally:
        for one in both:
            one.kill()
            one.wait()
    assert run_delay_ns(both[0].pid) == 0
