"""What the executor costs: many jobs whose guests are a function of 50 ms, on workers of this host.

    python tests/farm/many_jobs.py [10000] [--workers 2]

CPU times are of whole processes, so that they mean something on a busy host.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))

from farm_on_host import Farm
from vm_stand_in import a_job

from ktstr.farm.address import parse
from ktstr.farm.client import connect
from ktstr.farm.executor import FarmExecutor
from ktstr.vm.host import Accel

_TCG = Accel("tcg", "virtual", "a test")
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """The CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> int:
    """The MiB of a process's resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", type=int, nargs="?", default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ktstr-many-") as name:
        folder = Path(name)
        os.environ["KTSTR_CACHE_DIR"] = str(folder / "cache")
        (folder / "farm").mkdir()
        farm = Farm(folder / "farm")
        for number in range(options.workers):
            farm.worker(f"w{number}")
        executor = FarmExecutor(connect(parse(farm.address, "")))
        try:
            measure(options.jobs, options.workers * 2, executor, farm, folder)
        finally:
            executor.close()
            farm.close()
            for log in sorted((folder / "farm").glob("w*.log")):
                print(f"{log.name}: {log.read_text()}")


def measure(jobs: int, at_once: int, executor: FarmExecutor, farm: Farm, folder: Path) -> None:
    """Run the jobs and print what they cost."""
    job = replace(a_job(folder), plan="sleep 0.05")
    executor.run(job, _TCG, folder / "warm")
    pids = {"controller": os.getpid(), "scheduler": farm.scheduler.pid}
    pids |= {host: process.pid for host, process in farm.workers.items()}
    before, begin = {who: cpu_s(pid) for who, pid in pids.items()}, time.monotonic()
    numbers, lock = itertools.count(1), threading.Lock()

    def go() -> None:
        while True:
            with lock:
                number = next(numbers)
            if number > jobs:
                return
            executor.run(replace(job, seed=number), _TCG, folder / f"run-{threading.get_ident()}")
            if number % (jobs // 5) == 0:
                sizes = ", ".join(f"{who} {resident_mb(pid)} MiB" for who, pid in pids.items())
                print(f"{number} jobs: {sizes}", flush=True)

    threads = [threading.Thread(target=go) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.monotonic() - begin
    beside_ms = 1000 * wall_s * at_once / jobs - 50
    print(f"{jobs} jobs, {at_once} at once, in {wall_s:.0f} s: {beside_ms:.1f} ms each beside its 50")
    for who, pid in pids.items():
        print(f"{who}: {1000 * (cpu_s(pid) - before[who]) / jobs:.2f} ms of CPU a job")


if __name__ == "__main__":
    main()
