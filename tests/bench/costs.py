"""What a warm test costs with and without something: the default checks, and the verification of what is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from desk import BPF
from paired import Checkout, compared, cpu_s, in_turns, span

from ktstr.checks.registry import Stage, declared_checks

__all__ = ["checks", "verification"]

_FILE = """
from ktstr import Checks, Ctx, declare_scheduler, ktstr_test, scenarios

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 1, 4, 1))
OFF = Checks({off})


@ktstr_test(scheduler=FIXTURE)
def test_all(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=FIXTURE, latency=False, checks=OFF)
def test_none(ctx: Ctx) -> None:
    scenarios.steady(ctx)
"""
# A test that believes what is kept: no seal is compared with its files. Digests that are keys are taken all the same.
_CONFTEST = """
import os

if os.environ.get("BENCH_UNVERIFIED"):
    from ktstr.base import seal

    seal.damage = lambda folder, *, whole=False: None
"""


def checks(kernel: str, folder: Path, times: range, checkout: Checkout) -> None:
    """Print what the default checks and exact latency cost a warm test of 4 CPUs, by CPU seconds of all of pytest."""
    print(
        "checks: CPU seconds of a warm steady test on 1n1l4c1t, with all default checks and without; limit: 1.15"
    )
    project = _project(folder / "checks")
    names = ("test_all", "test_none")
    all_s, none_s = in_turns([_measure(checkout, project, kernel, name) for name in names], times)
    print(f"  all {span(all_s)}, none {span(none_s)}; {compared(all_s, none_s)}", flush=True)


def verification(kernel: str, folder: Path, times: range, checkout: Checkout) -> None:
    """Print what it costs a warm test, and a remembered one, that everything kept is verified when it is used."""
    print("verification: CPU seconds of a steady test, with what is kept verified and not; limit: 1.02")
    project = _project(folder / "verification")
    for what, fresh in (("warm", True), ("remembered", False)):
        measures = [
            _measure(checkout, project, kernel, "test_all", fresh=fresh, BENCH_UNVERIFIED=value)
            for value in ("", "1")
        ]
        with_s, without_s = in_turns(measures, times)
        print(
            f"  {what:10} verified {span(with_s)}, not {span(without_s)}; {compared(with_s, without_s)}",
            flush=True,
        )


def _project(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(BPF, folder)
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_bench.py").write_text(_FILE.format(off=", ".join(f"{name}=False" for name in _off())))
    return folder


def _off() -> Sequence[str]:
    """The default checks of what workers got to do that can be switched off, by the name that does it."""
    import ktstr.checks.thresholds  # noqa: F401  # registers them

    return [
        one.threshold
        for one in declared_checks()
        if one.threshold and one.stage is Stage.WORK and one.default is not False and one.key == one.threshold
    ]


def _measure(
    checkout: Checkout, project: Path, kernel: str, test: str, *, fresh: bool = True, **variables: str
) -> Callable[[], float]:
    words = ("pytest", "-q", "-n0", "--kernel", kernel, "-k", test, *(("--fresh",) if fresh else ()))
    return partial(cpu_s, checkout.command(*words, folder=project, **variables))
