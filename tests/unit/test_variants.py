"""Variants of a scheduler: what each has, which a test runs in, and the sets of flags."""

from typing import Any

import pytest

from ktstr import (
    Attach,
    Ctx,
    Inline,
    KtstrError,
    ReplaceScheduler,
    Sysctl,
    Variant,
    flag_variants,
    ktstr_test,
)
from ktstr.declare.scheduler import Scheduler
from ktstr.declare.test import KtstrTest, record_of
from ktstr.declare.variant import Kind, checked_variants, chosen_variants

FLAGS: dict[str, list[str] | Variant] = {"llc": ["--llc"], "steal": ["--steal"], "smt": Variant(["--no-smt"])}
MINE = Scheduler(
    "mine",
    binary="scx_mine",
    sched_args=("-v",),
    variants=checked_variants({"fifo": ["-f"], "vtime": []}, "", kind="program"),
)


def record(**fields: Any) -> KtstrTest:
    @ktstr_test(scheduler=MINE, extra_sched_args=["-x"], **fields)
    def one(ctx: Ctx) -> None: ...

    found = record_of(one)
    assert found
    return found


def test_a_variant_has_its_arguments_between_the_schedulers_and_the_tests() -> None:
    test = record()
    assert test.variants == ("fifo", "vtime")
    fifo = test.of_variant("fifo")
    assert (fifo.scheduler.title, fifo.sched_args) == ("mine[fifo]", ("-v", "-f", "-x"))
    assert test.of_variant("vtime").sched_args == ("-v", "-x")


def test_a_variant_of_bpf_has_values_and_files_over_the_declarations() -> None:
    variants = checked_variants(
        {"short": Variant(rodata={"slice_us": 500}, values={"mode": 2}, files={"a": Inline("2")})},
        "",
        kind="bpf",
    )
    base = Scheduler(
        "mine",
        rodata={"slice_us": 5000, "debug": 1},
        values={"mode": 1},
        files={"a": Inline("1")},
        variants=variants,
    )
    short = base.of_variant("short")
    assert short.rodata == {"slice_us": 500, "debug": 1}
    assert (short.values, short.files) == ({"mode": 2}, {"a": Inline("2")})


def test_a_test_takes_some_and_leaves_out_others() -> None:
    assert record(variants=["vtime"]).variants == ("vtime",)
    assert record(exclude_variants=["vtime"]).variants == ("fifo",)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"variants": ["fofo"]},
            "variants: 'fofo': the scheduler has no such variant; there are fifo, vtime",
        ),
        ({"exclude_variants": ["fofo"]}, "exclude_variants: 'fofo': the scheduler has no such variant"),
        ({"exclude_variants": ["fifo", "vtime"]}, "exclude_variants: leaves none of fifo, vtime"),
        ({"variants": "fifo"}, "variants='fifo': must be a list of strings"),
    ],
)
def test_a_choice_that_is_none_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(KtstrError, match=why):
        record(**fields)


def test_each_complete_set_of_flags_is_a_variant() -> None:
    found = flag_variants(FLAGS, requires={"steal": ["llc"]})
    assert list(found) == ["default", "llc", "smt", "llc+steal", "llc+smt", "llc+steal+smt"]
    assert found["llc+steal+smt"].sched_args == ("--llc", "--steal", "--no-smt")
    assert found["default"] == Variant()


def test_words_choose_among_sets_of_flags() -> None:
    found = flag_variants(FLAGS)
    assert chosen_variants(found, ["smt+llc"], []) == ("llc+smt", "llc+steal+smt")
    assert chosen_variants(found, ["default", "steal"], ["llc"]) == ("default", "steal", "steal+smt")


@pytest.mark.parametrize(
    ("flags", "requires", "why"),
    [
        ({"a+b": []}, {}, r"flags: 'a\+b': must be letters"),
        ({"a": []}, {"a": ["b"]}, "requires: 'b': no such flag; there are a"),
        ({"a": []}, {"b": ["a"]}, "requires: 'b': no such flag; there are a"),
        ({"a": []}, {"a": "b"}, r"requires\['a'\]='b': must be a list of strings"),
        ({f"f{n}": [] for n in range(7)}, {}, "flags: f0, .* make more than 64 variants"),
    ],
)
def test_what_is_no_flag_is_refused(
    flags: dict[str, list[str] | Variant], requires: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(KtstrError, match=f"^{why}"):
        flag_variants(flags, requires)


@pytest.mark.parametrize(
    ("variants", "kind", "why"),
    [
        (["fifo"], "program", "variants="),
        ({"a b": []}, "program", "variants\\['a b'\\]: must be words of letters"),
        ({"seed3": []}, "program", "variants\\['seed3'\\]: would be taken for a seed or a preset"),
        ({"tiny-1llc": []}, "program", "variants\\['tiny-1llc'\\]: would be taken for"),
        ({"a": "-f"}, "program", "variants\\['a'\\]='-f': must be a list of arguments, or Variant"),
        ({"a": ["-f"]}, "bpf", "variants\\['a'\\]: sched_args: only for a scheduler with a program"),
        ({"a": Variant(rodata={"x": 1})}, "program", "variants\\['a'\\]: rodata and values: only for"),
        ({"a": Variant(rodata={"x": "1"})}, "bpf", "variants\\['a'\\]: rodata\\['x'\\]='1': must be a whole"),  # type: ignore[dict-item]
        ({"a": Variant(files={"x": 1})}, "bpf", "variants\\['a'\\]: files\\['x'\\]=1: must be the path"),  # type: ignore[dict-item]
        (
            {"a": Variant(files={"x": "y"})},
            "kernel",
            "variants\\['a'\\]: files: only for a scheduler with binary",
        ),
        (
            {"a": Variant(enable=[Sysctl("a.b", "1")])},
            "bpf",
            "variants\\['a'\\]: enable and disable: only for",
        ),
        (
            {"a": Variant(enable=[1])},  # type: ignore[list-item]
            "kernel",
            "variants\\['a'\\]: enable=\\[1\\]: must be a list of WriteFile",
        ),
        ({f"v{n}": [] for n in range(65)}, "program", "variants: 65: must be 64 at most"),
    ],
)
def test_what_is_no_variant_is_refused(variants: object, kind: Kind, why: str) -> None:
    with pytest.raises(KtstrError, match=f"^{why}"):
        checked_variants(variants, "", kind=kind)


def test_operations_name_a_variant_and_the_scheduler_as_declared() -> None:
    assert Attach("mine[vtime]").scheduler_name == "mine[vtime]"
    assert ReplaceScheduler(MINE).scheduler_name == "mine"
    assert ReplaceScheduler(MINE.of_variant("fifo")).scheduler_name == "mine[fifo]"
    with pytest.raises(KtstrError, match=r"attach: scheduler='mine\[': must be a declared scheduler"):
        Attach("mine[")
