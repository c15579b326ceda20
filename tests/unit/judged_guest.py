"""Guests that are made up: the streams that tests have, and what a test's run says of another one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from fake_executor import FakeExecutor, recorded
from mutated_events import thinned
from run_data import a_test, build_nothing
from vm_stand_in import a_job

from ktstr import CgroupDef, Ctx, KtstrError, Scheduler, VerdictFailed
from ktstr.base.topology import Topology
from ktstr.events.dump import read_dump, read_snapshots
from ktstr.events.exit import read_exit
from ktstr.events.stream import parse_events
from ktstr.verifier.judge import programs_of
from ktstr.vm.result import Event, VmResult, classify

__all__ = ["a_context", "captured", "judged"]

DATA = Path(__file__).with_name("data")


def captured() -> dict[str, list[Event]]:
    """Every stream that tests have, a few events of each kind; each was captured from a guest."""
    streams = {path.stem: parse_events(path.read_text()) for path in sorted(DATA.rglob("*.jsonl"))}
    maps = DATA / "dump" / "maps-7.0.13.jsonl.gz"
    streams[maps.stem] = parse_events(gzip.decompress(maps.read_bytes()).decode())
    for name in ("passed", "starved", "crashed", "ejected", "refused", "panicked", "eevdf"):
        streams[name] = recorded(name).events
    return {name: thinned(events) for name, events in streams.items() if events}


def a_context(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Ctx:
    """A test's, whose guests an executor makes up."""
    build_nothing(monkeypatch, folder)
    test = a_test(
        scheduler=Scheduler(name="mine", bpf=Path("mine.bpf.c")),
        topology=Topology(1, 1, 2, 1),
        auto_repro=False,
    )
    results = folder / "results"
    results.mkdir()
    return Ctx(test, a_job(folder).kernel, "auto", 1, results / "mine", executor=FakeExecutor())


def judged(ctx: Ctx, text: str, console: str, status: int) -> str | None:
    """What a test's run says of a guest that wrote `text` as its events; None if it passes."""
    try:
        events = parse_events(text)
        ending, why = classify(status, False, events, console, 60.0, "")
        result = VmResult(ending, why, events, console, "", (), "tcg", "virtual", "7.2.0", None, 1.0, "boot")
        ctx._executor = FakeExecutor(result)
        programs_of(result)
        read_exit(events)
        read_dump(events)
        read_snapshots(events)
        ctx.run(CgroupDef("cg", 2), hold_s=0.2)
    except (KtstrError, VerdictFailed) as error:
        return str(error)
    finally:
        json.dumps(ctx.runs)
        ctx.runs.clear()
    return None
