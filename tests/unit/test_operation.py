"""Operations and work types as data: arguments are declared once, checked twice, and named in messages."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from own_operations import SMALL, Churn, Ping, calling, message_id

from ktstr import Affinity, Bursty, CgroupDef, Cpuset, KtstrError, SpinWait, Topology
from ktstr.guest.agent import AGENT, WORK
from ktstr.scenario import operations, work
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At
from ktstr.scenario.operations.attach import Attach
from ktstr.scenario.operations.attach_over import AttachOver
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.clear_cpuset import ClearCpuset
from ktstr.scenario.operations.core_sched import CoreSched
from ktstr.scenario.operations.cpu_offline import CpuOffline
from ktstr.scenario.operations.cpu_online import CpuOnline
from ktstr.scenario.operations.cpuset_partition import CpusetPartition
from ktstr.scenario.operations.detach import Detach
from ktstr.scenario.operations.dump import Dump
from ktstr.scenario.operations.freeze import Freeze
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.kernel_dump import KernelDump
from ktstr.scenario.operations.kill_payload import KillPayload
from ktstr.scenario.operations.move_tasks import MoveTasks
from ktstr.scenario.operations.pause import Pause
from ktstr.scenario.operations.perturb import Perturbation
from ktstr.scenario.operations.perturber import Perturber
from ktstr.scenario.operations.phase import BeginPhase
from ktstr.scenario.operations.privileged import Privileged
from ktstr.scenario.operations.program import DeclareProgram
from ktstr.scenario.operations.programs import Programs
from ktstr.scenario.operations.progress import Progress
from ktstr.scenario.operations.read_cgroup import ReadCgroup
from ktstr.scenario.operations.read_workers import ReadWorkers
from ktstr.scenario.operations.recorder import Recorder
from ktstr.scenario.operations.remove_cgroup import RemoveCgroup
from ktstr.scenario.operations.replace_scheduler import ReplaceScheduler
from ktstr.scenario.operations.restart import Restart
from ktstr.scenario.operations.resume import Resume
from ktstr.scenario.operations.run import Run
from ktstr.scenario.operations.run_payload import RunPayload
from ktstr.scenario.operations.scheduler import StartScheduler
from ktstr.scenario.operations.set_affinity import SetAffinity
from ktstr.scenario.operations.set_bandwidth import SetBandwidth
from ktstr.scenario.operations.set_controllers import SetControllers
from ktstr.scenario.operations.set_cpuset import SetCpuset
from ktstr.scenario.operations.set_idle import SetIdle
from ktstr.scenario.operations.set_limit import SetLimit
from ktstr.scenario.operations.set_nice import SetNice
from ktstr.scenario.operations.set_policy import SetPolicy
from ktstr.scenario.operations.set_weight import SetWeight
from ktstr.scenario.operations.shell import Shell
from ktstr.scenario.operations.snapshot import Snapshot
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.operations.stop_cgroup import StopCgroup
from ktstr.scenario.operations.stop_workers import StopWorkers
from ktstr.scenario.operations.suspend import Suspend
from ktstr.scenario.operations.swap_cpusets import SwapCpusets
from ktstr.scenario.operations.sysctl import Sysctl
from ktstr.scenario.operations.thaw import Thaw
from ktstr.scenario.operations.trace import Trace
from ktstr.scenario.operations.unregister import Unregister
from ktstr.scenario.operations.wait_payload import WaitPayload
from ktstr.scenario.operations.watchdog import Watchdog
from ktstr.scenario.operations.workload_root import WorkloadRoot
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.payload import Payload
from ktstr.scenario.plan import plan_of, scenario_plan
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.work_type import WorkType

EVERY: list[tuple[Operation, str]] = [
    (At(0.25, Sysctl("kernel.panic", "1")), "at 250000000 sysctl kernel/panic 1"),
    (KernelDump(), "kernel_dump"),
    (BeginPhase("swap cpusets"), "phase swap%20cpusets"),
    (AddCgroup("cg"), "cgroup cg -"),
    (AddCgroup("cg", Cpuset.llc(1)), "cgroup cg 4-6"),
    (ClearCpuset("a/b"), "clear_cpuset a/b"),
    (CpusetPartition("a", "isolated"), "cpuset_partition a isolated"),
    (Freeze("a"), "freeze a"),
    (MoveTasks("a", "b"), "move_tasks a b 0"),
    (MoveTasks("a", "", 2), "move_tasks a  2"),
    (ReadCgroup("a", "cpu.stat"), "read_cgroup a cpu.stat"),
    (RemoveCgroup("a"), "remove_cgroup a"),
    (SetBandwidth("a", 20), "set_bandwidth a 20000 100000"),
    (SetBandwidth("a", None, 50.5), "set_bandwidth a max 50500"),
    (SetControllers("a", ("cpuset",)), "set_controllers a cpuset"),
    (SetCpuset("a", Cpuset.llc(1)), "set_cpuset a 4-6"),
    (SetIdle("a"), "set_idle a 1"),
    (SetLimit("a", "pids.max", 12), "set_limit a pids.max 12"),
    (SetLimit("a", "memory.max", None), "set_limit a memory.max max"),
    (SetWeight("a", 50), "set_weight a 50"),
    (StopCgroup("a"), "stop_cgroup a"),
    (SwapCpusets("a", "b"), "swap_cpusets a b"),
    (Thaw("a"), "thaw a"),
    (WorkloadRoot("work"), "workload_root work"),
    (Dump(), "dump"),
    (HoldFor(2_000_000_000), "hold 2000000000"),
    (Perturbation(at_ns=12, cpu=3, ns=20_000), "perturb 3 12 20000"),
    (Perturber(), "perturber"),
    (Programs(), "programs"),
    (Progress(100, 5_000), "progress 100 5000"),
    (Recorder(), "recorder"),
    (Run(300, ("/loader", "a b")), "run 300 /loader a%20b"),
    (StartScheduler(30, ("/mine", "-v")), "scheduler 30 /mine -v"),
    (Shell(True, 24, 80, True, ("/bin/sh",)), "shell terminal 24 80 kernel /bin/sh"),
    (Shell(False, 0, 0, False, ("/bin/sh", "-c")), "shell pipes 0 0 - /bin/sh -c"),
    (
        Spawn("cg", 2, Bursty(1, 0.5), "batch"),
        "spawn cg 2 bursty burst_ns=1000000 sleep_ns=500000 policy=batch",
    ),
    (Spawn("", 1, nice=-5, threads=True), "spawn  1 spin_wait pause=1 policy=normal +nice=-5 +threads=1"),
    (StopWorkers("cg"), "stop_workers cg  0"),
    (SetNice("cg", 10, group="io", count=2), "set_nice cg io 2 10"),
    (SetPolicy("cg", "fifo"), "set_policy cg  0 fifo 10 0 0 0"),
    (SetAffinity("cg", Affinity.exact({0, 1, 5})), "set_affinity cg  0 0-1,5"),
    (SetAffinity("cg", Affinity.llc_aligned()), "set_affinity cg  0 0-3/4-7"),
    (RunPayload(Payload("p", binary="x"), "cg"), "run_payload p cg 0 0 /ktstr/payload/p/x"),
    (WaitPayload("p"), "wait_payload p"),
    (KillPayload("p"), "kill_payload p 15 2000000000"),
    (Pause("cg"), "pause cg  0"),
    (Resume("cg"), "resume cg  0"),
    (CoreSched("cg"), "core_sched cg  0"),
    (ReadWorkers("cg"), "read_workers cg  0"),
    (Sysctl("kernel.panic_on_warn", "1"), "sysctl kernel/panic_on_warn 1"),
    (Attach(), "attach -"),
    (Attach("mine"), "attach mine"),
    (AttachOver("other"), "attach_over other"),
    (CpuOffline(1), "cpu_offline 1"),
    (CpuOnline(1), "cpu_online 1"),
    (DeclareProgram("other", 30, ("/other", "-v")), "program other 30 /other -v"),
    (Detach(), "detach"),
    (ReplaceScheduler("other"), "replace_scheduler other"),
    (Restart(), "restart"),
    (Snapshot("at the end"), "snapshot at%20the%20end"),
    (Suspend(200), "suspend 200000000"),
    (Trace(), "trace"),
    (Unregister(), "unregister"),
    (Privileged(), "privileged"),
    (Watchdog(250), "watchdog 250"),
    (BpfMapWrite(".bss", "crash", 1, at_s=0.5), "write 500000000 .bss crash 1"),
]


# Operations


@pytest.mark.parametrize(("operation", "line"), EVERY, ids=lambda value: str(value)[:30])
def test_an_operation_is_a_line_of_the_plan(operation: Operation, line: str) -> None:
    assert plan_of([operation], SMALL) == f"{line}\n"


def modules(package: Any) -> set[str]:
    return {path.stem for path in Path(package.__file__).parent.glob("[a-z]*.py")}


def test_each_operation_has_a_file_of_its_name() -> None:
    assert {operation.name for operation, _ in EVERY} == modules(operations)
    assert all(type(operation).__module__.endswith(f".{operation.name}") for operation, _ in EVERY)


def test_each_work_type_has_a_file_of_its_name() -> None:
    kinds = [getattr(work, name) for name in work.__all__]
    assert {kind.name for kind in kinds} == modules(work)


SPECS = dict(
    re.findall(
        r'^KTSTR_OPERATION\((\w+), "(.*)", ',
        "".join(path.read_text() for path in AGENT.glob("*.c")),
        re.MULTILINE,
    )
)


def test_the_agent_has_these_operations_and_those_that_precede_every_plan() -> None:
    assert set(SPECS) == {operation.name for operation, _ in EVERY} | {"seed", "pace"}


@pytest.mark.parametrize(("operation", "line"), EVERY, ids=lambda value: str(value)[:30])
def test_an_operation_has_the_arguments_that_the_agent_expects(operation: Operation, line: str) -> None:
    declared, given = SPECS[operation.name].split(), line.split(" ")[1:]
    rest = bool(declared) and declared[-1].endswith("...")
    assert len(given) >= len(declared) - 1 if rest else len(given) == len(declared)
    for argument, word in zip(declared, given, strict=False):
        assert word.isdecimal() or not argument.endswith((":u32", ":u64"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (calling(Perturbation, -1, 0, 1), "perturb: at_ns=-1: must be a whole number from 0"),
        (calling(Perturbation, 0, 1024, 1), "perturb: cpu=1024: must be a whole number from 0 to 1023"),
        (calling(Perturbation, 0, 0, 2**64), f"perturb: ns={2**64}: must be a whole number from 0"),
        (calling(HoldFor, 0), "hold: ns=0: must be a whole number from 1"),
        (calling(HoldFor, True), "hold: ns=True: must be a whole number from 1"),
        (calling(Watchdog, "5"), "watchdog: ms='5': must be a whole number from 1 to 4294967295"),
        (calling(Sysctl, "a", 1), "sysctl: value=1: must be a string"),
        (calling(Sysctl, "a\0", "1"), r"sysctl: key='a\x00': must not contain zero bytes"),
        (calling(StartScheduler, 1, ()), "scheduler: command=(): must be 1 words or more"),
        (calling(Run, 1, "/mine"), "run: command='/mine': must be a list of strings"),
        (calling(Shell, 1, 0, 0, False, ("sh",)), "shell: terminal=1: must be True or False"),
        (
            calling(AddCgroup, "a//b"),
            "cgroup: cgroup='a//b': must be 1 to 63 letters, digits, '_', '-' or '.', and '/' between the names of"
            " a path",
        ),
        (
            calling(AddCgroup, "cg", {0}),
            "cgroup: cpuset={0}: must be a Cpuset, such as Cpuset.llc(0)",
        ),
        (calling(Spawn, "cg", 0, SpinWait()), "spawn: workers=0: must be a whole number from 1 to 4096"),
        (calling(Spawn, "cg", 1, "spin"), "spawn: work='spin': must be a work type, such as SpinWait()"),
        (
            calling(Spawn, "cg", 1, SpinWait(), "other"),
            "spawn: policy='other': must be one of normal, batch, idle, fifo, rr, deadline, ext",
        ),
        (calling(Ping, 11), "ping: count=11: must be a whole number from 1 to 10"),
        (calling(Ping, colour="blue"), "ping: colour='blue': must be one of red, green"),
        (calling(SpinWait, pause=1), "SpinWait: pause=1: must be True or False"),
        (calling(Churn, 9), "Churn: depth=9: must be a whole number from 1 to 8"),
        (calling(Churn, rest_ms=0), "Churn: rest_ms=0: must be milliseconds, from 0.001 to an hour"),
    ],
    ids=message_id,
)
def test_a_wrong_argument_is_refused_by_operation_and_argument(make: Any, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}$"):
        make()


def test_arguments_are_checked_again_when_the_plan_is_written() -> None:
    hold = HoldFor(1)
    object.__setattr__(hold, "ns", "soon")
    with pytest.raises(KtstrError, match=r"^hold: ns='soon': must be a whole number from 1$"):
        plan_of([hold], SMALL)


def test_a_cpu_that_the_topology_lacks_is_refused_when_the_plan_is_written() -> None:
    with pytest.raises(KtstrError, match=r"^perturb: cpu=8: topology 1n2l4c1t has no such CPU$"):
        plan_of([Perturbation(0, 8, 1)], SMALL)


def test_a_work_type_has_the_parameters_that_the_agent_expects() -> None:
    agent = "".join(path.read_text() for path in WORK.glob("*.c"))
    declared = {
        name: [re.split("[=:]", word)[0] for word in re.findall(r'"([^"]+)"', parameters)]
        for name, parameters in re.findall(
            r"^KTSTR_(?:PAIRED_|GROUP_)?WORK\((\w+), \w+(.*)\);", agent, re.MULTILINE
        )
    }
    kinds = [getattr(work, name)() for name in work.__all__]
    assert declared == {kind.name: [word.partition("=")[0] for word in kind.tokens[1:]] for kind in kinds}


# A user's own


def test_a_users_operation_is_its_name_and_its_fields() -> None:
    assert plan_of([Ping(3, True, "green", ("a b", ""))], SMALL) == "ping 3 1 green a%20b \n"


def test_a_users_work_type_is_its_name_and_its_parameters() -> None:
    text = scenario_plan(Scenario((CgroupDef("cg", 1, work=Churn()),), hold_s=1), SMALL)
    assert "spawn cg 1 churn depth=2 rest_ns=1500000 policy=normal\n" in text


def test_a_class_that_is_not_a_frozen_dataclass_is_refused() -> None:
    class Bare(Operation):
        name = "bare"
        count: int = 1

    with pytest.raises(KtstrError, match=r"^Bare: must be decorated with @dataclass\(frozen=True\)$"):
        Bare()


@pytest.mark.parametrize("bad", ["", "Ping", "1x", "a b", "a" * 33, None])
def test_a_class_needs_a_name_that_the_agent_accepts(bad: Any) -> None:
    @dataclass(frozen=True)
    class Named(Operation):
        name = bad

    with pytest.raises(KtstrError, match=r"^Named: name=.*: must be 1 to 32 lower-case letters"):
        Named()


@pytest.mark.parametrize("taken", ["hold", "seed", "pace"])
def test_a_users_operation_may_not_take_a_name_of_ktstrs_own(taken: str) -> None:
    @dataclass(frozen=True)
    class Mine(Operation):
        name = taken

    with pytest.raises(KtstrError, match=rf"^Mine: name='{taken}': is an operation of ktstr's own$"):
        plan_of([Mine()], SMALL)


def test_a_field_of_a_type_that_cannot_be_an_argument_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Operation):
        name = "odd"
        when: complex = 1j

    with pytest.raises(KtstrError, match=r"^odd: when: complex is no type of an argument: annotate it"):
        plan_of([Odd()], SMALL)


def test_tokens_that_cannot_be_in_a_line_are_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Operation):
        name = "odd"

        def arguments(self, topology: Topology) -> tuple[str, ...]:
            return (topology.cpus,)  # type: ignore[return-value]

    with pytest.raises(KtstrError, match=r"^odd: argument 1: 8: must be a text without zero bytes$"):
        plan_of([Odd()], SMALL)


@pytest.mark.parametrize("key", ["policy", "words"])
def test_a_parameter_that_spawn_does_not_accept_is_refused(key: str) -> None:
    kind: Any = dataclass(frozen=True)(
        type("Odd", (WorkType,), {"name": "odd", key: ("a", "b"), "__annotations__": {key: tuple[str, ...]}})
    )
    with pytest.raises(KtstrError, match=rf"^Odd: {key}: cannot be a parameter of a work type: must"):
        _ = kind().tokens


# Sources


def project(folder: Path, name: str, source: str | None) -> Any:
    """The module of a user's project in `folder`, with an operation that `source` carries out."""
    (folder / f"{name}.py").write_text(
        "from dataclasses import dataclass\n"
        "from ktstr.scenario.operation import Operation\n\n"
        "@dataclass(frozen=True)\n"
        f"class Knock(Operation):\n    name = 'knock'\n    source = {source!r}\n"
    )
    sys.path.insert(0, str(folder))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(folder))


def test_a_source_is_found_beside_its_class(tmp_path: Path) -> None:
    (tmp_path / "knock.c").write_text("")
    module = project(tmp_path, "knock_with_source", "knock.c")

    @dataclass(frozen=True)
    class Derived(module.Knock):  # type: ignore[name-defined, misc]
        pass

    assert Derived.source_file() == module.Knock.source_file() == (tmp_path / "knock.c").resolve()
    assert HoldFor.source_file() is None


@pytest.mark.parametrize("source", ["missing.c", "knock_py.py"])
def test_a_source_that_is_not_a_c_file_is_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "knock_py.py").write_text("")
    module = project(tmp_path, f"knock_{source.replace('.', '_')}_bad", source)
    with pytest.raises(KtstrError, match=rf"^Knock: source='{source}': no such C file: {tmp_path}/{source}$"):
        module.Knock.source_file()


def test_a_scenario_has_the_sources_of_its_parts(tmp_path: Path) -> None:
    (tmp_path / "knock.c").write_text("")
    knock = project(tmp_path, "knock_in_scenario", "knock.c").Knock()
    scenario = Scenario((knock, CgroupDef("cg"), knock))
    assert scenario.sources == ((tmp_path / "knock.c").resolve(),)
    assert Scenario((CgroupDef("cg"),)).sources == ()


def test_annotations_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    code = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from ktstr.scenario.operation import Operation\n"
        "@dataclass(frozen=True)\n"
        "class Knock(Operation):\n    name = 'knock'\n    when: Missing = 1\n"
        "Knock()\n"
    )
    script = tmp_path / "knock.py"
    script.write_text(code)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert "KtstrError: Knock: its annotations cannot be read: name 'Missing' is not defined" in ended.stderr
