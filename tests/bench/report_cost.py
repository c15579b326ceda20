"""What a report costs: `ktstr report` and `ktstr runs` of 500 tests with 20 earlier runs, which are made here."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from paired import Checkout

from ktstr.report.counted import SOURCES
from ktstr.report.history import stamp_of
from ktstr.report.sidecar import file_stem

__all__ = ["report_cost", "write_runs"]

_TESTS, _RUNS = 500, 21
_RECORDED = Path(__file__).parents[1] / "unit" / "data" / "sidecars" / "passed-0.1.0.json"
_BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
_MS = 1_000_000
_LINES, _FUNCTIONS = 600, 40  # of the scheduler whose coverage each test has
_COUNTED = "all.run-1.coverage.json"
_TOPOLOGIES = ("1n1l4c1t", "1n2l2c2t", "1n2l4c1t", "2n4l4c1t")


def report_cost(repeats: range, folder: Path, checkout: Checkout) -> None:
    """Print seconds, memory and sizes; the least of the repeats, and CPU time as well, because the host is shared."""
    root = folder / "suite"
    size = write_runs(root)
    print(f"report: {_RUNS} runs of {_TESTS} tests, {size / 1e6:.0f} MB of sidecars")
    for name, words in (("ktstr report", ("report", "latest")), ("ktstr runs", ("runs",))):
        taken = [_taken(root, checkout, words) for _ in repeats]
        seconds, cpu, memory = min(taken)
        print(f"  {name:14} {seconds:6.2f} s, {cpu:5.2f} s of CPU, {memory:4.0f} MB", flush=True)
    (page,) = root.rglob("report.html")
    print(f"  the page       {page.stat().st_size / 1e6:6.2f} MB")


def write_runs(root: Path, tests: int = _TESTS, runs: int = _RUNS) -> int:
    """Write so many runs into the history of a project at `root`; how many bytes their sidecars have.

    One test of a hundred fails in the newest run, and each failed at some time before.
    """
    base = json.loads(_RECORDED.read_text())
    record = base["runs"][0]
    record["result"].setdefault("qemu_version", "7.2.22")
    record["guest"]["phases"] = [_phase(record["guest"]["workers"])]
    record["guest"]["latency_groups"] = [_group(number) for number in range(4)]
    record["coverage"] = _COUNTED  # all tests have the same, which is read for each
    head = {name: value for name, value in base.items() if name not in ("runs", "versions")}
    tail = json.dumps({"runs": [record], "versions": base["versions"]}, indent=2)[1:]
    written = 0
    for run in range(runs):
        began = _BEGIN + timedelta(hours=run)
        place = root / "target" / "ktstr" / "history" / "7.0.13-1a2b3c4" / stamp_of(began)
        place.mkdir(parents=True)
        outcomes = {"passed": 0, "failed": 0}
        for number in range(tests):
            failed = (number + 7 * run) % 100 == 7 * (runs - 1) % 100
            outcomes["failed" if failed else "passed"] += 1
            text = json.dumps({**head, **_test(number, run, failed, began)}, indent=2)
            text = f"{text[:-2]},{tail}\n"
            (place / f"{file_stem(_nodeid(number))}.json").write_text(text, encoding="ascii")
            written += len(text)
        (place / "run.json").write_text(json.dumps(_about(began, outcomes)))
        (place / _COUNTED).write_text(json.dumps(_counted(), indent=2))
        source = "\n".join(f"\tsome_call(p, {line});" for line in range(_LINES))
        (place / SOURCES).write_text(json.dumps({"sources": {"mine.bpf.c": source}}))
    return written


def _nodeid(number: int) -> str:
    return f"tests/test_{number // 25}.py::holds_what_number_{number}_promises[7.0]"


def _test(number: int, run: int, failed: bool, began: datetime) -> Mapping[str, Any]:
    return {
        "test": f"holds_what_number_{number}_promises",
        "nodeid": _nodeid(number),
        "outcome": "failed" if failed else "passed",
        "message": "max_gap_ms: worker w/0 did not run for 25.1 ms, limit 5 ms" if failed else None,
        "details": "\n".join(f"line {line} of what the guest had to say" for line in range(200))
        if failed
        else None,
        "topology": _TOPOLOGIES[number % len(_TOPOLOGIES)],
        "started": began.isoformat(timespec="milliseconds"),
        "timings": {"wall_s": 1 + (number * 7 + run * 3) % 40 / 10, "guest_s": 0.5},
    }


def _phase(workers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    tasks = [_task(number) for number in range(24)]
    latency = {"tasks": tasks, "ext": True, "wasted_ns": 0}
    return {"name": "", "began_ns": 0, "held_ns": 500 * _MS, "asked_ns": 500 * _MS, "workers": workers} | {
        "operations": [],
        "latency": latency,
        "payloads": [],
    }


def _task(number: int) -> Mapping[str, Any]:
    names = ("woken", "waited", "ran")
    numbers = dict.fromkeys(("voluntary", "involuntary", "moved_in_llc", "moved_across_llcs"), number)
    return {
        "worker": number if number < 12 else None,
        "cgroup": f"cg_{number % 3}" if number < 12 else "",
        "name": f"task-{number}",
        "pid": 100 + number,
        "kernel": number >= 12,
        "policy": "normal",
        "nice": 0,
        **{name: _durations(number + place) for place, name in enumerate(names)},
        **numbers,
        "moved_across_nodes": 0,
        "llc_ns": [number * _MS],
    }


def _durations(number: int) -> Mapping[str, Any]:
    percentiles = {
        f"p{name}_ns": (number + 1) * at * _MS // 10 for at, name in enumerate((50, 90, 99, 999), 1)
    }
    return {
        "count": 9,
        "total_ns": 9 * _MS,
        **percentiles,
        "longest_ns": (number + 1) * _MS,
        "longest_at_ns": 1,
    }


def _group(number: int) -> Mapping[str, Any]:
    buckets = [[(bucket + 1) * _MS // 8, 1000 // (bucket + 1)] for bucket in range(16)]
    own = {"name": f"cg_{number}" if number < 3 else "ext", "workers": number < 3, "tasks": 4}
    return {**own, "woken": buckets, "waited": buckets, "ran": buckets}


def _counted() -> Mapping[str, Any]:
    """The coverage and the costs of a scheduler of so many lines and functions."""
    path, size = "mine.bpf.c", _LINES // _FUNCTIONS
    functions = [(f"mine_{number}", 1 + number * size) for number in range(_FUNCTIONS)]
    lines = [[line, line % 7] for line in range(1, _LINES) if line % 3]
    branches = [[line, 5, 0, functions[line // size][0], 4, line % 2] for line in range(1, _LINES, 6)]
    costs = [
        {
            "path": path,
            "name": name,
            "line": line,
            "callback": True,
            "calls": [[insns + line, 9] for insns in range(20)],
            "lines": [[path, line + step, 90] for step in range(size)],
            "called": [],
        }
        for name, line in functions
    ]
    entered = [{"name": name, "line": line, "count": line % 5} for name, line in functions]
    file = {"path": path, "functions": entered, "lines": lines, "branches": branches}
    return {"files": [file], "costs": costs}


def _about(began: datetime, outcomes: Mapping[str, int]) -> Mapping[str, Any]:
    return {
        "schema": 1,
        "name": "7.0.13-1a2b3c4",
        "started": began.isoformat(),
        "status": "complete",
        "tests": {
            "outcomes": outcomes,
            "kernels": ["7.0.13"],
            "schedulers": ["fixture"],
            "topologies": sorted(_TOPOLOGIES),
            "seeds": [1],
            "clocks": ["virtual"],
            "seconds": 900.0,
        },
    }


def _taken(root: Path, checkout: Checkout, words: Sequence[str]) -> tuple[float, float, float]:
    """Host seconds, CPU seconds and MB of memory of a command."""
    begin = time.monotonic()
    command = checkout.command("ktstr", *words, folder=root)
    with subprocess.Popen(
        command.words, cwd=root, env=command.environment, stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command.words)}: status {process.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
