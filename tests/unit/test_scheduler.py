"""Declaring schedulers: what is accepted, and what is refused in one line that names the field."""

from pathlib import Path
from typing import Any

import pytest

from ktstr import Checks, KtstrError, Scheduler, Topology, declare_scheduler
from ktstr.base.values import shown
from ktstr.declare import scheduler
from ktstr.declare.scheduler import registered


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_registry", {})


def declare(**fields: Any) -> Scheduler:
    """A declaration with any values, right or wrong."""
    return declare_scheduler(**fields)


def refusal(**fields: Any) -> str:
    """The one line that refuses a declaration, without the file and the scheduler that it begins with."""
    with pytest.raises(KtstrError) as refused:
        declare(**{"name": "mine", **fields})
    start = f"{__file__}: scheduler 'mine': "
    text = str(refused.value)
    assert text.startswith(start)
    assert "\n" not in text
    return text.removeprefix(start)


def test_a_declaration_says_everything_a_run_needs() -> None:
    mine = declare_scheduler(
        name="mine",
        binary="scx_mine",
        topology=(1, 2, 4, 1),
        kernels=["6.14", "6.15..=7.0"],
        sched_args=["--slice-us", "5000"],
        kargs=["nohz=off"],
        sysctls={"kernel.sched_autogroup_enabled": 0},
        checks=Checks(max_gap_ms=500),
    )
    assert mine == Scheduler(
        name="mine",
        binary="scx_mine",
        topology=Topology(1, 2, 4, 1),
        kernels=("6.14", "6.15..=7.0"),
        sched_args=("--slice-us", "5000"),
        kargs=("nohz=off",),
        sysctls={"kernel.sched_autogroup_enabled": "0"},
        checks=Checks(max_gap_ms=500),
        declared_in=__file__,
    )
    assert registered() == (mine,)


@pytest.mark.parametrize("topology", [(1, 2, 4, 1), [1, 2, 4, 1], "1n2l4c1t", Topology(1, 2, 4, 1)])
def test_a_topology_is_written_in_any_of_its_forms(topology: object) -> None:
    assert declare(name="mine", topology=topology).topology == Topology(1, 2, 4, 1)


@pytest.mark.parametrize("path", ["sched/mine.bpf.c", Path("sched/mine.bpf.c")])
def test_a_relative_path_starts_at_the_declaring_file(path: str | Path) -> None:
    assert declare_scheduler(name="mine", bpf=path).bpf == Path(__file__).parent / "sched" / "mine.bpf.c"


def test_a_path_may_start_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/author")
    mine = declare_scheduler(name="mine", binary_path="~/bin/mine")
    assert mine.binary_path == Path("/home/author/bin/mine")


def test_the_constants_of_a_bpf_scheduler_are_whole_numbers() -> None:
    mine = declare_scheduler(name="mine", bpf="mine.bpf.c", rodata={"slice_us": 2**64 - 1, "debug": True})
    assert mine.rodata == {"slice_us": 2**64 - 1, "debug": 1}


def test_without_a_program_it_is_the_kernels_default() -> None:
    assert not declare_scheduler(name="eevdf-wide", topology="1n2l4c1t").is_sched_ext


@pytest.mark.parametrize("name", [None, "", 7, "a b", "a/b", "a\nb", "-a", "é", "a" * 65, b"mine", ["mine"]])
def test_an_invalid_name_is_refused(name: object) -> None:
    with pytest.raises(KtstrError, match=r"name: must be 1 to 64 letters") as refused:
        declare(name=name)
    assert "\n" not in str(refused.value)


HUGE = 10**5000  # Python refuses to print it

REFUSED = [
    ("binary", ""),
    ("binary", 7),
    ("binary", "bin/mine"),
    ("binary", Path("mine")),
    ("binary", "mi\0ne"),
    ("binary_path", ""),
    ("binary_path", 7),
    ("binary_path", "mi\0ne"),
    ("binary_path", "mine\udcff"),
    ("binary_path", "~no-such-user/mine"),
    ("bpf", ""),
    ("bpf", 7),
    ("bpf", []),
    ("bpf", ["mine.bpf.c", 7]),
    ("ops", "mine ops"),
    ("attach_timeout_s", 0),
    ("topology", None),
    ("topology", 4),
    ("topology", HUGE),
    ("topology", "4"),
    ("topology", ""),
    ("topology", (1, 2, 4)),
    ("topology", (1, 2, 4, "1")),
    ("topology", (1, 2, 4, 0)),
    ("topology", (1, 2, 4, -1)),
    ("topology", (1, 2, 4, 1.0)),
    ("topology", (1, 2, 4, True)),
    ("topology", (1, 2, 4, HUGE)),
    ("topology", (1, 8, 16, 16)),
    ("topology", (2, 3, 1, 1)),
    ("kernels", None),
    ("kernels", "6.14"),
    ("kernels", 6.14),
    ("kernels", [6.14]),
    ("kernels", [None]),
    ("kernels", [""]),
    ("kernels", ["7.0..=6.15"]),
    ("kernels", ["latest"]),
    ("kargs", None),
    ("kargs", "quiet"),
    ("kargs", ["a", 1]),
    ("kargs", {"a": 1}),
    ("sysctls", "kernel.panic=1"),
    ("sysctls", ["kernel.panic"]),
    ("sysctls", {1: "1"}),
    ("sysctls", {"kernel.panic": None}),
    ("sysctls", {"kernel.panic": ""}),
    ("sysctls", {"kernel.panic": True}),
    ("checks", {"max_gap_ms": 1}),
    ("checks", False),
    ("checks", 15),
]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=shown)
def test_a_value_of_the_wrong_kind_is_refused_by_field(field: str, value: object) -> None:
    assert field in refusal(**{field: value})


@pytest.mark.parametrize("value", [None, "--verbose", ["--interval", 5], [Path("mine.json")], ["a\0b"], 5])
def test_arguments_are_strings(value: object) -> None:
    assert "sched_args" in refusal(binary="mine", sched_args=value)


@pytest.mark.parametrize(
    "value",
    ["slice", ["slice"], {"slice": 1.5}, {"slice": "5"}, {"slice": None}, {"a b": 1}, {"s": HUGE}, {1: 1}],
    ids=shown,
)
def test_constants_are_whole_numbers_by_name(value: object) -> None:
    assert "rodata" in refusal(bpf="mine.bpf.c", rodata=value)


@pytest.mark.parametrize("value", [None, "-O2", [1], {"-O2": 1}])
def test_flags_for_clang_are_strings(value: object) -> None:
    assert "bpf_cflags" in refusal(bpf="mine.bpf.c", bpf_cflags=value)


def test_only_a_bpf_scheduler_has_constants_and_flags() -> None:
    assert "only for a scheduler declared with bpf=" in refusal(binary="mine", rodata={"slice": 1})


@pytest.mark.parametrize("program", [{}, {"bpf": "mine.bpf.c"}])
def test_only_a_program_has_arguments(program: dict[str, str]) -> None:
    assert "sched_args" in refusal(sched_args=["-v"], **program)


def test_one_program_is_enough() -> None:
    assert refusal(binary="mine", bpf="mine.bpf.c") == (
        "binary and bpf: give one of binary, binary_path and bpf"
    )


def declare_in(file: str, **fields: object) -> None:
    """A declaration as `file` would make it."""
    exec(compile("declare(**fields)", file, "exec"), {"declare": declare_scheduler, "fields": fields})


def test_a_file_may_be_imported_twice() -> None:
    for _ in range(2):
        declare_in("/project/test_mine.py", name="mine", binary="mine")
    assert [mine.name for mine in registered()] == ["mine"]


def test_a_name_belongs_to_one_file() -> None:
    declare_in("/project/test_mine.py", name="mine", binary="mine")
    with pytest.raises(KtstrError, match=r"test_b.py: scheduler 'mine': already declared in .*test_mine.py"):
        declare_in("/project/test_b.py", name="mine", binary="mine")


def test_a_name_means_one_scheduler_in_a_file() -> None:
    declare_in("/project/test_mine.py", name="mine", binary="mine")
    with pytest.raises(KtstrError, match="'mine': declared twice in this file, with different values"):
        declare_in("/project/test_mine.py", name="mine", binary="other")


def test_a_refused_declaration_is_not_registered() -> None:
    refusal(kernels="6.14")
    assert registered() == ()
