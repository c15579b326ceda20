"""The sweep's command from its arguments to its exit status, with stand-ins for the guests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from elf_object import elf_object
from fake_executor import FakeExecutor
from invoke import Program
from verifier_data import a_cell, a_kernel, a_result, a_scheduler, a_vm_result, healthy_events

from ktstr.base.errors import KtstrError
from ktstr.declare import scheduler
from ktstr.declare.presets import PRESETS
from ktstr.declare.scheduler import Scheduler
from ktstr.events.rejection import Rejection
from ktstr.kernel.model import Kernel
from ktstr.tasks import ns
from ktstr.verifier import command
from ktstr.verifier.annotated import cell_annotations
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.job import Jobs, cell_plan
from ktstr.verifier.sweep import Options, run_cell, sweep
from ktstr.vm.executor import Executor
from ktstr.vm.job import VmJob
from ktstr.vm.result import Ending, VmResult

MINE = """
from ktstr import declare_scheduler
declare_scheduler(name="mine", binary="scx_mine")
declare_scheduler(name="other", binary="scx_other")
"""


def main(arguments: Sequence[str]) -> int:
    """The command, on an executor without guests."""
    return command.main(arguments, executor=FakeExecutor())


class Axis:
    """Stands in for the kernels: each spec is one."""

    def __init__(self, specs: Sequence[str]) -> None:
        self._specs = tuple(specs) or ("auto",)

    def ids(self) -> tuple[str, ...]:
        return self._specs

    def resolve(self, _wanted: object) -> dict[str, Kernel]:
        return {spec: a_kernel("7.3.4" if spec == "auto" else f"{spec}.13") for spec in self._specs}


class Guests:
    """Stands in for the guests: cells pass, except those named in `failing`; `insns` is what mine_init costs."""

    def __init__(self) -> None:
        self.failing: dict[str, str] = {}
        self.insns = 100
        self.swept: list[Cell] = []
        self.end: BaseException | None = None  # comes instead of the second cell

    def __call__(self, cells: Sequence[Cell], _options: Options) -> Iterator[CellResult]:
        for cell in cells:
            if self.end and self.swept:
                raise self.end
            self.swept.append(cell)
            why = [self.failing[cell.name]] if cell.name in self.failing else []
            yield a_result(cell, *why, mine_init=self.insns)


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Guests:
    guests = Guests()
    monkeypatch.setattr(scheduler, "_registry", {})
    monkeypatch.setattr(command, "KernelAxis", Axis)
    monkeypatch.setattr(command, "sweep", guests)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DIE_WITH_PARENT", "KERNEL", "CLOCK", "SEED", "TOPOLOGY", "PERTURB"):
        monkeypatch.delenv(f"KTSTR_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_mine.py").write_text(MINE)
    return guests


TINY = ("--preset", "tiny-1llc", "--scheduler", "mine")


def test_all_passed_is_status_0_and_a_sidecar_for_each_cell(
    guests: Guests, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--kernel", "7.0", "--kernel", "7.3", "--preset", "tiny-1llc"]) == 0
    out = capsys.readouterr().out
    assert "PASS [   2.0s] (4/4) verifier/other/kernel_7_3/tiny-1llc" in out
    assert out.splitlines()[-3].startswith("4 cells: 4 passed in ")
    newest = [(tmp_path / f"target/ktstr/verifier-{one}-nogit").resolve() for one in ("7.0.13", "7.3.13")]
    assert out.splitlines()[-2:] == [f"results in {path.relative_to(tmp_path)}" for path in newest]
    folder = tmp_path / "target/ktstr/verifier-7.0.13-nogit"
    sidecars = [json.loads(path.read_text()) for path in folder.glob("verifier*.json")]
    assert {one["test"] for one in sidecars} == {
        f"verifier/{name}/kernel_7_0/tiny-1llc" for name in ("mine", "other")
    }
    assert (folder / "junit.xml").is_file()


def test_a_failed_cell_is_status_1_and_leaves_its_reason(guests: Guests, tmp_path: Path) -> None:
    guests.failing = {"verifier/mine/kernel_7_0/tiny-1llc": "schedule: 8 of 8 workers never ran"}
    assert main(["--kernel", "7.0", *TINY]) == 1
    (reason,) = (tmp_path / "target/ktstr").glob("verifier-*/*/failure.txt")
    assert reason.read_text() == "schedule: 8 of 8 workers never ran\n"


def test_in_github_equal_failures_are_annotated_once(
    guests: Guests, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "load: its program ended: wants 8 CPUs,\nand more"
    guests.failing = {f"verifier/mine/kernel_{version}/tiny-1llc": why for version in ("7_0", "7_3")}
    sweep_both = ["--kernel", "7.0", "--kernel", "7.3", "--preset", "tiny-1llc"]
    assert main(sweep_both) == 1
    assert "::error" not in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main([*sweep_both, "--format", "json"]) == 1
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if line.startswith("::")] == [
        "::error file=tests/test_mine.py,line=3,title=FAIL verifier/mine/kernel_7_0/tiny-1llc and 1 more"
        "::load: its program ended: wants 8 CPUs,"
    ]
    assert "::error" not in said.out


def test_a_refused_line_is_annotated_where_it_is(tmp_path: Path) -> None:
    source = tmp_path / "mine.bpf.c"
    source.write_text("")
    refused = Rejection("mine_enqueue", "invalid access", "; *counter += 1; @ mine.bpf.c:12", "", ())
    cell = a_cell(scheduler="mine")
    cell = replace(
        cell, scheduler=replace(cell.scheduler, bpf=source, declared_in=str(tmp_path / "test_mine.py"))
    )
    result = replace(a_result(cell, "load: mine_enqueue: invalid access"), rejections=(refused,))
    title = "title=FAIL verifier/mine/kernel_7_0/tiny-1llc::load: mine_enqueue: invalid access"
    assert cell_annotations([result], tmp_path) == [f"::error file=mine.bpf.c,line=12,{title}"]
    elsewhere = replace(refused, source="; r = lookup(); @ helpers.h:7")
    assert cell_annotations([replace(result, rejections=(elsewhere,))], tmp_path) == [
        f"::error file=test_mine.py,{title}"
    ]


def test_without_a_kernel_the_cell_is_named_by_the_resolved_series(guests: Guests) -> None:
    assert main([*TINY]) == 0
    assert [cell.name for cell in guests.swept] == ["verifier/mine/kernel_7_3/tiny-1llc"]


def test_two_kernels_of_a_series_are_two(guests: Guests) -> None:
    assert main(["--kernel", "7.3", "--kernel", "auto", *TINY]) == 0
    assert [cell.kernel_name for cell in guests.swept] == ["kernel_7_3", "kernel_7_3_4_debian_1a2b3c4d"]


def test_growth_since_an_earlier_run_is_status_1(guests: Guests, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kernel", "7.0", *TINY]) == 0
    earlier = "target/ktstr/verifier-7.0.13-nogit"
    guests.insns = 109
    assert main(["--kernel", "7.0", *TINY, "--compare", earlier]) == 0
    assert "mine       kernel_7_0  mine_init  100     109  +9.0%" in capsys.readouterr().out
    assert (
        main(["--kernel", "7.0", *TINY, "--compare", "nogit", "--max-growth", "0%"]) == 0
    )  # 109 is the newest now
    guests.insns = 130
    assert main(["--kernel", "7.0", *TINY, "--compare", "nogit"]) == 1
    assert " 1 grew by more than 10%" in capsys.readouterr().out


def test_a_program_to_compare_with_is_swept_too(guests: Guests, tmp_path: Path) -> None:
    old = tmp_path / "scx_old"
    old.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0")
    assert main(["--kernel", "7.0", *TINY, "--compare", str(old)]) == 0
    assert [cell.scheduler.binary_path for cell in guests.swept] == [None, old]


def test_only_json_is_on_stdout(guests: Guests, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kernel", "7.0", *TINY, "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert [cell["outcome"] for cell in json.loads(captured.out)["cells"]] == ["passed"]
    assert "PASS" in captured.err


def test_in_github_actions_the_page_goes_to_the_steps_summary(
    guests: Guests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("what was there\n")
    assert main(["--kernel", "7.0", *TINY]) == 0
    assert (tmp_path / "summary.md").read_text().startswith("what was there\n## verifier summary: 1 ✅")


def test_ctrl_c_keeps_finished_results(
    guests: Guests, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guests.end = KeyboardInterrupt()
    assert main(["--kernel", "7.0", "--preset", "tiny-1llc"]) == 130
    assert "1 cell: 1 passed" in capsys.readouterr().out
    run = json.loads((tmp_path / "target/ktstr/verifier-7.0.13-nogit/run.json").read_text())
    assert run["status"] == "interrupted"


def test_a_sweep_that_cannot_continue_keeps_finished_results(
    guests: Guests, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guests.end = KtstrError("a process of the sweep was killed")
    assert main(["--kernel", "7.0", "--preset", "tiny-1llc"]) == 2
    captured = capsys.readouterr()
    assert "1 cell: 1 passed" in captured.out
    assert captured.err == "ktstr: a process of the sweep was killed\n"
    assert (tmp_path / "target/ktstr/verifier-7.0.13-nogit/junit.xml").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scheduler", "mime"], "ktstr: --scheduler mime: none of that name; did you mean mine?"),
        (["--preset", "huge"], "ktstr: --preset huge: none of that name"),
        (["--compare", "absent", *TINY], "ktstr: --compare absent: no such run, program or object"),
        (["--object", "absent.bpf.o"], "ktstr: --object absent.bpf.o: No such file or directory"),
        (
            ["--object", "half.bpf.o"],
            "ktstr: --object half.bpf.o: cut off: 100 bytes, and its section table ends",
        ),
        (["--object", "tests/test_mine.py"], "ktstr: --object tests/test_mine.py: not a BPF object"),
        (["absent"], "ktstr: absent: no such file or folder of tests"),
    ],
)
def test_a_users_mistake_is_status_2_and_one_line(
    guests: Guests, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    Path("half.bpf.o").write_bytes(elf_object()[:100])
    assert main(["--kernel", "7.0", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(words)
    assert captured.err.count("\n") == 1
    assert guests.swept == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-growth", "a lot"], "--max-growth: a lot: must be a percentage such as 10%"),
        (["--max-insns", "0"], "--max-insns: 0: must be a whole number from 1 to 1000000"),
        (["--attach-timeout", "0"], "--attach-timeout: 0: must be guest seconds, above 0 and at most 3600"),
        (["--memory-mb", "12"], "--memory-mb: 12: must be MiB, from 64 to 1048576"),
        (["--seed", "-1"], "--seed: -1: must be a whole number from 0 to 4294967295"),
        (["--kernle", "7.0"], "--kernle: no such option; near is --kernel"),
    ],
)
def test_what_an_option_does_not_accept_is_one_line_and_status_2(
    guests: Guests, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"ktstr: verifier: {words}\n"


def test_an_object_is_swept_by_the_task(
    guests: Guests, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some thing.bpf.o"
    path.write_bytes(elf_object())
    Program(namespace=ns).run(["invoke", "verify", "--object", str(path), "--kernel", "7.0"], exit=False)
    assert [(cell.name, cell.object) for cell in guests.swept] == [
        ("verifier/some_thing/kernel_7_0/tiny-1llc", path)
    ]
    assert "1 cell: 1 passed" in capsys.readouterr().out


# One cell


def options(folder: Path, executor: Executor | None = None) -> Options:
    return Options("virtual", 1, None, folder, executor or FakeExecutor(a_vm_result(healthy_events())))


@pytest.fixture
def real_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    """A scheduler whose program is one that every host has, and a kernel whose files are there."""
    (tmp_path / "config").write_text("")
    monkeypatch.setattr("ktstr.run.assemble.build_agent", lambda *_sources: tmp_path / "config")
    return a_scheduler(bpf=None, binary_path=Path("/bin/true").resolve(), sysctls={"kernel.printk": "7"})


def test_a_cells_plan_is_everything_its_guest_does(real_program: Scheduler) -> None:
    cell = a_cell(scheduler="mine")
    with_sysctl = Cell(real_program, "7.0", cell.kernel, cell.preset, cell.topology)
    assert cell_plan(with_sysctl, ("/ktstr/bin/true", "-v")).splitlines() == [
        "sysctl kernel/printk 7",
        "scheduler 30000000000 /ktstr/bin/true -v",
        "programs",
        "cgroup verifier -",
        "spawn verifier 8 spin_wait pause=1 policy=normal",
        "progress 100000000 10000000000",
        "unregister",
    ]


def test_a_cell_that_cannot_be_run_is_an_error_and_says_why(tmp_path: Path, real_program: Scheduler) -> None:
    kernel = a_kernel(config=tmp_path / "config")
    absent = a_scheduler(bpf=None, binary_path=tmp_path / "absent")
    cell = Cell(absent, "7.0", kernel, "tiny-1llc", a_cell().topology)
    result = run_cell(cell, options(tmp_path), Jobs(1))
    assert (result.outcome, result.message) == (
        "error",
        f"run: scheduler mine: {tmp_path}/absent: no such file",
    )


def test_a_cell_that_runs_is_judged_and_recorded(tmp_path: Path, real_program: Scheduler) -> None:
    kernel = a_kernel(config=tmp_path / "config")
    cell = Cell(real_program, "7.0", kernel, "tiny-1llc", a_cell().topology)
    result = run_cell(cell, options(tmp_path), Jobs(1))
    assert (result.outcome, result.insns, result.map_bytes) == ("passed", {"mine_enqueue": 48}, 8592)
    assert result.record is not None
    assert result.record["programs"][0]["name"] == "mine_enqueue"
    assert json.loads(json.dumps(result.record))["verdict"] == {
        "passed": True,
        "violations": [],
        "summary": None,
    }


def test_the_projects_settings_apply_to_a_sweep_and_its_options_override_them(
    guests: Guests, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '[tool.ktstr]\nkernels = ["7.0", "7.1"]\npresets = ["tiny-2llc"]\nseed = 7\n'
    Path("pyproject.toml").write_text(text)
    assert main([]) == 0
    assert {(cell.kernel_id, cell.preset) for cell in guests.swept} == {
        ("7.0", "tiny-2llc"),
        ("7.1", "tiny-2llc"),
    }
    guests.swept.clear()
    assert main(["--kernel", "7.3", "--topology", "1n1l4c1t"]) == 0
    assert {(cell.kernel_id, cell.preset) for cell in guests.swept} == {("7.3", "1n1l4c1t")}
    capsys.readouterr()
    Path("pyproject.toml").write_text("[tool.ktstr]\nseed = 'x'\n")
    assert main([]) == 2
    assert (
        capsys.readouterr().err == "ktstr: pyproject.toml: [tool.ktstr] seed = 'x': must be a whole number\n"
    )


# The sweep


def cells(scheduler: Scheduler, kernel: Kernel, *presets: str) -> list[Cell]:
    return [Cell(scheduler, "7.0", kernel, preset, PRESETS[preset]) for preset in presets]


def test_a_sweep_runs_every_cell_with_the_largest_first(tmp_path: Path, real_program: Scheduler) -> None:
    executor = FakeExecutor(a_vm_result(healthy_events()), capacity=1)
    kernel = a_kernel(config=tmp_path / "config")
    asked = cells(real_program, kernel, "tiny-1llc", "smt-2llc", "medium-4llc")
    results = list(sweep(asked, options(tmp_path, executor)))
    assert {result.cell.name for result in results} == {cell.name for cell in asked}
    assert {result.outcome for result in results} == {"passed"}
    cpus = [job.topology.cpus for job in executor.jobs]
    assert cpus == sorted(cpus, reverse=True)


def test_a_sweep_that_is_left_early_cancels_the_cells_that_run(
    tmp_path: Path, real_program: Scheduler
) -> None:
    asked = options(tmp_path)

    def endless(job: VmJob) -> VmResult:
        if job.topology.cpus == 4:
            return a_vm_result(healthy_events())
        stopped = threading.Event()
        with asked.cancel.stopping(stopped.set):
            stopped.wait(60)
        raise AssertionError("never")

    asked = replace(asked, executor=FakeExecutor(endless))
    kernel = a_kernel(config=tmp_path / "config")
    running = sweep(cells(real_program, kernel, "tiny-1llc", "smt-2llc"), asked)
    assert next(running).cell.preset == "tiny-1llc"
    running.close()
    assert asked.cancel.cancelled


def test_a_run_that_could_not_be_done_is_an_error_of_its_cell(
    tmp_path: Path, real_program: Scheduler
) -> None:
    died = a_vm_result([], Ending.QEMU_DIED, "QEMU ended with status 1: bad option")
    kernel = a_kernel(config=tmp_path / "config")
    (result,) = sweep(cells(real_program, kernel, "tiny-1llc"), options(tmp_path, FakeExecutor(died)))
    assert (result.outcome, result.message) == ("error", "run: QEMU ended with status 1: bad option")
