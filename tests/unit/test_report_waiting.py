"""With whom a worker of a failed run waited."""

from dataclasses import replace

from ktstr.events.run_queues import CpuQueue, QueuedTask, RunQueues
from ktstr.events.waiting import Waiting, waiting_of
from ktstr.report.waiting import waiting_lines


def task(number: int, waits_ms: int, queue: str = "0x0", *, runs: bool = False) -> QueuedTask:
    return QueuedTask(f"ktstr-w{number}", 130 + number, runs, waits_ms, queue, {"cpus": "3"})


FIRST = CpuQueue(
    0, 4, "ktstr-w0[130]", "ext", (task(0, 5, "", runs=True), task(1, 700), task(2, 800), task(3, 9, "local"))
)
SECOND = CpuQueue(1, 2, "ktstr-w4[134]", "ext", (task(5, 650), task(6, 8, "local")))


def seen(number: int, *cpus: CpuQueue) -> Waiting:
    found = waiting_of(RunQueues(cpus), 130 + number, cpus=2)
    assert found is not None
    return found


def test_those_of_its_queue_are_named_by_how_long_they_waited() -> None:
    assert waiting_lines(seen(1, FIRST, SECOND)) == [
        "ktstr-w1[131] on DSQ 0, runnable for 700 ms",
        "longer there: ktstr-w2[132] 800 ms",
        "not longer there: ktstr-w5[135] 650 ms",
        "CPU 0 ran ktstr-w0[130]",
    ]


def test_a_local_queue_is_that_of_one_cpu() -> None:
    assert waiting_lines(seen(3, FIRST, SECOND))[:2] == [
        "ktstr-w3[133] on the local DSQ of CPU 0, runnable for 9 ms",
        "nothing else waited there",
    ]


def test_many_are_counted_and_idle_cpus_said() -> None:
    crowd = replace(FIRST, tasks=(task(1, 10), *(task(number, 20) for number in range(2, 13))))
    lines = waiting_lines(seen(1, crowd))
    assert lines[1].startswith("longer there: ktstr-w2[132] 20 ms, ")
    assert lines[1].endswith("ktstr-w9[139] 20 ms and 3 more")
    assert lines[-1] == "CPU 1, which it may use, idled"


def test_no_queue_has_nobody_else() -> None:
    lost = replace(FIRST, tasks=(task(1, 10, ""), task(2, 20, "")))
    assert waiting_lines(seen(1, lost, SECOND)) == [
        "ktstr-w1[131] in no DSQ, enqueued on CPU 0, runnable for 10 ms",
        "CPU 0 ran ktstr-w0[130]",
    ]
