"""Lines of text that a guest carries: the kernel's log and dump, the flight recorder, what programs printed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from fuzz_target import Target

from ktstr.base.errors import KtstrError
from ktstr.events import patterns
from ktstr.events.load_failure import read_load_failure
from ktstr.events.metrics import read_metrics
from ktstr.events.payload import PayloadRun
from ktstr.events.phase import Phase
from ktstr.events.rejection import rejections
from ktstr.events.report import read_report
from ktstr.events.run_queues import read_run_queues
from ktstr.events.stream import parse_events
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Payload
from ktstr.shell.frames import DATA_MOST, Parser
from ktstr.verifier.collapse import collapse, expand

__all__ = ["OUTPUT", "TEXTS"]

_DATA = Path(__file__).parents[1] / "unit" / "data"
_LINES = 160
_KINDS = {"k": "kmsg", "l": "sched_log", "d": "sched_dump", "f": "flight"}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
_STATE = {
    "state": "enabled",
    "ops": "mine",
    "enable_seq": "1",
    "switch_all": "1",
    "nr_rejected": "0",
    "running": 1,
}


def _texts(data: bytes, _folder: Path) -> None:
    """The first letter of each line says where it comes from; other lines are the console's."""
    events: list[dict[str, object]] = [
        {"ev": "begin", "t": 1},
        {"ev": "sched_start", "t": 2, "pid": 131, "program": "/ktstr/bin/loader"},
        {"ev": "sched_state", "t": 3, "when": "attached", **_STATE},
    ]
    console = []
    for number, line in enumerate(data.decode(errors="replace").split("\n")[:_LINES]):
        kind = _KINDS.get(line[:1])
        if kind is None:
            console.append(line)
        elif kind == "kmsg":
            events.append(
                {"ev": kind, "t": 4, "level": 3 + number % 4, "at_ns": 1000 * number, "text": line[1:]}
            )
        else:
            events.append({"ev": kind, "t": 4, "text": line[1:]})
    events.append({"ev": "sched_exit", "t": 5, "status": 1})
    report = read_report(parse_events("".join(json.dumps(one) + "\n" for one in events)), "\n".join(console))
    json.dumps(report.as_json(), allow_nan=False)
    log = report.log
    read_load_failure(log, "7.0.13")
    for one in rejections(log):
        assert one.parts is not None
    read_run_queues(log)
    shorter = collapse(log)
    assert len(shorter) <= len(log)
    # A log may have lines that look like counts.
    assert (
        len(shorter) == len(log)
        or any("more like" in line for line in log)
        or len(expand(shorter)) == len(log)
    )
    try:
        Parser().feed(data[: 4 * DATA_MOST])
    except ValueError:  # as documented
        return


def _text_seeds() -> list[bytes]:
    seeds = []
    for path in sorted((_DATA / "exits").glob("*.jsonl")):
        events = parse_events(path.read_text())
        lines = [_LETTERS[one["ev"]] + one["text"] for one in events if one["ev"] in _LETTERS]
        seeds.append("\n".join(lines[-120:]))
    seeds += [
        "\n".join(f"d{line}" for line in path.read_text().splitlines())
        for path in (_DATA / "run-queues").glob("*.txt")
    ]
    for path in sorted(_DATA.glob("*.log.gz")):
        seeds.append(
            "\n".join(f"l{line}" for line in gzip.decompress(path.read_bytes()).decode().splitlines()[-150:])
        )
    (console,) = (_DATA / "exits").glob("*.console.gz")
    seeds.append("\n".join(gzip.decompress(console.read_bytes()).decode(errors="replace").splitlines()[-60:]))
    seeds.append(
        "f   work-131 [001] d..2. 12.345678: sched_switch: prev_comm=work prev_pid=131 prev_prio=120 prev_state=R ==>"
        " next_comm=swapper/1 next_pid=0 next_prio=120\n"
        "f   work-131 [001] d..2. 12.345679: sched_ext_event: name SCX_EV_SELECT_CPU_FALLBACK delta -3\n"
        "f   work-131 [001] d..2. 12.345679: sched_wakeup: comm=work pid=7 prio=120 target_cpu=001"
    )
    return [seed.encode(errors="replace") for seed in seeds]


def _mutate_lines(data: bytes, chance: Random) -> bytes:
    """Lines exchanged, repeated, cut; a number in one changed."""
    lines = data.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines[at], lines[other] = lines[other], lines[at]
            case 1:
                lines[at:at] = lines[other : other + chance.randint(1, 9)] * chance.randint(1, 4)
            case 2 if len(lines) > 1:
                del lines[at : at + chance.randint(1, 3)]
                lines = lines or [b""]
            case 3:
                words = lines[at].split(b" ")
                words[chance.randrange(len(words))] = chance.choice(
                    (b"", b"9" * 19, b"-1", b"0x", b"(", b"[1]", b'"')
                )
                lines[at] = b" ".join(words)
            case _:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(lines)[place:]
    return b"\n".join(lines)


_METRICS = (
    *(
        Metric(f"j{number}", json=path)
        for number, path in enumerate(("jobs[0].lat.mean", "jobs[*].*", "*.*.*", "a"))
    ),
    *(
        Metric(f"p{number}", pattern=pattern, take="sum")
        for number, pattern in enumerate(
            (r"(?P<value>[-+0-9.eE]+)", r"avg=\s*(?P<value>\S*)", r"^(\w+)=(?P<value>.+)$")
        )
    ),
)
_TAKES: tuple[Literal["first", "last", "min", "max", "mean", "sum"], ...] = (
    "first",
    "last",
    "min",
    "max",
    "mean",
    "sum",
)


def _output(data: bytes, _folder: Path) -> None:
    """What a payload printed; the first line is a JSON path, the rest is read by it, and by other metrics."""
    path, _, text = data.decode(errors="replace").partition("\n")
    metrics = list(_METRICS)
    try:
        metrics += [Metric(take, json=path, take=take) for take in _TAKES]
    except KtstrError:
        metrics += [Metric(take, json="*", take=take) for take in _TAKES]
    run = PayloadRun("p", "", 0, 0, ended_ns=1, status=0, how="exited", stdout=text)
    phase = Phase("", 0, 1, 1, (), (), payloads=(run,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ktstr.events.metrics.find_all", _in_this_process)
        read = read_metrics((phase,), {"p": Payload("p", binary="p", metrics=tuple(metrics))})
    for one in read:
        assert (one.value is None) == bool(one.why)
        json.dumps(one.value, allow_nan=False)


def _in_this_process(searches: list[tuple[str, str]]) -> list[patterns.Found]:
    """As `find_all`, for patterns that are fast: a process for each input would be most of the time."""
    return [list(_some(patterns._values(pattern, text))) for pattern, text in searches]


def _some(values: Iterator[str]) -> Iterator[str]:
    return (value for value, _ in zip(values, range(patterns.MOST_VALUES), strict=False))


def _output_seeds() -> list[bytes]:
    fio = {
        "jobs": [{"lat": {"mean": 12.5, "n": 3}, "name": "a"}, {"lat": {"mean": "7", "n": 1e308}}],
        "a": [1, [2]],
    }
    return [
        b"jobs[*].lat.mean\n" + json.dumps(fio).encode(),
        b"a[*]\nwarming up\n" + json.dumps(fio, indent=1).encode() + b"\nend",
        b'["a b"][0]\n{"a b": [1, 2, 3]}',
        b"x\nT: 0 (  131) P: 0 Min:   12 Act:  34 avg= 5.25\nops=1e3\n",
    ]


TEXTS = Target("texts", _text_seeds, _texts, _mutate_lines)
"""Lines of the kernel, of schedulers, of the flight recorder, and of the verifier."""
OUTPUT = Target("output", _output_seeds, _output)
"""What payloads print, read by JSON paths and patterns."""
