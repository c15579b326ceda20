"""A guest's report: recorded events as data, and the text of a failed run."""

from dataclasses import replace
from pathlib import Path

import pytest
from report_data import WORKER, report

from ktstr.checks.violation import Violation
from ktstr.events.report import (
    GuestCpu,
    GuestNode,
    GuestReport,
    Needed,
    Perturbed,
    Switches,
    read_report,
)
from ktstr.events.state import SchedulerState
from ktstr.report.failure import failure_text, perturbation_table
from ktstr.report.workers import worker_table
from ktstr.vm.result import parse_events

DATA = Path(__file__).parent / "data"


def recorded(name: str) -> GuestReport:
    return read_report(parse_events((DATA / f"{name}.jsonl").read_text()))


FIXTURE = recorded("fixture-7.0.13")
MIXED = recorded("simple-mixed-7.3.4")


# Reading


def test_a_report_describes_the_guest() -> None:
    assert (FIXTURE.release, FIXTURE.clocksource) == ("7.0.13+deb13-cloud-amd64", "tsc")
    assert FIXTURE.guest_ns == 4_284_605_037


def test_a_report_has_the_cpus_as_the_guest_shows_them() -> None:
    both = frozenset({0, 1})
    assert FIXTURE.cpus == (GuestCpu(0, frozenset({0}), both, 0), GuestCpu(1, frozenset({1}), both, 0))


def test_a_report_has_the_nodes_as_the_guest_shows_them() -> None:
    events = parse_events(
        '{"ev":"cpu","cpu":0,"threads":"0","llc":"0","die_cpus":"0","package_cpus":"0-1"}\n'
        '{"ev":"node","node":0,"cpus":"0-1","distances":"10 31","memory_kb":131072}\n'
        '{"ev":"node","node":1,"cpus":"","distances":"31 10","memory_kb":0}'
    )
    made, zero, both = read_report(events), frozenset({0}), frozenset({0, 1})
    assert made.cpus == (GuestCpu(0, zero, zero, 0, die=zero, package=both),)
    assert made.nodes == (GuestNode(0, both, (10, 31), 128.0), GuestNode(1, frozenset(), (31, 10), 0.0))


def test_a_report_has_the_workers_in_the_order_of_their_declaration() -> None:
    assert [(w.index, w.cgroup, w.kind) for w in FIXTURE.workers] == [
        (0, "spin", "spin_wait"),
        (1, "spin", "spin_wait"),
        (2, "burst", "bursty"),
    ]


def test_a_worker_is_what_the_agent_measured() -> None:
    spinner = FIXTURE.workers[0]
    assert (spinner.wall_ns, spinner.run_ns, spinner.wait_ns) == (500_375_009, 437_395_022, 61_854_085)
    assert (spinner.iterations, spinner.migrations, spinner.gap_ns) == (80_226, 12, 8_107_151)
    assert (spinner.cpus, spinner.ext, spinner.died) == ((0, 1), True, None)


def test_the_gaps_are_a_count_for_each_power_of_two() -> None:
    assert all(len(worker.gaps) == 32 for worker in FIXTURE.workers)
    # Each reading of the clock is one gap.
    assert all(abs(sum(worker.gaps) - worker.iterations) < 10 for worker in FIXTURE.workers)


def test_sleep_that_a_worker_asked_for_is_not_waiting() -> None:
    sleeper = FIXTURE.workers[2]
    assert sleeper.slept_ns == 300_000_000
    assert sleeper.off_cpu_pct == pytest.approx(100 * (501_529_138 - 127_979_664 - 300_000_000) / 501_529_138)


def test_a_real_time_worker_does_not_run_under_the_scheduler() -> None:
    assert [(w.cgroup, w.ext) for w in MIXED.workers if not w.ext] == [("fifo", False)]


def test_a_report_has_the_state_of_sched_ext_at_each_moment() -> None:
    assert FIXTURE.states == (
        SchedulerState("attached", "enabled", "fixture", 1, True, True, at_ns=3_719_358_142),
        SchedulerState("held", "enabled", "fixture", 1, True, True, at_ns=FIXTURE.states[1].at_ns),
        SchedulerState("stopped", "disabled", "", 1, False, False, at_ns=4_284_163_236),
    )
    assert FIXTURE.state("held") == FIXTURE.states[1]
    assert FIXTURE.state("never") is None


def test_a_report_has_how_the_scheduler_ended_and_what_it_printed() -> None:
    assert FIXTURE.exit == {"status": 0}
    assert FIXTURE.log[0] == "attached fixture"


def test_the_kernels_log_has_times_as_the_console_has() -> None:
    assert FIXTURE.kernel_log[0] == '[    3.720874] sched_ext: BPF scheduler "fixture" enabled'


def test_a_guest_that_reported_nothing_gives_an_empty_report() -> None:
    empty = read_report(())
    assert (empty.release, empty.workers, empty.states, empty.exit, empty.guest_ns) == ("", (), (), None, 0)


@pytest.mark.parametrize("lines", range(1, 18, 4))
def test_a_guest_that_ended_early_gives_a_report_of_its_events(lines: int) -> None:
    said = (DATA / "fixture-7.0.13.jsonl").read_text().splitlines(keepends=True)
    whole = sum('"ev":"worker"' in line for line in said[:lines])
    assert len(read_report(parse_events("".join(said[:lines]) + '{"ev":"wor')).workers) == whole


def test_a_log_in_any_language_is_read_as_it_was_written() -> None:
    # The agent writes a byte above 0x7f as \\u00XX.
    line = r'{"ev":"sched_log","t":1,"text":"caf\u00c3\u00a9 \u00ff"}'
    assert read_report(parse_events(line)).log == ("café \ufffd",)


def test_a_worker_that_ended_has_a_wait_status() -> None:
    line = (
        '{"ev":"worker","t":9,"index":0,"cgroup":"cg","kind":"spin_wait","pid":0,"wall_ns":5,"wait_status":9,'
        '"iterations":1,"migrations":0,"gap_ns":0,"slept_ns":0,"asleep":0,"gaps":[],"cpus":""}'
    )
    (worker,) = read_report(parse_events(line)).workers
    assert (worker.died, worker.ext, worker.cpus) == (9, None, ())


# The text of a failed run


def failure(guest: GuestReport, console: str = "") -> list[str]:
    violations = [
        Violation("not_stuck", "worker cg/0 did no work"),
        Violation("isolation", "worker cg/1 ran on CPU 3"),
    ]
    return failure_text("basic: mine on 7.0.13", violations, guest, console).splitlines()


def test_what_failed_comes_first() -> None:
    assert failure(report())[:3] == [
        "basic: mine on 7.0.13",
        "  not_stuck: worker cg/0 did no work",
        "  isolation: worker cg/1 ran on CPU 3",
    ]


def test_each_thing_that_was_recorded_has_a_section() -> None:
    lines = failure(FIXTURE, console="a line\n")
    assert [line for line in lines if line.startswith("---")] == [
        "--- stats ---",
        "--- scheduler log ---",
        "--- kernel log ---",
    ]


def test_a_console_is_shown_if_there_is_no_kernel_log() -> None:
    lines = failure(replace(FIXTURE, kernel_log=()), console="a line\n")
    assert lines[-2:] == ["--- console ---", "a line"]


def test_nothing_recorded_has_no_section() -> None:
    assert len(failure(read_report(()))) == 3


def test_a_long_log_is_shown_at_both_ends() -> None:
    lines = failure(replace(report(), log=tuple(f"line {i}" for i in range(200))))
    log = lines[lines.index("--- scheduler log ---") + 1 :]
    assert (log[0], log[-1], len(log)) == ("line 0", "line 199", 61)
    assert "[... 140 lines left out ...]" in log


def test_workers_are_an_aligned_table() -> None:
    slow = replace(WORKER, index=11, cgroup="a_long_name", iterations=0, run_ns=0, ext=None, cpus=())
    assert worker_table([WORKER, slow]) == [
        "worker          work       iterations  ran ms  waited %  max gap ms  moves  CPUs  ext",
        "cg/0            spin_wait        1000  1900.0       5.0        8.00      3  0-1   yes",
        "a_long_name/11  spin_wait           0     0.0     100.0        8.00      3  -     ?",
    ]


def test_a_perturbation_is_shown_with_its_time_its_cpu_and_what_it_preempted() -> None:
    began = Perturbed(
        cpu=3, at_ns=12_345_678, ns=20_000, began_ns=12_350_000, comm="ktstr-w5", pid=131, ran_ns=37_000
    )
    unseen = Perturbed(cpu=11, at_ns=1_999_000_000, ns=2_000_000, began_ns=None, comm="", pid=0, ran_ns=0)
    assert perturbation_table(Needed((began, unseen), 80)) == [
        "it takes 2 of 80:",
        "  at    12.350 ms  CPU   3  for  0.020 ms  preempted ktstr-w5 (pid 131) 0.037 ms into its turn",
        "  at  1999.000 ms  CPU  11  for  2.000 ms  preempted what was not recorded",
    ]


def test_a_failure_that_needs_no_perturbation_says_so() -> None:
    assert perturbation_table(Needed((), 80)) == ["it fails without any of the 80"]


def test_a_failure_that_was_shrunk_has_its_perturbations_and_how_to_replay_it() -> None:
    needed = Perturbed(cpu=0, at_ns=1_000_000, ns=50_000, began_ns=1_000_000, comm="mine", pid=7, ran_ns=0)
    text = failure_text(
        "basic: mine on 7.0.13",
        [Violation("not_stuck", "worker cg/0 did no work")],
        replace(report(), perturbed=(needed,) * 5),
        "",
        needed=Needed((needed,), 5),
        sidecar=Path("/results/a b.json"),
    ).splitlines()
    assert text[2] == "  replay: ktstr replay '/results/a b.json'"
    assert text[4:7] == [
        "--- perturbations ---",
        "it takes 1 of 5:",
        "  at     1.000 ms  CPU   0  for  0.050 ms  preempted mine (pid 7)",
    ]


def test_perturbations_and_switches_are_read_as_the_agent_reports_them() -> None:
    lines = (
        '{"ev":"switches","t":9,"count":120,"lost":0,"order":"00ff00ff00ff00ff"}\n'
        '{"ev":"perturbed","t":9,"cpu":1,"at_ns":5,"ns":20000,"began_ns":7,"comm":"ktstr-w0","pid":120,"ran_ns":900}\n'
        '{"ev":"perturbed","t":9,"cpu":0,"at_ns":90,"ns":30000}\n'
    )
    guest = read_report(parse_events(lines))
    assert guest.switches == Switches(120, 0, "00ff00ff00ff00ff")
    assert guest.perturbed == (
        Perturbed(cpu=1, at_ns=5, ns=20_000, began_ns=7, comm="ktstr-w0", pid=120, ran_ns=900),
        Perturbed(cpu=0, at_ns=90, ns=30_000, began_ns=None, comm="", pid=0, ran_ns=0),
    )
    assert read_report(()).switches is None


def test_a_failure_that_needs_one_moved_perturbation_says_so() -> None:
    moved = Perturbed(
        cpu=0, at_ns=1_000_000, ns=50_000, began_ns=1_000_000, comm="mine", pid=7, ran_ns=53_000
    )
    assert perturbation_table(Needed((moved,), 40, moved=True)) == [
        "one of 40 is enough, moved to hit the same point of a turn without the others:",
        "  at     1.000 ms  CPU   0  for  0.050 ms  preempted mine (pid 7) 0.053 ms into its turn",
    ]
