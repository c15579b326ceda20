"""The flight recorder's events, from lines that kernel 7.0.13 wrote."""

from ktstr.events.flight import FlightEvent, parse_flight
from ktstr.report.flight import flight_lines

SWITCH = (
    "        ktstr-w4-171     [007] d..2.     4.261804: sched_switch: prev_comm=ktstr-w4 prev_pid=171 prev_prio=120"
    " prev_state=R ==> next_comm=ktstr-w3 next_pid=170 next_prio=120"
)
FROM_IDLE = (
    "          <idle>-0       [000] d..2.     3.832328: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120"
    " prev_state=R ==> next_comm=ktstr-w9 next_pid=176 next_prio=120"
)
MIGRATE = (
    "        ktstr-w9-176     [000] dN.2.     3.856053: sched_migrate_task: comm=ktstr-w1 pid=168 prio=120 orig_cpu=4"
    " dest_cpu=0"
)
WAKEUP = (
    "          <idle>-0       [000] dNh4.     3.832310: sched_wakeup: comm=ktstr-w9 pid=176 prio=120"
    " target_cpu=000"
)
COUNT = (
    "          <idle>-0       [000] d.h3.     3.832302: sched_ext_event: name SCX_EV_REFILL_SLICE_DFL delta 1"
)
DUMP = "        ktstr-w3-170     [007] d.H2.     4.262468: sched_ext_dump: ktstr-w3[170] triggered exit kind 1025:"


def event(line: str) -> FlightEvent:
    parsed = parse_flight(line)
    assert parsed is not None
    return parsed


def test_a_switch_has_both_tasks_and_the_state_of_the_one_that_left() -> None:
    assert event(SWITCH) == FlightEvent(
        7, 4_261_804_000, "switch", "ktstr-w4", 171, "ktstr-w4[171] (R) -> ktstr-w3[170]"
    )


def test_the_idle_task_has_its_name() -> None:
    assert event(FROM_IDLE).what == "idle (R) -> ktstr-w9[176]"


def test_wakeups_and_migrations_have_cpus() -> None:
    assert event(MIGRATE).what == "ktstr-w1[168] CPU 4 -> 0"
    assert event(WAKEUP).what == "ktstr-w9[176] CPU 0"


def test_a_counter_of_sched_ext() -> None:
    assert (event(COUNT).kind, event(COUNT).what) == ("count", "SCX_EV_REFILL_SLICE_DFL +1")


def test_an_unknown_event_keeps_its_name_and_text() -> None:
    line = "            init-1       [003] .....     1.000001: sched_waking: comm=a b pid=3"
    assert (event(line).kind, event(line).what) == ("sched_waking", "comm=a b pid=3")


def test_other_lines_are_not_events() -> None:
    for line in (
        "# tracer: nop",
        "",
        "CPU:0 [LOST 12 EVENTS]",
        "ktstr-w4-171 [007] d..2. soon: sched_switch: x",
    ):
        assert parse_flight(line) is None


def test_the_cpu_that_failed_comes_first_and_the_newest_event_last() -> None:
    lines = flight_lines([event(line) for line in (FROM_IDLE, MIGRATE, SWITCH, DUMP)])
    assert lines == [
        "us before the exit, newest last",
        "CPU 7, where it failed while ktstr-w3[170] had the CPU",
        "        664  switch    ktstr-w4[171] (R) -> ktstr-w3[170]",
        "          0  failed    ktstr-w3[170] triggered exit kind 1025:",
        "CPU 0",
        "    430,140  switch    idle (R) -> ktstr-w9[176]",
        "    406,415  migrate   ktstr-w1[168] CPU 4 -> 0",
    ]


def test_without_a_dump_times_count_from_the_last_event() -> None:
    lines = flight_lines([event(FROM_IDLE), event(MIGRATE)])
    assert lines[0] == "us before the recording ended, newest last"
    assert lines[-1] == "          0  migrate   ktstr-w1[168] CPU 4 -> 0"


def test_nothing_recorded_shows_nothing() -> None:
    assert flight_lines([]) == []
