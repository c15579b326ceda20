"""The text of a failed run, the most important first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ktstr.checks.violation import Violation
from ktstr.events.dump import Dump
from ktstr.events.metrics import MetricValue
from ktstr.events.phase import NeededOperations
from ktstr.events.report import GuestReport, Needed, Perturbed
from ktstr.events.waiting import Waiting
from ktstr.report.dump import map_lines, run_queue_lines
from ktstr.report.flight import flight_lines
from ktstr.report.latency import latency_lines
from ktstr.report.monitor import monitor_lines
from ktstr.report.payloads import metric_table, output_lines, payload_table
from ktstr.report.phases import needed_lines, needed_list, stats_lines
from ktstr.report.repro import Repro, maps_note, repro_lines
from ktstr.report.summary import bug_lines, exit_section, unreported, without_bug, without_dump
from ktstr.report.waiting import waiting_lines
from ktstr.vm.result import Ending

__all__ = ["failure_text", "perturbation_table"]

_LOG_LINES = 60
_CONSOLE_LINES = 30
_DUMP_LINES = 200


def failure_text(
    header: str,
    violations: Sequence[Violation],
    report: GuestReport,
    console: str,
    *,
    needed: Needed | None = None,
    operations: NeededOperations | None = None,
    sidecar: Path | None = None,
    dump: Dump | None = None,
    dump_file: Path | None = None,
    summary: str = "",
    repro: Repro | None = None,
    ending: Ending = Ending.DONE,
    latency: bool = False,
    metrics: Sequence[MetricValue] = (),
    seen: Waiting | None = None,
    stops: Sequence[str] = (),
) -> str:
    """The whole failure: what went wrong in a line, header, violated checks, then a section for each thing that was
    recorded, in the order in which one wants to know.

    `needed` are the perturbations that it takes, `operations` the drawn operations (None: not known); `sidecar` is
    what replays the run. `dump` is what the scheduler's maps held; `dump_file` has all of it. `repro` is the second
    run, if there was one. `ending` is how the guest ended. `latency` says whether the table of latencies is wanted.
    `metrics` are the numbers that payloads printed. `seen` is where a worker waited, as another run showed. `stops` are
    the lines about CPUs that stood still.
    """
    lines = [f"BUG SUMMARY: {summary}"] if summary else []
    lines += [header, *(f"  {v.check}: {v.line}" for v in violations)]
    if sidecar is not None:
        lines.append(f"  replay: ktstr replay {shlex.quote(str(sidecar))}")
    if missing := unreported(ending, report):
        lines.append(f"  untold: {missing}")
    sampled = monitor_lines(report, violations)
    for title, text in _sections(
        report,
        console,
        needed,
        operations,
        dump,
        dump_file,
        repro,
        sampled,
        metrics,
        seen,
        stops,
        latency=latency,
    ):
        if text:
            lines += ["", f"--- {title} ---", *text]
    return "\n".join(lines)


def _sections(
    report: GuestReport,
    console: str,
    needed: Needed | None,
    operations: NeededOperations | None,
    dump: Dump | None,
    dump_file: Path | None,
    repro: Repro | None,
    sampled: Sequence[str],
    metrics: Sequence[MetricValue],
    seen: Waiting | None,
    stops: Sequence[str],
    *,
    latency: bool,
) -> Iterator[tuple[str, Sequence[str]]]:
    left = report.scheduler_exit
    yield "scheduler exit", exit_section(left) if left else ()
    yield "kernel bug", [report.kernel_log[at] for at in bug_lines(report)]
    yield "interleaving", stops
    yield "perturbations", () if needed is None else perturbation_table(needed)
    yield "operations", () if operations is None else needed_lines(operations)
    yield "wait", waiting_lines(seen) if seen else ()
    yield "stats", stats_lines(report)
    yield "monitor", sampled
    yield "latency", latency_lines(report.phases) if latency else ()
    yield "payloads", payload_table(report.payloads)
    yield "metrics", metric_table(metrics)
    yield "payload output", output_lines(report.payloads)
    yield "flight recorder", flight_lines(report.flight)
    yield "auto-repro", repro_lines(repro) if repro else ()
    yield "scheduler log", _tail(without_dump(report.log), _LOG_LINES)
    yield "kernel log", _tail(without_bug(report), _LOG_LINES)
    if dump is not None:
        yield "run queues", () if dump.run_queues is None else run_queue_lines(dump.run_queues)
        note = [maps_note(repro)] if repro and repro.more == "dump" else []
        yield "maps", [*note, *map_lines(dump), *([f"(all of it: {dump_file})"] if dump_file else [])]
    yield "sched_ext dump", _tail(left.dump, _DUMP_LINES) if left else ()
    # The kernel's log has all that the console has, and more.
    yield "console", () if report.kernel_log else _tail(console.splitlines(), _CONSOLE_LINES)


def perturbation_table(needed: Needed) -> list[str]:
    """The perturbations that a failure needs: guest time of the hold, CPU, and what ran there, for how long by then."""
    lines = [_perturbed_line(one) for one in needed.perturbed]
    if needed.moved:
        return [
            f"one of {needed.tried} is enough, moved to hit the same point of a turn without the others:",
            *lines,
        ]
    return needed_list(lines, needed.tried, needed.unfinished)


def _perturbed_line(one: Perturbed) -> str:
    at_ns = one.at_ns if one.began_ns is None else one.began_ns
    what = f"{one.comm} (pid {one.pid})" if one.comm else "what was not recorded"
    after = f" {one.ran_ns / 1e6:.3f} ms into its turn" if one.ran_ns else ""
    return f"  at {at_ns / 1e6:9.3f} ms  CPU {one.cpu:3}  for {one.ns / 1e6:6.3f} ms  preempted {what}{after}"


def _tail(lines: Sequence[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return list(lines)
    # A refused load has its reason at the end, and what was loaded at the start.
    head = limit // 4
    left_out = len(lines) - limit
    return [*lines[:head], f"[... {left_out} lines left out ...]", *lines[len(lines) - (limit - head) :]]
