"""Which cells a sweep has, how they are named, and how it says why one is missing."""

from __future__ import annotations

from typing import Any

import pytest
from verifier_data import a_cell, a_kernel, a_scheduler

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare import scheduler
from ktstr.declare.presets import PRESETS, Constraints
from ktstr.declare.scheduler import EEVDF, Scheduler, declare_scheduler
from ktstr.kernel.model import Kernel
from ktstr.verifier.matrix import Matrix, chosen_schedulers, chosen_topologies, matrix
from ktstr.vm.host import emulation_limit

KERNELS = {"7.0": a_kernel("7.0.13"), "7.3": a_kernel("7.3.4")}


EMULATED: dict[str, Any] = {"accelerated": lambda _topology: False, "refusal": emulation_limit}


def swept(*schedulers: Scheduler, named: bool = False, emulated: bool = True) -> Matrix:
    return matrix(
        schedulers,
        KERNELS,
        PRESETS,
        named=named,
        accelerated=lambda _topology: not emulated,
        refusal=emulation_limit if emulated else lambda _topology: None,
    )


def reasons(made: Matrix) -> set[str]:
    return {skip.reason for skip in made.skipped}


def test_a_cells_name_has_scheduler_kernel_and_preset() -> None:
    assert a_cell().name == "verifier/mine/kernel_7_0/tiny-1llc"
    assert a_cell(kernel_id="7.3-rc7").kernel_name == "kernel_7_3_rc7"


def test_every_scheduler_meets_every_kernel_and_preset_up_to_64_emulated_cpus() -> None:
    made = swept(a_scheduler("one"), a_scheduler("two"))
    presets = {cell.preset for cell in made.cells}
    assert presets == {
        *("tiny-1llc", "tiny-2llc", "odd-3llc", "odd-5llc", "odd-7llc", "smt-2llc", "smt-3llc"),
        *("medium-4llc", "medium-8llc", "medium-4llc-nosmt", "medium-8llc-nosmt"),
    }
    assert len(made.cells) == 2 * 2 * len(presets)
    assert "128 CPUs, without KVM only on request (--preset)" in reasons(made)
    assert "constraints: max_numa_nodes=1" in reasons(made)


def test_with_kvm_only_the_constraints_limit_the_presets() -> None:
    presets = {cell.preset for cell in swept(a_scheduler(), emulated=False).cells}
    assert "large-8llc" in presets
    assert {"near-max-llc", "max-cpu", "numa2-4llc"}.isdisjoint(presets)


def test_a_scheduler_says_which_topologies_it_is_for() -> None:
    smt = a_scheduler(constraints=Constraints(requires_smt=True, max_cpus=16, max_numa_nodes=4))
    assert {cell.preset for cell in swept(smt).cells} == {"smt-2llc", "smt-3llc"}
    # A topology that is named is swept anyway.
    named = matrix(
        [smt],
        KERNELS,
        {"tiny-1llc": PRESETS["tiny-1llc"]},
        named=True,
        **EMULATED,
    )
    assert len(named.cells) == 2


def test_a_scheduler_says_which_kernels_it_is_for() -> None:
    made = swept(a_scheduler(kernels=("6.15..=7.0",)))
    assert {cell.kernel_id for cell in made.cells} == {"7.0"}
    assert "declares kernels [6.15..=7.0]" in reasons(made)


def test_the_kernels_own_scheduler_is_skipped_and_counted() -> None:
    made = swept(a_scheduler(), EEVDF)
    assert [skip.reason for skip in made.skipped if skip.what == "eevdf"] == [
        "has no BPF of its own: it is the kernel's"
    ]


@pytest.mark.parametrize(
    ("schedulers", "kernels", "words"),
    [
        ([EEVDF], KERNELS, "nothing to sweep: eevdf: has no BPF of its own"),
        (
            [a_scheduler(kernels=("6.14",))],
            KERNELS,
            "nothing to sweep: mine on 7.0.13 and 1 more: declares kernels [6.14]",
        ),
        (
            [a_scheduler()],
            {"6.12": a_kernel("6.12.9", sched_ext=False)},
            "nothing to sweep: mine on 6.12.9: the kernel is built without CONFIG_SCHED_CLASS_EXT",
        ),
    ],
)
def test_an_empty_sweep_says_what_left_it_empty(
    schedulers: list[Scheduler], kernels: dict[str, Kernel], words: str
) -> None:
    topologies = {"tiny-1llc": PRESETS["tiny-1llc"]}
    with pytest.raises(KtstrError) as error:
        matrix(schedulers, kernels, topologies, named=False, **EMULATED)
    assert str(error.value).startswith(words)


def test_constraints_that_leave_no_preset_say_which() -> None:
    with pytest.raises(KtstrError, match=r"mine on 7\.0\.13, .*: constraints: min_llcs=9"):
        swept(a_scheduler(constraints=Constraints(min_llcs=9)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: chosen_schedulers([a_scheduler("mine")], ["mime"]),
            "--scheduler mime: none of that name; did you mean mine? there are mine",
        ),
        (lambda: chosen_schedulers([], []), "no scheduler is declared in the given tests"),
        (lambda: chosen_topologies(["tiny"], []), "--preset tiny: none of that name; did you mean tiny-"),
        (lambda: chosen_topologies([], ["1n2l"]), "--topology: topology '1n2l': not of the form"),
    ],
)
def test_a_filter_that_matches_nothing_is_reported(call: object, words: str) -> None:
    with pytest.raises(KtstrError) as error:
        call()  # type: ignore[operator]
    assert str(error.value).startswith(words)


def test_a_topology_is_its_own_name() -> None:
    assert chosen_topologies(["smt-2llc"], ["1n1l3c1t"]) == {
        "smt-2llc": Topology(1, 2, 2, 2),
        "1n1l3c1t": Topology(1, 1, 3, 1),
    }


def test_a_topology_that_qemu_cannot_emulate_is_skipped_even_if_asked_for() -> None:
    topologies = {"max-cpu": PRESETS["max-cpu"], "tiny-1llc": PRESETS["tiny-1llc"]}
    made = matrix([a_scheduler()], KERNELS, topologies, named=True, **EMULATED)
    assert {cell.preset for cell in made.cells} == {"tiny-1llc"}
    (reason,) = reasons(made)
    assert reason.startswith("topology 1n14l9c2t: its 252 CPUs need APIC ids up to 433")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"min_llcs": 0}, "constraints: min_llcs=0: must be a whole number from 1 to 1024"),
        ({"min_cpus": 9, "max_cpus": 8}, "constraints: min_cpus=9 is above max_cpus=8"),
        ({"requires_smt": "yes"}, "constraints: requires_smt='yes': must be True or False"),
    ],
)
def test_constraints_that_make_no_sense_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(KtstrError) as error:
        Constraints(**arguments)  # type: ignore[arg-type]
    assert str(error.value) == words


# Limits


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_registry", {})


@pytest.mark.usefixtures("registry")
def test_limits_are_declared_for_all_or_by_program() -> None:
    assert declare_scheduler("a", binary="a", max_insns=500).max_insns == {"*": 500}
    assert declare_scheduler("b", binary="b", max_insns={"b_init": 9}).max_insns == {"b_init": 9}
    with pytest.raises(KtstrError, match=r"max_insns\['\*'\]=0: must be a whole number from 1 to 1000000"):
        declare_scheduler("c", binary="c", max_insns=0)
    with pytest.raises(KtstrError, match=r"constraints='smt': must be Constraints"):
        declare_scheduler("d", binary="d", constraints="smt")  # type: ignore[arg-type]
