"""The kernel's watchdog for a scheduler that sets none."""

from dataclasses import replace
from pathlib import Path

import pytest
from run_data import a_run

from ktstr.events.exit import SchedulerExit
from ktstr.run.program import Program
from ktstr.run.watchdog import needs_patience, watchdog_ms, watched_command

LOADER = Program((), ("/ktstr/bin/loader", "/ktstr/mine.bpf.o"), is_loader=True)


@pytest.mark.parametrize(
    ("total_s", "ms"), [(0.1, 10_000), (2, 10_000), (12.5, 17_500), (25, None), (600, None)]
)
def test_it_is_later_than_the_holds_and_never_than_the_kernels_own(total_s: float, ms: int | None) -> None:
    assert watchdog_ms(total_s) == ms


def test_the_loader_sets_it_with_the_virtual_clock_unless_the_test_does(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    assert watched_command(run, LOADER) == (*LOADER.command, "--watchdog", "10000")
    assert watched_command(run, replace(LOADER, is_loader=False)) == LOADER.command
    assert watched_command(replace(run, clock="real"), LOADER) == LOADER.command
    own = replace(run, test=replace(run.test, watchdog_ms=400))
    assert watched_command(own, LOADER) == LOADER.command


def test_the_guest_waits_for_a_watchdog_that_may_take_as_long_as_its_own(tmp_path: Path) -> None:
    run = a_run(tmp_path, program=LOADER)
    other = replace(run, program=replace(LOADER, is_loader=False))
    assert not needs_patience(run)
    assert needs_patience(replace(run, scenario=replace(run.scenario, hold_s=24)))
    assert needs_patience(replace(run, clock="real"))
    assert needs_patience(other)
    assert needs_patience(replace(run, others={"other": other.program}))
    assert not needs_patience(replace(run, program=Program()))
    for ms, needed in ((400, False), (30_000, True)):
        assert needs_patience(replace(other, test=replace(run.test, watchdog_ms=ms))) is needed


# Two tasks of a dump of 7.0.13, shortened.
DUMP = """\
CPU 0   : nr_run=5 flags=0x1 cpu_rel=0 ops_qseq=5 ksync=9
          curr=swapper/0[0] class=idle_sched_class

  R rcu_preempt[15] -9980ms
      scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x0

  R kdamond.0[50] -9984ms
      scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x0
""".splitlines()


def test_a_watchdog_that_stalled_itself_names_who_had_waited_longest() -> None:
    message = "watchdog failed to check in for 10.004s"
    left = SchedulerExit("stall", "runnable task stall", message, dump=tuple(DUMP))
    assert left.line == (
        f"runnable task stall: {message}; kdamond.0[50] had waited longest, 9984 ms on DSQ 0"
    )
    assert replace(left, dump=()).line == f"runnable task stall: {message}"
