"""Refused programs, read from captured output of real kernels (data/README.md)."""

from __future__ import annotations

import gzip
from pathlib import Path

from ktstr.events.rejection import rejections

DATA = Path(__file__).parent / "data"


def output(name: str) -> list[str]:
    return gzip.decompress((DATA / f"{name}.log.gz").read_bytes()).decode().splitlines()


def test_the_programs_of_one_object_are_distinguished() -> None:
    """The logs of the refused ones come between the lines about the others."""
    first, second = rejections(output("several-7.0.13"))
    assert (first.program, first.reason, first.source, first.limit) == (
        "several_unchecked_lookup",
        "R0 invalid mem access 'map_value_or_null'",
        "; *counter += 1; @ several.bpf.c:31",
        "",
    )
    assert (second.program, second.reason, second.source) == (
        "several_past_the_packet",
        "R1 offset is outside of the packet",
        "; return data[0] ? XDP_PASS : XDP_DROP; @ several.bpf.c:49",
    )
    assert first.log[-1].startswith("processed 7 insns")
    assert not set(first.log) & set(second.log) - {"0: R1=ctx() R10=fp0"}


def test_libbpfs_form_of_a_rejection_is_read() -> None:
    """scx_qmap on 7.3: its own program's libbpf prints the log, in which an explanation follows the reason."""
    (refused,) = rejections(output("qmap-7.3.4"))
    assert refused.program == "qmap_select_cid"
    assert refused.reason
    assert not refused.reason.startswith(("processed", "Verification failed"))
    assert refused.source.startswith("; ")


def test_a_truncated_log_still_gives_a_rejection() -> None:
    lines = output("nested-7.0.13")
    begin = next(number for number, line in enumerate(lines) if line.startswith("--- verifier log of"))
    (refused,) = rejections(lines[: begin + 9])
    assert refused.program == "nested_enqueue"
    assert len(refused.log) == 8


def test_a_rejection_without_a_log_counts() -> None:
    (refused,) = rejections(["libbpf: prog 'mine_init': BPF program load failed: -EPERM"])
    assert (refused.program, refused.reason, refused.log) == (
        "mine_init",
        "refused without a log: -EPERM",
        (),
    )


def test_output_without_a_rejection_gives_none() -> None:
    assert rejections(["attached fixture", 'exit kind=64 code=0 reason="" message=""']) == ()
