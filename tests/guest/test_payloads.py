"""Programs as workloads: how one runs, ends and is judged. tests/guest/programs/payload.c does as it is told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ktstr import (
    AddCgroup,
    At,
    CgroupDef,
    Ctx,
    KillPayload,
    KtstrError,
    Metric,
    Payload,
    RemoveCgroup,
    RunPayload,
    RunReport,
    Step,
    VerdictFailed,
    WaitPayload,
    declare_payload,
    declare_scheduler,
    ktstr_test,
)
from ktstr.base import cache
from ktstr.toolchain.compiler import host_compiler
from ktstr.vm.job import RunOptions

HERE = Path(__file__).parent
SCHEDULERS = HERE.parent / "schedulers"
TINY = (1, 1, 3, 1)
FIXTURE = declare_scheduler(name="payload_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=TINY)
STARVES = declare_scheduler(name="payload_starve", bpf=SCHEDULERS / "starve.bpf.c", topology=TINY)

FEW = declare_scheduler(
    name="payload_few", bpf=HERE / "bpf" / "groups.bpf.c", bpf_cflags=["-DFEW"], topology=TINY
)


def program(*options: str) -> Path:
    """The program, linked dynamically, as those of distributions are, compiled with further `options`."""
    source = HERE / "programs" / "payload.c"
    compiler = host_compiler()

    def make(partial: Path) -> None:
        command = [
            *compiler.command,
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            *options,
            str(source),
            "-o",
            str(partial / "payload"),
        ]
        subprocess.run(command, check=True)

    key = cache.digest("payload-of-tests", source.read_text(), compiler.version, *options)
    return cache.entry("payload-of-tests", key, "compiling a payload", make) / "payload"


def payload(*words: str, name: str = "mine", metrics: tuple[Metric, ...] = (), **more: object) -> Payload:
    """A payload that does what `words` say."""
    return declare_payload(name, binary_path=program(), args=words, metrics=metrics, **more)  # type: ignore[arg-type]


def to_its_end(ctx: Ctx, one: Payload, hold_s: float = 2, check: bool = True) -> RunReport:
    """The report of a run that waits for one payload."""
    return ctx.run(RunPayload(one), WaitPayload(one), hold_s=hold_s, check=check)


def violations(report: RunReport) -> list[str]:
    """Check and message of each, with N for a time: an end is noticed at the agent's next look."""
    return [re.sub(r"\d+\.\d+ guest", "N guest", f"{one.check}: {one.line}") for one in report.violations]


RATE = Metric("rate", json="jobs[0].rate", unit="ops/s", better="higher")
LATENCY = Metric("latency", json='jobs[*]["lat.us"].*', unit="us", better="lower", take="max")
SCORE = Metric("score", pattern=r"^score (?P<value>\d+)$")


@ktstr_test(topology=TINY)
def a_hold_ends_with_the_payload_that_it_waits_for(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("beside", 1),
        RunPayload(payload("json", "spin=0.1", metrics=(RATE, LATENCY))),
        WaitPayload("mine"),
        hold_s=3,
    )
    (phase,) = report.phases
    assert 100_000_000 < phase.held_ns < 500_000_000 < phase.asked_ns
    done = report.payload("mine")
    assert (done.how, done.status, done.left, done.cgroup) == ("exited", 0, 0, "")
    assert done.stdout == '{"jobs": [{"rate": 12.5, "lat.us": [3, 9]}]}\n'
    assert done.cpu_ns > 90_000_000
    assert done.began_ns == phase.began_ns
    assert (report.metric("rate"), report.metric("latency", "mine")) == (12.5, 9)
    assert [str(one) for one in report.metrics] == ["mine rate: 12.5 ops/s", "mine latency: 9 us"]
    (worker,) = report.workers
    assert worker.iterations > 0


@ktstr_test(scheduler=FIXTURE)
def a_scheduler_has_the_payload_and_the_workers(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 2), RunPayload(payload("spin=0.1"), cgroup="a"), WaitPayload("mine"), hold_s=3
    )
    assert report.payload("mine").cgroup == "a"
    assert report.payload("mine").cpu_ns > 20_000_000


@ktstr_test(topology=TINY)
def a_program_finds_what_libraries_want(ctx: Ctx) -> None:
    one = payload("look", env={"MINE": "a b"}, files={"/etc/mine.conf": HERE / "programs" / "payload.c"})
    assert to_its_end(ctx, one).payload("mine").stdout.splitlines() == [
        "user root group root home /tmp",
        "locale yes",
        "shm yes",
        "host yes",
        "folder /tmp mine a b",
        "file yes",
        "stdout yes",
    ]


# How it ends


@ktstr_test(topology=TINY)
def a_status_that_is_not_expected_fails_the_test(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("spin=0.01", "exit=3"), check=False)
    assert violations(report) == [
        "payloads: payload mine ended with status 3, expected 0 after N guest seconds: payload: ends with 3"
    ]
    assert not violations(to_its_end(ctx, payload("exit=3", expect_status=3)))
    assert not violations(to_its_end(ctx, payload("exit=3", expect_status=None)))


@ktstr_test(topology=TINY)
def a_signal_fails_the_test(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("signal=11", expect_status=None), check=False)
    assert violations(report) == [
        "payloads: payload mine was killed by signal 11 (SIGSEGV) after N guest seconds"
    ]


@ktstr_test(topology=TINY)
def a_payload_that_goes_on_is_killed_when_its_time_is_over(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(
            steps=[
                Step(
                    "short", RunPayload(payload("begins", "ignore", "forever")), WaitPayload("mine"), hold=0.2
                ),
                Step(
                    "after",
                    RunPayload(payload("spin=0.01", "again", name="next")),
                    WaitPayload("next"),
                    hold=1,
                ),
            ]
        )
    text = str(failed.value)
    print(text)
    assert re.search(
        r"payloads: payload mine did not end in 2\.2\d guest seconds, and was killed \(in step short", text
    )
    assert "mine, stdout, 7 bytes:\n  begins\n" in text
    assert "again" in text


@ktstr_test(topology=TINY)
def a_timeout_of_its_own_counts_from_its_begin(ctx: Ctx) -> None:
    one = payload("forever")
    report = ctx.run(RunPayload(one, timeout_s=0.1), hold_s=0.4, check=False)
    assert violations(report) == ["payloads: payload mine did not end in N guest seconds, and was killed"]
    assert report.payload("mine").signal == 9


@ktstr_test(topology=TINY)
def the_whole_process_tree_ends(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("leave", "spin=0.01"))
    done = report.payload("mine")
    assert (done.how, done.status, done.left) == ("exited", 0, 1)
    # The agent would fail the run if something were left when the plan is over.
    assert not report.result.of("leftover")


@ktstr_test(topology=TINY)
def what_the_scenario_ends_is_no_violation(ctx: Ctx) -> None:
    loop = ("begins", "leave", "forever")
    report = ctx.run(
        AddCgroup("a"),
        steps=[
            Step("killed", RunPayload(payload(*loop)), At(0.1, KillPayload("mine", "INT")), hold=0.2),
            Step("again", RunPayload(payload(*loop)), At(0.1, KillPayload("mine", "KILL")), hold=0.2),
            Step("below", RunPayload(payload(*loop), "a"), hold=0.2),
            Step("removed", RemoveCgroup("a"), RunPayload(payload(*loop, name="last")), hold=0.2),
        ],
    )
    assert [(one.name, one.how, one.signal) for one in report.payloads] == [
        ("mine", "told", 2),
        ("mine", "told", 9),
        ("mine", "told", 9),
        ("last", "told", 15),
    ]
    assert all(one.stdout == "begins\n" for one in report.payloads)
    below = next(one for one in report.phase("below").payloads)
    assert (below.how, below.tasks, below.runnable > 0) == ("", 2, True)


@ktstr_test(topology=TINY)
def a_payload_begins_at_its_time_in_the_hold(ctx: Ctx) -> None:
    report = ctx.run(
        steps=[Step("s", At(0.1, RunPayload(payload("spin=0.05"))), At(0.1, WaitPayload("mine")), hold=1)]
    )
    (phase,) = report.phases
    begins_ms = (report.payload("mine").began_ns - phase.began_ns) / 1e6
    assert 100 <= begins_ms < 110
    assert phase.held_ns < 400_000_000


# Its numbers and its output


@ktstr_test(topology=TINY)
def a_bound_on_a_metric_is_a_check(ctx: Ctx) -> None:
    one = payload("json", "score 7", metrics=(RATE, SCORE)).bounded("rate", least=20).bounded("score", most=5)
    report = to_its_end(ctx, one, check=False)
    assert violations(report) == [
        "metrics: payload mine: rate is 12.5 ops/s, limit: at least 20",
        "metrics: payload mine: score is 7, limit: at most 5",
    ]


@ktstr_test(topology=TINY)
def a_metric_that_is_not_printed_is_a_violation(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("nothing", metrics=(RATE, SCORE)), check=False)
    assert violations(report) == [
        "metrics: payload mine: rate: stdout has no JSON",
        "metrics: payload mine: score: no line of stdout matches '^score (?P<value>\\\\d+)$'",
    ]
    with pytest.raises(KtstrError, match=r"report\.metric\('score'\): no line of stdout"):
        report.metric("score")


@ktstr_test(topology=TINY)
def however_much_it_prints_begin_and_end_are_kept(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("flood=3000000", "score 5", metrics=(SCORE,)), hold_s=20)
    done = report.payload("mine")
    assert done.stdout_bytes == 3_000_000 + len("the last line\nscore 5\n")
    assert done.stdout.startswith("000000000\n000000010\n")
    assert done.stdout.endswith("the last line\nscore 5\n")
    assert f"(ktstr: {done.stdout_bytes - 256 * 1024} bytes are left out)" in done.stdout
    assert report.metric("score") == 5


@ktstr_test(topology=TINY)
def output_that_means_harm_does_none(ctx: Ctx) -> None:
    report = to_its_end(ctx, payload("hostile", metrics=(RATE, SCORE)), check=False)
    assert [one.check for one in report.violations] == ["metrics", "metrics"]
    assert report.payload("mine").stdout.startswith("\0\033[31mred")
    kept = ctx.runs[-1]["guest"]["phases"][0]["payloads"][0]["stdout"]  # type: ignore[index]
    assert kept.startswith("\ufffdred\ufffd")


# What a scheduler gets wrong, what cannot be done, and what is the same each time


@ktstr_test(scheduler=STARVES)
def a_scheduler_that_stops_is_told_first(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(CgroupDef("a", 2), RunPayload(payload("forever")), hold_s=2)
    assert "attached" in str(failed.value)


@ktstr_test(scheduler=FEW, auto_repro=False)
def a_scheduler_that_refuses_its_cgroup_fails(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(
            *(AddCgroup(f"c{number}") for number in range(10)),
            RunPayload(payload("spin=0.1")),
            WaitPayload("mine"),
            hold_s=0.2,
        )
    refused = r"the scheduler's cgroup_init or init_task refused an operation: run_payload mine .* \(cgroup\)"
    assert re.search(refused, str(failed.value))


@ktstr_test(topology=TINY)
def a_program_that_cannot_be_executed_is_an_error(ctx: Ctx) -> None:
    object_file = Payload("mine", binary_path=program("-c"))
    said = r"^payload: mine: its program cannot be executed: Exec format error"
    with pytest.raises(KtstrError, match=said):
        to_its_end(ctx, object_file)


@ktstr_test(topology=TINY)
def two_contents_for_one_place_are_an_error(ctx: Ctx) -> None:
    one = Payload("mine", binary_path=program(), files={"/lib64/ld-linux-x86-64.so.2": HERE / "conftest.py"})
    with pytest.raises(KtstrError, match="two programs need it with different contents"):
        to_its_end(ctx, one)


@ktstr_test(topology=TINY)
def the_same_job_prints_the_same(ctx: Ctx) -> None:
    several = [
        Ctx(
            ctx.test,
            ctx.kernel,
            "virtual",
            ctx.seed,
            ctx.artifacts / str(number),
            options=RunOptions(fresh=True),
        )
        for number in (1, 2)
    ]
    runs = [to_its_end(one, payload("draw", "draw")) for one in several]
    assert len({run.payload("mine").stdout for run in runs}) == 1
    assert len({run.result.events_sha256 for run in runs}) == 1
    assert runs[0].payload("mine").stdout.count("drawn") == 2
