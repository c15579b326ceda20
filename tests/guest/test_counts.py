"""Instructions of BPF programs, counted from outside the guest: the counts are exact, and the guest feels nothing."""

from dataclasses import dataclass, replace
from pathlib import Path

from embedded import SCHEDULERS

from ktstr import BpfMapWrite, CgroupDef, Ctx, ReplaceScheduler, Scenario, Step, declare_scheduler, ktstr_test
from ktstr.base.topology import Topology
from ktstr.instrument.counts import BRANCH, Counts, Insn, read_counts
from ktstr.instrument.layout import layout_of
from ktstr.instrument.plugin import COUNTS, counts_file
from ktstr.instrument.programs import Function, functions_of
from ktstr.vm.job import RunOptions

BPF = Path(__file__).parent / "bpf"
SOURCE = (BPF / "counted.bpf.c").read_text().splitlines()
SMALL = (1, 1, 2, 1)
COUNTED = declare_scheduler(name="counted", bpf=BPF / "counted.bpf.c", topology=SMALL)
SECOND = declare_scheduler(name="second", bpf=BPF / "counted.bpf.c", topology=SMALL)
# What counted.bpf.c says of itself.
WORK, TRIPS, ROUNDS, SHOTS = 20, 7, 10, 5


@dataclass(frozen=True)
class Counted:
    """A function, and its executed instructions by address."""

    function: Function
    insns: dict[int, Insn]
    counts: Counts

    @property
    def entered(self) -> int:
        """How often it was entered."""
        first = self.insns.get(self.function.owner.start)
        return first.count if first else 0

    @property
    def calls(self) -> int:
        """How many of its calls returned."""
        number = self.function.owner.number
        return sum(calls.count for calls in self.counts.calls if calls.owner == number)

    def at_line(self, mark: str) -> list[int]:
        """The counts at the beginnings of what the line with that comment came to."""
        (line,) = (number for number, text in enumerate(SOURCE, 1) if text.endswith(f"/* {mark} */"))
        return [
            self.insns[place.address].count if place.address in self.insns else 0
            for place in self.function.places
            if place.line == line
        ]

    @property
    def branches(self) -> list[tuple[int, int]]:
        """Both ways of its executed conditional jumps, in order of their addresses."""
        jumps = [self.insns[at] for at in sorted(self.insns) if self.insns[at].flow == BRANCH]
        assert all(jump.jumped + jump.passed == jump.count for jump in jumps)
        return [(jump.jumped, jump.passed) for jump in jumps]

    @property
    def either_way(self) -> list[tuple[int, int]]:
        """The same, and with the ways swapped: the compiler chooses which side it jumps to."""
        return [*self.branches, *(both[::-1] for both in self.branches)]


def counted(ctx: Ctx, scenario: Scenario, *, perturb: bool = False) -> tuple[Counts, list[Counted]]:
    """The functions of the scenario's schedulers; it is run without the instrument as well, and is the same run."""
    hashes = []
    for folder, instruments in (("plain", ()), ("counted", (COUNTS,))):
        artifacts = ctx.artifacts / folder
        own = Ctx(
            *(ctx.test, ctx.kernel, "virtual", ctx.seed, artifacts),
            options=RunOptions(fresh=True),
            instruments=instruments,
            perturb=perturb,
        )
        hashes.append(own.run(scenario, check=False).result.events_sha256)
    assert hashes[0] == hashes[1]
    counts = read_counts(ctx.artifacts / "counted" / "run-1" / counts_file(COUNTS))
    functions = [one for one in functions_of(counts, layout_of(ctx.kernel)) if one.places]
    return counts, [
        Counted(one, {insn.address: insn for insn in counts.insns if insn.owner == one.owner.number}, counts)
        for one in functions
    ]


@ktstr_test(scheduler=COUNTED)
def every_count_is_what_the_scheduler_says_of_itself(ctx: Ctx) -> None:
    _, functions = counted(ctx, Scenario((CgroupDef("a", 3),), hold_s=0.2))
    by_name = {one.function.name: one for one in functions}
    enqueue, leave = by_name["counted_enqueue"], by_name["counted_exit"]
    assert enqueue.entered > WORK
    assert enqueue.entered == by_name["echo_enqueued"].entered
    assert by_name["counted_running"].entered > WORK
    assert by_name["weigh"].entered == WORK
    assert by_name["weigh"].at_line("trip") == [WORK * TRIPS]
    assert by_name["on_round"].entered == max(by_name["on_round"].at_line("round")) == WORK * ROUNDS
    assert by_name["on_shot"].entered == SHOTS
    assert by_name["on_shot"].at_line("shot again") == [SHOTS - 1]
    assert by_name["echo_odd"].entered == WORK / 2
    assert (enqueue.at_line("odd"), enqueue.at_line("even")) == ([WORK / 2], [WORK / 2])
    assert max(enqueue.at_line("never")) == 0
    rest = enqueue.entered - WORK
    assert (rest, WORK) in enqueue.either_way
    assert (WORK / 2, WORK / 2) in enqueue.branches
    assert (
        rest,
        0,
    ) in enqueue.either_way  # the comparison that never holds is made only by those that do not work
    assert by_name["on_shot"].branches in ([(1, SHOTS - 1)], [(SHOTS - 1, 1)])
    assert by_name["counted_cpu_offline"].entered == 0
    assert by_name["counted_cpu_offline"].insns == {}
    assert (by_name["counted_init"].entered, leave.entered) == (1, 1)
    assert all(one.calls == one.entered for one in functions)


@ktstr_test(scheduler=COUNTED)
def calls_have_their_instructions(ctx: Ctx) -> None:
    """What a call took is what it executed itself and what it called did, and all of it is somebody's."""
    counts, functions = counted(ctx, Scenario((CgroupDef("a", 3),), hold_s=0.2))
    by_name = {one.function.name: one for one in functions}
    names = {one.function.owner.number: one.function.name for one in functions}
    for one in functions:
        number = one.function.owner.number
        taken = sum(calls.insns * calls.count for calls in counts.calls if calls.owner == number)
        called = sum(edge.insns for edge in counts.edges if edge.caller == number)
        assert taken == called + sum(insn.count for insn in one.insns.values())
    edges = {
        (names[edge.caller], names[edge.callee]): edge.count for edge in counts.edges if edge.caller in names
    }
    assert edges == {
        ("counted_enqueue", "weigh"): WORK,
        ("counted_enqueue", "on_round"): WORK * ROUNDS,
        ("counted_exit", "echo_enqueued"): by_name["counted_enqueue"].entered,
        ("counted_exit", "echo_odd"): WORK / 2,
    }


@ktstr_test(scheduler=COUNTED)
def a_second_scheduler_has_its_own_counts(ctx: Ctx) -> None:
    """Both have the same functions, and the second may get the memory that the first had."""
    scenario = Scenario(
        (CgroupDef("a", 3),),
        steps=(Step("first", hold=0.2), Step("second", ReplaceScheduler(SECOND), hold=0.2)),
    )
    _, functions = counted(ctx, scenario)
    entered = [one.entered for one in functions if one.function.name == "counted_enqueue"]
    echoed = [one.entered for one in functions if one.function.name == "echo_enqueued"]
    assert len(entered) == 2
    assert min(entered) > WORK
    assert entered == echoed
    assert [one.entered for one in functions if one.function.name == "weigh"] == [WORK, WORK]
    assert [one.entered for one in functions if one.function.name == "on_shot"] == [SHOTS, SHOTS]


FIXTURE = declare_scheduler(name="counted_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=SMALL)


@ktstr_test(scheduler=FIXTURE, bpf_map_write=BpfMapWrite(".bss", "crash", 1))
def no_run_feels_it(ctx: Ctx) -> None:
    """A small and a large guest, perturbed ones, and one whose scheduler fails; `counted` compares the events."""
    kinds = (("1n1l2c1t", True, ctx.test.writes), ("1n2l4c2t", True, ()), ("2n4l4c2t", False, ()))
    for topology, perturb, writes in kinds:
        test = replace(ctx.test, topology=Topology.parse(topology), writes=writes)
        own = Ctx(test, ctx.kernel, "virtual", 7, ctx.artifacts / topology)
        _, functions = counted(own, Scenario((CgroupDef("a", 20),), hold_s=0.2), perturb=perturb)
        assert sum(one.entered for one in functions) > 100
