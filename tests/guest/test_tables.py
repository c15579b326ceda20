"""Elements of a BPF scheduler's maps that its declaration sets before it is attached."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ktstr import Ctx, KtstrError, declare_scheduler, ktstr_test, scenarios
from ktstr.run.program import scheduler_program

TABLES: dict[str, Any] = {
    "domains[-3].weight": lambda topology: topology.cpus,
    "domains[-3].mode": 7,
    "domains[-3].limits[1].low": -4,
    "domains[-3].limits[1].on": True,
    "domains[-3].tag": "fast",
    "quotas": [10, 11],
    "quotas[2]": 12,
    "of_cpu[0].weight": 5,
}
SOURCE = Path(__file__).parent / "bpf" / "tables.bpf.c"
TINY = "1n1l2c1t"
FILLED = declare_scheduler(name="filled", bpf=SOURCE, topology=TINY, values=TABLES)
TOO_MANY = declare_scheduler(
    name="too_many",
    bpf=SOURCE,
    topology=TINY,
    values=TABLES | {f"domains[{key}].weight": 1 for key in (1, 2)},
)


@ktstr_test(scheduler=FILLED, duration_s=0.2)
def elements_are_there_before_it_is_attached(ctx: Ctx) -> None:
    """The scheduler's init fails if one of them is not there: of a hash, of an array, and of every CPU."""
    scenarios.steady(ctx)


@ktstr_test(scheduler=TOO_MANY, duration_s=0.2)
def one_that_the_kernel_does_not_take_is_the_declarations_mistake(ctx: Ctx) -> None:
    with pytest.raises(KtstrError) as refused:
        scenarios.steady(ctx)
    assert str(refused.value) == (
        "one_that_the_kernel_does_not_take_is_the_declarations_mistake: scheduler too_many: --set domains[2].weight:"
        " the kernel refused it: Argument list too long"
    )


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("domain[1].weight", 1, "--set domain[1].weight: the object has no such global or element: domain"),
        ("domains", 1, "--set domains: must name an element of the map, such as domains[0]"),
        ("domains.weight", 1, "--set domains.weight: must name an element of the map, such as domains[0]"),
        ("domains[1].height", 1, "--set domains[1].height: the object has no such global or element: height"),
        ("domains[1].weight", -1, "--set domains[1].weight=-1: out of range, must be 0 to 4294967295"),
        ("domains[1].tag", "too long", "--set domains[1].tag: the text must be shorter than 8 bytes"),
        ("quotas[3]", 1, "--set quotas[3]: the map has 3 elements"),
        ("quotas[-1]", 1, "--set quotas[-1]=-1: out of range, must be 0 to 4294967295"),
        ("quotas", [1, 2, 3, 4], "--set quotas: the map has 3 elements, and more are given"),
        (
            "of_task[1]",
            1,
            "--set of_task[1]: is a map of type task_storage; only hashes and arrays can be set",
        ),
        ("untyped[1]", 1, "--set untyped[1]: the object does not say of what type the map's elements are"),
        ("by_domain[1]", 1, "--set by_domain[1]: the keys of the map are no whole numbers"),
    ],
)
@ktstr_test()
def an_element_that_there_is_not(ctx: Ctx, path: str, value: Any, why: str) -> None:
    """Found on the host, before a guest is started."""
    wrong = replace(FILLED, values={path: value})
    with pytest.raises(KtstrError) as refused:
        scheduler_program(wrong, ctx.kernel, ())
    assert str(refused.value) == f"scheduler filled: {why}"
