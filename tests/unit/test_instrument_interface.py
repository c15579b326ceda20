"""The interface covered: out of counts, and for people."""

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import Counts, Insn, Owner
from ktstr.instrument.interface import Driven, driven_from_json, driven_in, driven_to_json, merged_driven
from ktstr.instrument.programs import STRUCT_OPS, Function
from ktstr.instrument.sched_ext import _FUNCTIONS, KernelInterface, callback_of
from ktstr.report.interface import interface_summary, interface_text

KERNEL = KernelInterface(
    {"dispatch_enqueue": 0x100, "scx_hardlockup": 0x200},
    {"scx_enq_flags": {"SCX_ENQ_WAKEUP": 0, "SCX_ENQ_HEAD": 4}, "scx_wake_flags": {"SCX_WAKE_SYNC": 4}},
)


def function(number: int, name: str, part: int = 0, kind: int = STRUCT_OPS) -> Function:
    start = 0x1000 * (number + 1)
    return Function(Owner(number, True, 1, 0, 7, start, start + 64, name), name, part, kind, bytes(64), ())


def insn(number: int, count: int) -> Insn:
    return Insn(0x1000 * (number + 1), count, 0, 0, 0, number, 2, 0)


def bits(**counts: int) -> tuple[int, ...]:
    found = [0] * 64
    for name, count in counts.items():
        found[int(name.removeprefix("bit"))] = count
    return tuple(found)


FUNCTIONS = [
    function(0, "mine_enqueue"),
    function(1, "mine_select_cpu"),
    function(2, "mine_exit"),
    function(3, "weigh", part=1),
    function(4, "observed", kind=26),
]
COUNTS = Counts(
    (),
    {},
    (insn(0, 5), insn(1, 3), insn(3, 9), insn(4, 9)),
    (),
    (),
    {0x100: 7},
    {0: (bits(bit0=4), bits(bit4=5)), 1: (bits(bit0=2), bits(bit4=1))},
)
DRIVEN = Driven(
    {"enqueue": 5, "exit": 0, "select_cpu": 3},
    {"enqueue SCX_ENQ_HEAD": 0, "enqueue SCX_ENQ_WAKEUP": 4, "select_cpu SCX_WAKE_SYNC": 1},
    {"dispatch_enqueue": 7, "scx_hardlockup": 0},
)


def test_callbacks_flags_and_functions_of_the_kernel() -> None:
    assert driven_in(COUNTS, FUNCTIONS, KERNEL) == DRIVEN


def test_without_counted_functions_none_is_said_to_be_missed() -> None:
    counts = Counts((), {}, (insn(0, 5),), (), ())
    assert driven_in(counts, FUNCTIONS, KERNEL).functions == {}


@pytest.mark.parametrize(
    ("function", "callback"),
    [
        ("mine_enqueue", "enqueue"),
        ("mine_dump_cpu", "dump_cpu"),
        ("lavd_init_task", "init_task"),
        ("mine_cgroup_init", "cgroup_init"),
        ("init", "init"),
        ("helper", ""),
    ],
)
def test_a_callback_is_known_by_the_end_of_its_name(function: str, callback: str) -> None:
    assert callback_of(function) == callback


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("scx_bpf_dsq_insert", True),
        ("enqueue_task_scx", True),
        ("dispatch_enqueue", True),
        ("handle_hotplug.isra.0", True),
        ("scx_attr_ops_show", False),
        ("scx_exit.cold", False),
        ("sched_ext_ops__enqueue", False),
        ("dequeue_task_rt", False),
        ("__pfx_enqueue_task_scx", False),
        ("consume_skb", False),
        ("kick_all_cpus_sync", False),
    ],
)
def test_functions_of_the_kernels_side_by_name(name: str, ours: bool) -> None:
    assert bool(_FUNCTIONS.fullmatch(name)) is ours


def test_several_runs_together_keep_what_none_has_driven() -> None:
    both = merged_driven([DRIVEN, DRIVEN])
    assert both.callbacks == {"enqueue": 10, "exit": 0, "select_cpu": 6}
    assert both.functions == {"dispatch_enqueue": 14, "scx_hardlockup": 0}


def test_it_survives_json() -> None:
    assert driven_from_json(driven_to_json(DRIVEN)) == DRIVEN
    with pytest.raises(KtstrError, match="what was driven cannot be read"):
        driven_from_json({"callbacks": 3})


def test_the_summary_names_what_was_never_driven() -> None:
    assert interface_summary(DRIVEN) == [
        "2 of 3 callbacks were called; never: exit",
        "2 of 3 flags were seen; never: enqueue SCX_ENQ_HEAD",
        "1 of 2 functions of kernel/sched/ext.c were called",
    ]


def test_the_table_is_of_test_by_callback() -> None:
    other = Driven({"enqueue": 1}, {}, {"dispatch_enqueue": 1, "scx_hardlockup": 0})
    assert interface_text({"web[7.0]": DRIVEN, "batch[7.0]": other}) == [
        " test        enqueue  exit  select_cpu",
        " web[7.0]    5        0     3",
        " batch[7.0]  1        -     -",
        "",
        " flag                      calls",
        " enqueue SCX_ENQ_WAKEUP    4",
        " select_cpu SCX_WAKE_SYNC  1",
        "",
        " never: enqueue SCX_ENQ_HEAD",
        "",
        " function of kernel/sched/ext.c  calls",
        " dispatch_enqueue                8",
        "",
        " never: scx_hardlockup",
    ]
