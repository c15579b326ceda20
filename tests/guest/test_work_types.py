"""Every work type under EEVDF and under the fixture scheduler: what it is there for happens, and no check objects.

The types of a test are steps of one run, each with a cgroup of its own, whose workers the next step stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ktstr import (
    AffinityChurn,
    AsymmetricWaker,
    At,
    Bursty,
    CachePressure,
    CgroupChurn,
    CgroupDef,
    CrossAffinityChurn,
    Ctx,
    Epoll,
    FanOut,
    FilteredCalls,
    ForkExec,
    ForkExit,
    FutexPingPong,
    Messenger,
    Mixed,
    MutexContention,
    NiceChurn,
    PageFault,
    Phased,
    PipeIo,
    PolicyChurn,
    PreemptStorm,
    PriorityInversion,
    ProducerConsumer,
    ReadWorkers,
    Signals,
    SpinWait,
    Step,
    StopWorkers,
    ThunderingHerd,
    Timer,
    TmpfsIo,
    WakeChain,
    WorkType,
    YieldHeavy,
    declare_scheduler,
    ktstr_test,
)
from ktstr.events.worker import WorkerStats
from ktstr.vm.result import Event

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
CPUS = 3
FIXTURE = declare_scheduler(name="work_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, CPUS, 1))
HOLD_S = 0.1
# Under EEVDF a worker of nice 19 waits for 68 times as long as it ran beside one of nice 0 (their weights are 15 and
# 1024): a slice of 3 ms, and a tick or two more, are some 0.6 s before it comes to unlock.
INVERTED_HOLD_S = 1.5
LOOKS_S = (0.02, 0.035, 0.05, 0.065, 0.08)
FIFO = 1


@dataclass(frozen=True)
class Done:
    """What the workers of a type did, and what the kernel said of each, over and over."""

    workers: tuple[WorkerStats, ...]
    looks: tuple[Event, ...]

    def slept(self) -> list[bool]:
        """Which of them slept, beside the millisecond at most after which a worker begins."""
        return [worker.slept_ns > 2_000_000 for worker in self.workers]

    def seen(self, field: str) -> list[set[object]]:
        """For each worker the values that the kernel gave."""
        return [
            {look[field] for look in self.looks if look["index"] == worker.index} for worker in self.workers
        ]


# What the types are there for


def all_sleep(done: Done) -> None:
    assert all(done.slept())
    assert all(worker.iterations > 20 for worker in done.workers)


def all_compute(done: Done) -> None:
    assert not any(done.slept())
    assert all(worker.iterations > 20 for worker in done.workers)


def in_turns(burst_iters: int) -> Callable[[Done], None]:
    """All do the same number of bursts, but for the one that is under way.

    The first sleeps for the others. The last of a herd may wait for a CPU until it is woken again, and sleep no more.
    """

    def check(done: Done) -> None:
        assert done.slept()[0]
        counts = [worker.iterations for worker in done.workers]
        assert max(counts) - min(counts) <= burst_iters
        assert min(counts) > 20 * burst_iters

    return check


def served(burst_iters: int) -> Callable[[Done], None]:
    """The messenger woke each worker as often as it asked, but for what is under way."""

    def check(done: Done) -> None:
        all_sleep(done)
        messenger, *workers = done.workers
        rounds = sum(worker.iterations / burst_iters for worker in workers)
        assert abs(messenger.iterations - rounds) <= len(workers)

    return check


def produced(done: Done) -> None:
    """The consumers are slower: the producer waits for them, and none of what it makes is lost."""
    producer, *consumers = done.workers
    items = producer.iterations / 4
    taken = sum(worker.iterations / 32 for worker in consumers)
    assert done.slept()[0]
    assert items > 100
    assert -1 <= items - taken <= 8 + len(consumers)


def confined_by_others(done: Done) -> None:
    all_sleep(done)
    assert all(worker.counted > 20 for worker in done.workers)
    assert all(len(worker.cpus) == CPUS for worker in done.workers)


def one_sided(done: Done) -> None:
    """The waker never sleeps; the other is woken about once a millisecond."""
    waker, woken = done.workers
    assert done.slept() == [False, True]
    assert waker.iterations > woken.iterations > 40


def inverted(done: Done) -> None:
    low, high, *spinners = done.workers
    assert done.seen("nice") == [{19}, {-20}, *({0} for _ in spinners)]
    assert done.slept()[1:] == [True, *(False for _ in spinners)]
    assert low.counted > 0
    assert all(worker.counted == 0 for worker in (high, *spinners))
    assert high.iterations > 0


def preempts(done: Done) -> None:
    assert done.seen("nice")[0] == {-20}
    assert done.slept() == [True, *(False for _ in done.workers[1:])]
    assert done.workers[0].iterations > 16 * 10  # a scheduler that preempts nobody lets it wait for a slice


def preempts_in_real_time(done: Done) -> None:
    assert done.seen("policy")[0] == {FIFO}
    assert done.workers[0].ext is None  # it is in no scheduler's hands, and no check wants it there
    assert done.slept() == [True, *(False for _ in done.workers[1:])]


def moves(done: Done) -> None:
    all_compute(done)
    assert all(worker.migrations > 10 for worker in done.workers)
    assert all(len(worker.cpus) == CPUS for worker in done.workers)


def moves_between_cgroups(done: Done) -> None:
    """A move after each burst of 64, but for the one that is under way."""
    all_compute(done)
    assert all(worker.counted > 10 for worker in done.workers)
    assert all(worker.iterations // 64 - worker.counted in (0, 1) for worker in done.workers)


def changes(field: str) -> Callable[[Done], None]:
    def check(done: Done) -> None:
        all_compute(done)
        assert len(set.union(*done.seen(field))) > 1

    return check


def on_time(done: Done) -> None:
    """A period of 2 ms in a hold of 100: no worker did more bursts than that, and few were late by a whole period."""
    assert all(done.slept())
    assert all(16 * 30 < worker.iterations <= 16 * 51 for worker in done.workers)


def has_children(done: Done) -> None:
    assert all(done.slept())
    assert all(worker.iterations > 0 for worker in done.workers)


GROUPS: tuple[tuple[WorkType, Callable[[Done], None]], ...] = (
    (FutexPingPong(8), in_turns(8)),
    (PipeIo(8), in_turns(8)),
    (FanOut(3, 8), in_turns(8)),
    (WakeChain(5, 8), in_turns(8)),
    (ThunderingHerd(6, 8), in_turns(8)),
    (Messenger(4, 16), served(16)),
    (MutexContention(4), all_sleep),
    (ProducerConsumer(), produced),
    (CrossAffinityChurn(), confined_by_others),
    (Epoll(8), in_turns(8)),
    (Signals(8), in_turns(8)),
)
RANKS: tuple[tuple[WorkType, Callable[[Done], None]], ...] = (
    (PriorityInversion(spinners=CPUS, hold_ms=30), inverted),
    (AsymmetricWaker(), one_sided),
    (AsymmetricWaker(sync=True), one_sided),
    (PreemptStorm(spinners=CPUS), preempts),
    (PreemptStorm(spinners=CPUS, realtime=True), preempts_in_real_time),
)
ALONE: tuple[tuple[WorkType, Callable[[Done], None]], ...] = (
    (SpinWait(), all_compute),
    (YieldHeavy(), all_compute),
    (Mixed(), all_compute),
    (Bursty(burst_ms=2, sleep_ms=2), all_sleep),
    (FilteredCalls(), all_compute),
    (AffinityChurn(32), moves),
    (PolicyChurn(64, idle=True), changes("policy")),
    (NiceChurn(64), changes("nice")),
    (CgroupChurn(64), moves_between_cgroups),
    (ForkExit(), has_children),
    (ForkExec(), has_children),
    (Phased((("spin", 0.5), ("yield", 2), ("sleep", 0.5), ("io", 8))), all_sleep),
    (Timer(period_ms=2), on_time),
    (PageFault(256), all_compute),
    (CachePressure(64), all_compute),
    (TmpfsIo(), all_sleep),
)


def step(name: str, work: WorkType, threads: bool, before: str | None) -> Step:
    """A group of workers, or two that are each alone; those of the step before are stopped."""
    stop = (StopWorkers(before),) if before else ()
    looks = (At(at_s, ReadWorkers(name)) for at_s in LOOKS_S)
    group = CgroupDef(name, max(2, work.together), work=work, threads=threads)
    hold_s = INVERTED_HOLD_S if isinstance(work, PriorityInversion) else HOLD_S
    return Step(name, *stop, group, *looks, hold=hold_s)


def run_all(
    ctx: Ctx, cases: tuple[tuple[WorkType, Callable[[Done], None]], ...], *, threads: bool = False
) -> None:
    names = [f"{work.name}_{number}" for number, (work, _) in enumerate(cases)]
    before = [None, *names]
    report = ctx.run(
        steps=tuple(
            step(name, work, threads, last)
            for name, (work, _), last in zip(names, cases, before, strict=False)
        )
    )
    for name, (_, check) in zip(names, cases, strict=True):
        workers = tuple(worker for worker in report.phase(name).workers if worker.cgroup == name)
        indexes = {worker.index for worker in workers}
        check(Done(workers, tuple(look for look in report.result.of("task") if look["index"] in indexes)))


@ktstr_test(cores=CPUS)
def groups_under_eevdf(ctx: Ctx) -> None:
    run_all(ctx, GROUPS)


@ktstr_test(scheduler=FIXTURE)
def groups_under_a_sched_ext_scheduler(ctx: Ctx) -> None:
    run_all(ctx, GROUPS)


@ktstr_test(scheduler=FIXTURE)
def groups_of_threads(ctx: Ctx) -> None:
    run_all(ctx, GROUPS, threads=True)


@ktstr_test(cores=CPUS)
def ranks_under_eevdf(ctx: Ctx) -> None:
    run_all(ctx, RANKS)


@ktstr_test(scheduler=FIXTURE)
def ranks_under_a_sched_ext_scheduler(ctx: Ctx) -> None:
    run_all(ctx, RANKS)


@ktstr_test(cores=CPUS)
def workers_alone_under_eevdf(ctx: Ctx) -> None:
    run_all(ctx, ALONE)


@ktstr_test(scheduler=FIXTURE)
def workers_alone_under_a_sched_ext_scheduler(ctx: Ctx) -> None:
    run_all(ctx, ALONE)


@ktstr_test(scheduler=FIXTURE)
def threads_alone(ctx: Ctx) -> None:
    run_all(ctx, ALONE, threads=True)
