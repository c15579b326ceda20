"""Measures what ktstr promises: `nox -s bench -- [--kernel 7.0] [start] [cells] ...`; all parts by default.

Ratios are between figures of one run. `start` compares clones with boots of the same guest, `determinism` counts the
different event streams of one job, `orders` those of context switches over seeds, `cells` repeats cells of the verifier
sweep, `latency` compares runs with and without counting latency; they remember nothing. `telemetry`
runs on the host what spinners do, with and without looks at the clock. `first-line`, `remembered` and `edits`
measure what a user waits for, beside the checkout that --base names, and `checks` and `verification` what these cost.
`report` takes the time and the memory of a report of 500 tests with 20 earlier runs. `races`, which takes hours and is
left out unless it is named, counts what each strategy of an exploration takes to find each of the races in races/.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from cells import cells
from costs import checks, verification
from desk import edits, first_lines, remembered
from latency import latency
from paired import Checkout
from race_search import RaceSearch, add_search_arguments, races, search_of
from report_cost import report_cost
from telemetry import telemetry

from ktstr import CgroupDef, Cpuset, Ctx, KtstrError, Scheduler, Topology, declare_scheduler, ktstr_test
from ktstr.base import cache
from ktstr.checks.verdict import RunReport
from ktstr.declare.test import record_of
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import base_files
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.report.run_record import vm_counts
from ktstr.vm.job import Clock, RunOptions, VmJob, default_memory_mb
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.qemu.template import KIND
from ktstr.vm.result import VmResult
from ktstr.vm.run import run

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
FIXTURE = declare_scheduler(name="bench_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 2, 4, 1))


@dataclass
class Count:
    """How many VMs were really started."""

    booted: int = 0
    cloned: int = 0

    def add(self, result: VmResult) -> VmResult:
        assert result.start != "remembered"
        counts = vm_counts([result])
        self.cloned += counts["cloned"]
        self.booted += counts["booted"]
        return result


@dataclass
class Bench:
    """What all parts share."""

    kernel: Kernel
    folder: Path
    repeats: float
    base: Path | None = None
    search: RaceSearch = field(default_factory=RaceSearch)
    count: Count = field(default_factory=Count)

    def times(self, number: int) -> range:
        """`number` repeats, unless --repeats gives another number."""
        return range(max(2, round(number * self.repeats)))

    @property
    def checkouts(self) -> list[Checkout]:
        """This checkout, and the one to compare it with, if there is one."""
        roots = [Path(__file__).parents[2], *([self.base.absolute()] if self.base else [])]
        return [Checkout(root, self.folder / f"bytecode-{number}") for number, root in enumerate(roots)]

    def empty(self, topology: Topology, clock: Clock, *, cold: bool) -> float:
        """Host seconds from QEMU's start to the start of an empty plan."""
        job = VmJob(
            kernel=self.kernel,
            topology=topology,
            memory_mb=default_memory_mb(topology),
            files=tuple(base_files(build_agent(), self.kernel.config, self.kernel.release)),
            payload=(),
            plan="",
            clock=clock,
            seed=1,
        )
        options = RunOptions(cold=cold, fresh=True)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with begin_of(folder / "events.jsonl") as seconds:
            self.count.add(run(job, Accel("tcg", clock, "a benchmark"), folder, options))
        return seconds()

    def scenario(
        self,
        scheduler: Scheduler,
        topology: Topology,
        seed: int,
        workers: int,
        hold_s: float,
        *,
        cpus: Cpuset | None = None,
        trace: bool = False,
        perturb: bool = False,
    ) -> RunReport:
        """A run of one cgroup of spinners under the virtual clock."""

        @ktstr_test(scheduler=scheduler)
        def bench(ctx: Ctx) -> None: ...

        record = record_of(bench)
        assert record is not None
        ctx = Ctx(
            replace(record, topology=topology),
            self.kernel,
            "virtual",
            seed,
            self.folder / "scenario",
            options=RunOptions(fresh=True),
            perturb=perturb,
        )
        report = ctx.run(CgroupDef("w", workers, cpuset=cpus), hold_s=hold_s, check=False, trace=trace)
        self.count.add(report.result)
        return report


@contextmanager
def begin_of(events: Path) -> Iterator[Callable[[], float]]:
    """Yields a function that gives, after the block, the host seconds from its last program's start to the plan's."""
    started, begun, over = [0.0], [0.0], threading.Event()

    class Timed(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            started.append(time.monotonic())
            super().__init__(*arguments, **options)

    def watch() -> None:
        while not over.wait(0.0005):
            with suppress(FileNotFoundError):
                if b'"ev":"begin"' in events.read_bytes():
                    begun.append(time.monotonic())
                    return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with mock.patch.object(subprocess, "Popen", Timed):
            yield lambda: begun[-1] - started[-1]
    finally:
        over.set()
        watcher.join()


def start(bench: Bench) -> None:
    """Clones against the fastest boot of the same kernel, topology and agent."""
    print("start: host seconds from QEMU's start to the begin of the plan (TCG)")
    print(f"  {'clock':8} {'topology':10} {'boot':>7} {'clone':>7} {'fastest':>8} {'ratio':>6}")
    for text in ("1n2l4c1t", "1n4l4c2t"):
        topology = Topology.parse(text)
        for clock in ("real", "virtual"):
            bench.empty(topology, clock, cold=False)  # makes the template
            boots = [bench.empty(topology, clock, cold=True) for _ in bench.times(3)]
            clones = [bench.empty(topology, clock, cold=False) for _ in bench.times(10)]
            median = statistics.median(clones)
            print(
                f"  {clock:8} {text:10} {min(boots):7.3f} {median:7.3f} {min(clones):8.3f} {min(boots) / median:6.1f}",
                flush=True,
            )


def determinism(bench: Bench) -> None:
    """How many different event streams the same job gives."""
    print(f"determinism: different event streams of the same job, on QEMU {find_qemu().version}")
    eight, many = Topology.parse("1n2l4c1t"), Topology.parse("1n4l4c2t")
    exits = declare_scheduler(name="bench_exits", bpf=SCHEDULERS / "exits.bpf.c")
    racy = declare_scheduler(name="bench_racy", bpf=SCHEDULERS / "racy.bpf.c", sysctls={"kernel.watchdog": 0})

    def run_fixture() -> VmResult:
        return bench.scenario(FIXTURE, eight, 1, 12, 3.0).result

    def fixture() -> str:
        return run_fixture().events_sha256

    def idle_then_busy(number: int, what: Callable[[], str]) -> list[str]:
        half = number // 2
        quiet = [what() for _ in range(half)]
        with busy_host():
            return quiet + [what() for _ in range(number - half)]

    def made_anew() -> str:
        cache.discard(KIND, run_fixture().template, "removing a template")
        return fixture()

    def race() -> str:
        """A failing seed of tests/guest/test_seeds.py."""
        report = bench.scenario(
            racy,
            Topology.parse("1n1l8c1t"),
            21,
            10,
            1.0,
            cpus=Cpuset.exact(range(7)),
            trace=True,
            perturb=True,
        )
        return report.result.events_sha256

    def rows() -> Iterator[tuple[str, list[str]]]:
        hashes = idle_then_busy(len(bench.times(50)), fixture)
        yield "fixture, 8 CPUs, 12 workers, 3 s, half on a busy host", hashes
        hashes = [bench.scenario(FIXTURE, many, 1, 40, 1.0).result.events_sha256 for _ in bench.times(10)]
        yield "fixture, 32 CPUs, 40 workers, 1 s", hashes
        yield "fixture, 8 CPUs, template made again", [fixture(), *(made_anew() for _ in bench.times(5))]
        hashes = [bench.scenario(exits, eight, 1, 12, 2.0).result.events_sha256 for _ in bench.times(10)]
        yield "a scheduler that ends with an error", hashes
        with busy_host():
            hashes = [race() for _ in bench.times(20)]
        yield "a race: perturbed, switches traced, on a busy host", hashes

    for name, hashes in rows():
        different = len(set(hashes))
        print(f"  {name:56} {len(hashes):3} runs: {different} ({hashes[0][:12]})", flush=True)


def orders(bench: Bench) -> None:
    """How many orders of context switches seeds give, without a perturber."""
    topology = Topology.parse("1n2l4c1t")
    seen = []
    for seed in bench.times(20):
        switches = bench.scenario(FIXTURE, topology, seed + 1, 12, 0.5, trace=True).guest.switches
        assert switches is not None
        assert not switches.lost
        seen.append(switches.order)
    print(f"orders: {len(seen)} seeds give {len(set(seen))} different orders of context switches")


def sweep_cells(bench: Bench) -> None:
    """Whether a cell costs the same each time, and what it costs the host."""
    for result in cells(bench.kernel, bench.folder, bench.times(20)):
        bench.count.add(result)


def count_latency(bench: Bench) -> None:
    """What it costs to count latency."""
    for result in latency(bench.kernel, bench.folder, bench.times(6), FIXTURE):
        bench.count.add(result)


def task_starts(bench: Bench) -> None:
    """What each task takes to say something."""
    first_lines(bench.kernel.version, bench.folder, bench.times(5), bench.checkouts)


def sessions(bench: Bench) -> None:
    """What sessions take in which nothing has to be run."""
    remembered(bench.kernel.version, bench.folder, bench.times(5), bench.checkouts)


def edited_schedulers(bench: Bench) -> None:
    """What a user waits for after an edit of a scheduler."""
    edits(bench.kernel.version, bench.folder, bench.times(3), bench.checkouts)


def default_checks(bench: Bench) -> None:
    """What the default checks cost a test, with the latency that they need."""
    checks(bench.kernel.version, bench.folder, bench.times(10), bench.checkouts[0])


def spinners(bench: Bench) -> None:
    """What it costs a spinner to measure itself."""
    telemetry(bench.times(20))


def kept_things(bench: Bench) -> None:
    """What it costs a test to verify what is kept."""
    verification(bench.kernel.version, bench.folder, bench.times(10), bench.checkouts[0])


def reports(bench: Bench) -> None:
    """What it costs to show a suite with its past."""
    report_cost(bench.times(3), bench.folder, bench.checkouts[0])


def race_search(bench: Bench) -> None:
    """What it takes to find a race."""
    for result in races(bench.kernel, bench.folder, bench.search):
        bench.count.add(result)


@contextmanager
def busy_host() -> Iterator[None]:
    """Two processes that compute without end."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


PARTS = {
    "start": start,
    "determinism": determinism,
    "orders": orders,
    "cells": sweep_cells,
    "latency": count_latency,
    "telemetry": spinners,
    "checks": default_checks,
    "verification": kept_things,
    "first-line": task_starts,
    "remembered": sessions,
    "report": reports,
    "edits": edited_schedulers,
    "races": race_search,
}
ON_DEMAND = frozenset({"races"})
"""Parts that take too long to be done unless they are named."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description="Measure what ktstr promises.")
    all_but = f"default: all but {', '.join(ON_DEMAND)}"
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} ({all_but})")
    parser.add_argument("--kernel", default="auto", help="which kernel (default: auto)")
    parser.add_argument(
        "--repeats", type=float, default=1.0, help="of how often each is repeated (default: 1)"
    )
    parser.add_argument(
        "--base",
        type=Path,
        help="a checkout to compare with, of an older commit, with its own .venv (ci/nox -s setup)",
    )
    add_search_arguments(parser)
    given = parser.parse_args(arguments)
    if given.base and not (given.base / "ktstr").is_dir():
        parser.error(f"--base {given.base}: must be a checkout of ktstr")
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"{min(unknown)}: must be one of {', '.join(PARTS)}")
    try:
        kernel = resolve(given.kernel)[-1]
        print(f"kernel {kernel.version}, QEMU {find_qemu().version}")
        with tempfile.TemporaryDirectory(prefix="ktstr-bench-") as folder:
            bench = Bench(kernel, Path(folder), given.repeats, base=given.base, search=search_of(given))
            for part in PARTS:
                if part in given.parts or (not given.parts and part not in ON_DEMAND):
                    PARTS[part](bench)
            print(f"VMs: {bench.count.booted} booted, {bench.count.cloned} cloned, 0 remembered")
    except KtstrError as error:
        print(f"ktstr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
