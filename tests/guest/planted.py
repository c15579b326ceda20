"""A project with the fixture as its scheduler, and commits that change it, for `nox -s perf` and bisection."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CHANGES", "commit_source", "make_project", "plant", "planted"]

_FIXTURE = Path(__file__).parents[1] / "schedulers" / "fixture.bpf.c"
_TEST = '''"""Requests that sleep and wake, beside a batch that has a CPU for itself: a third CPU is left."""

from ktstr import Bursty, CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 1, 3, 1))


@ktstr_test(scheduler=FIXTURE, latency=True, checks=Checks(max_spread_pct=False))
def requests_and_batch(ctx: Ctx) -> None:
    ctx.run(
        CgroupDef("batch", workers=2),
        CgroupDef("requests", workers=2, work=Bursty(burst_ms=1, sleep_ms=3)),
        hold_s=0.5,
    )
'''
_CROWDED = '''"""Requests that sleep and wake, in a crowd: they wait for as long as the others' slices are."""

from ktstr import Bursty, CgroupDef, Checks, Ctx, declare_scheduler, ktstr_test

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 1, 2, 1))


@ktstr_test(scheduler=FIXTURE, latency=True, checks=Checks(max_spread_pct=False))
def requests_in_a_crowd(ctx: Ctx) -> None:
    ctx.run(
        CgroupDef("batch", workers=4),
        CgroupDef("requests", workers=2, work=Bursty(burst_ms=1, sleep_ms=5)),
        hold_s=0.5,
    )
'''
CHANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # Ten times as long. It takes a crowd to feel that.
    "slice": (("slice_us = 5000;", "slice_us = 50000;"),),
    # Its claim on CPU 1 is taken and not used: the CPU stays idle, and nobody finds it idle.
    "leak": (
        (
            "\tif (is_idle) {",
            "\tif (is_idle && cpu == 1 && p->nr_cpus_allowed > 1)\n\t\treturn prev_cpu;\n\tif (is_idle) {",
        ),
    ),
    "dearer": (
        (
            "\t__sync_fetch_and_add(&nr_queued, 1);",
            "\t__sync_fetch_and_add(&nr_queued, 1);\n#pragma unroll\n\tfor (int i = 0; i < 10; i++)\n"
            "\t\t(void)*(volatile u64 *)&nr_idle;",
        ),
    ),
    "renamed": (
        ("fixture_enqueue", "fixture_put"),
        ("vtime_now", "now_in_queue"),
        ("nr_queued", "waiting"),
    ),
    "rewritten": (
        ("/* The virtual time of the task that started last. */", "/*\n * How far the queue has come.\n */"),
        ("vtime_now", "now_in_queue"),
        ("bool is_idle = false;\n\ts32 cpu =", "bool is_idle = false;\n\ts32 cpu;\n\n\tcpu ="),
        ("return (s64)(a - b) < 0;", "s64 distance = a - b;\n\n\treturn distance < 0;"),
    ),
}
"""What each change replaces in the fixture, which must be there. `renamed` and `rewritten` do the same as before."""


def planted(change: str) -> str:
    """The fixture's source with a change of CHANGES; without one if there is none of that name."""
    text = _FIXTURE.read_text()
    for old, new in CHANGES.get(change, ()):
        assert old in text
        text = text.replace(old, new)
    return text


def make_project(root: Path, *, crowded: bool = False) -> None:
    """A repository with the fixture and its test, in one commit. If it is `crowded`, there are more tasks than CPUs."""
    tests = root / "tests"
    tests.mkdir(parents=True)
    (tests / "fixture.bpf.c").write_text(_FIXTURE.read_text())
    (tests / "test_fixture.py").write_text(_CROWDED if crowded else _TEST)
    (root / ".gitignore").write_text("target\n__pycache__\n.pytest_cache\n")
    _git(root, "init", "--quiet")
    _commit(root, "A scheduler and its test")


def plant(root: Path, change: str) -> None:
    """Commit a change of CHANGES."""
    commit_source(root, planted(change), f"A change: {change}")


def commit_source(root: Path, text: str, message: str) -> None:
    """Make `text` the scheduler's source, in a commit."""
    (root / "tests" / "fixture.bpf.c").write_text(text)
    _commit(root, message)


def _commit(root: Path, message: str) -> None:
    _git(root, "add", "--all")
    _git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", message)


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True)
