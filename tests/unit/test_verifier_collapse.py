"""Collapsing verifier logs: on logs that kernels wrote (data/README.md), and by property."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr.events.rejection import Rejection, rejections
from ktstr.verifier.collapse import collapse, expand, key

DATA = Path(__file__).parent / "data"


def captured(name: str) -> tuple[Rejection, ...]:
    """The rejections in a captured output of a loader."""
    return rejections(gzip.decompress((DATA / f"{name}.log.gz").read_bytes()).decode().splitlines())


@pytest.mark.parametrize(
    ("line", "alike"),
    [
        ("12: (07) r2 += -4                      ; R2=fp-4", "12: (07) r2 += -4"),
        (
            "4: (18) r1 = 0xffff888005f6a400       ; R1=map_ptr(map=counters,ks=4,vs=8)",
            "4: (18) r1 = 0xffff888005f6a400",
        ),
        ("from 37 to 8: R0=scalar() R2=map_value(map=object.bss,ks=4,vs=432) R10=fp0", "from 37 to 8:"),
        ("0: R1=ctx() R10=fp0", "0:"),
        (
            "1: (63) *(u32 *)(r10 -4) = r1         ; R1=0 R10=fp0 fp-8=0000????",
            "1: (63) *(u32 *)(r10 -4) = r1",
        ),
        ("; *counter += 1; @ several.bpf.c:31", "; *counter += 1; @ several.bpf.c:31"),
    ],
)
def test_the_key_of_a_line_is_the_line_without_register_state(line: str, alike: str) -> None:
    assert key(line) == alike


def test_a_loop_is_shown_by_its_first_and_last_iteration() -> None:
    rounds = [[f"{n}: (07) r{n} += 1        ; R{n}={turn}" for n in range(5)] for turn in range(10)]
    lines = ["before", *(line for one in rounds for line in one), "after"]
    assert collapse(lines) == [
        "before",
        *rounds[0],
        "[... 8 more like the 5 lines above ...]",
        *rounds[9],
        "after",
    ]


def test_two_iterations_and_short_blocks_are_left_alone() -> None:
    assert collapse(list("abcde") * 2) == list("abcde") * 2
    assert collapse(list("abcd") * 20) != list("abcd") * 20  # twenty of four are five of sixteen
    assert collapse(list("abcd") * 5) == list("abcd") * 5


def test_a_loop_in_a_loop_collapses_in_both() -> None:
    inner = [f"inner {n}" for n in range(6)]
    lines = (["outer 1", "outer 2", *inner * 8, "outer 3"]) * 7
    inside = [*inner, "[... 6 more like the 6 lines above ...]", *inner]
    outer = ["outer 1", "outer 2", *inside, "outer 3"]
    assert collapse(lines) == [*outer, "[... 5 more like the 16 lines above ...]", *outer]
    assert expand(collapse(lines)) == lines


def test_a_captured_log_of_nested_loops() -> None:
    (refused,) = captured("nested-7.0.13")
    short = collapse(refused.log)
    assert len(short) < len(refused.log) / 3
    assert expand(short) == [key(line) for line in refused.log]
    assert short[-3:] == list(refused.log[-3:])


def test_a_captured_log_of_a_million_instructions() -> None:
    (refused,) = captured("million-7.0.13")
    assert refused.limit == refused.reason == "BPF program is too large. Processed 1000001 insn"
    assert refused.source == "; ((volatile u64 *)&total)[0] += step; @ million.bpf.c:16"
    short = collapse(refused.log)
    assert (len(refused.log), len(short)) == (979, 21)
    assert expand(short) == [key(line) for line in refused.log]


BODY = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=8)
# Loops, loops of loops, and what is between them.
LOG = st.recursive(
    BODY,
    lambda inner: st.one_of(
        st.tuples(inner, st.integers(1, 6)).map(lambda pair: pair[0] * pair[1]),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: [line for part in parts for line in part]),
    ),
    max_leaves=6,
)


@given(LOG)
def test_collapsing_twice_changes_nothing(lines: list[str]) -> None:
    once = collapse(lines)
    assert collapse(once) == once


@given(LOG)
def test_expanding_the_counts_gives_back_every_distinct_line(lines: list[str]) -> None:
    assert set(expand(collapse(lines))) == set(lines)


@given(LOG)
def test_the_first_and_the_last_line_stay_and_nothing_grows(lines: list[str]) -> None:
    short = collapse(lines)
    assert (short[0], short[-1]) == (lines[0], lines[-1])
    assert len(short) <= len(lines)


@given(LOG, st.integers(0, 1000))
def test_register_state_makes_no_difference(lines: list[str], start: int) -> None:
    plain = [f"{ord(line)}: (07) r1 += {line}" for line in lines]
    with_state = [f"{line}    ; R1={start + number}" for number, line in enumerate(plain)]
    assert [key(line) for line in collapse(with_state)] == [key(line) for line in collapse(plain)]
