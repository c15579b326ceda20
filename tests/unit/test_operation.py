"""Operations and work types as data: arguments are declared once, checked twice, and named in messages."""

import re
from pathlib import Path
from typing import Any

import pytest
from own_operations import SMALL, Churn, Ping, calling, message_id

from ktstr import Affinity, Bursty, Cpuset, KtstrError, SpinWait
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
from ktstr.scenario.operations.look import LookNow
from ktstr.scenario.operations.monitor import Monitor
from ktstr.scenario.operations.move_tasks import MoveTasks
from ktstr.scenario.operations.observer import Observer
from ktstr.scenario.operations.patience import Patience
from ktstr.scenario.operations.pause import Pause
from ktstr.scenario.operations.perturb import Perturbation
from ktstr.scenario.operations.perturber import Perturber
from ktstr.scenario.operations.phase import BeginPhase
from ktstr.scenario.operations.privileged import Privileged
from ktstr.scenario.operations.program import DeclareProgram
from ktstr.scenario.operations.programs import Programs
from ktstr.scenario.operations.progress import Progress
from ktstr.scenario.operations.read_cgroup import ReadCgroup
from ktstr.scenario.operations.read_file import ReadFile
from ktstr.scenario.operations.read_globals import ReadGlobals
from ktstr.scenario.operations.read_workers import ReadWorkers
from ktstr.scenario.operations.recorder import Recorder
from ktstr.scenario.operations.reload import Reload
from ktstr.scenario.operations.remove_cgroup import RemoveCgroup
from ktstr.scenario.operations.replace_scheduler import ReplaceScheduler
from ktstr.scenario.operations.restart import Restart
from ktstr.scenario.operations.resume import Resume
from ktstr.scenario.operations.run import Run
from ktstr.scenario.operations.run_payload import RunPayload
from ktstr.scenario.operations.run_program import RunProgram
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
from ktstr.scenario.operations.unlocked import Unlocked
from ktstr.scenario.operations.unregister import Unregister
from ktstr.scenario.operations.wait_payload import WaitPayload
from ktstr.scenario.operations.watchdog import Watchdog
from ktstr.scenario.operations.workload_root import WorkloadRoot
from ktstr.scenario.operations.write import BpfMapWrite
from ktstr.scenario.operations.write_file import WriteFile
from ktstr.scenario.payload import Payload
from ktstr.scenario.plan import plan_of

EVERY: list[tuple[Operation, str]] = [
    (At(0.25, Sysctl("kernel.panic", "1")), "at 250000000 sysctl kernel/panic 1"),
    (KernelDump(), "kernel_dump"),
    (LookNow(), "look"),
    (Monitor(), "monitor 100000000 file=/sys/kernel/sched_ext/root/events=event"),
    (BeginPhase("swap cpusets"), "phase swap%20cpusets"),
    (AddCgroup("cg"), "cgroup cg -"),
    (AddCgroup("cg", Cpuset.llc(1)), "cgroup cg 4-6"),
    (ClearCpuset("a/b"), "clear_cpuset a/b"),
    (CpusetPartition("a", "isolated"), "cpuset_partition a isolated"),
    (Freeze("a"), "freeze a"),
    (MoveTasks("a", "b"), "move_tasks a b 0"),
    (MoveTasks("a", "", 2), "move_tasks a  2"),
    (ReadCgroup("a", "cpu.stat"), "read_cgroup a cpu.stat"),
    (ReadFile("/proc/stat"), "read_file /proc/stat "),
    (ReadFile("/proc/stat", "cpu 0"), "read_file /proc/stat cpu%200"),
    (Reload(), "reload 100 1"),
    (ReadGlobals("nr", "stats[3].nr"), "read_globals nr stats[3].nr"),
    (RunProgram("query"), "run_program query 0 0"),
    (RunProgram("query", [40, -2], expect=range(4)), "run_program query 0 3 40 -2"),
    (
        RunProgram("query", {"pid": "cg/0", "a.b[1]": True}, expect=None),
        "run_program query - - .pid=@cg/0 .a.b[1]=1",
    ),
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
    (Observer("/ktstr/observer", 4), "observer /ktstr/observer 4"),
    (Patience(), "patience"),
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
    (WriteFile("/proc/sys/kernel/panic", "1"), "write_file /proc/sys/kernel/panic 1"),
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
    (Unlocked(), "unlocked"),
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
