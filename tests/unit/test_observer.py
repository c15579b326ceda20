"""Whether latency is counted: what a test asks for, and what the host can do. And how the observer is linked."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from ktstr import Checks, Ctx, KtstrError, ktstr_test
from ktstr.bpf import observer as bpf_observer
from ktstr.bpf.observer import linked
from ktstr.declare.test import KtstrTest, record_of
from ktstr.kernel.model import Kernel
from ktstr.run.observer import observer_of

NO_CLANG = "clang is missing: schedulers given as BPF are compiled with it"


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """A kernel that nobody boots."""
    image = tmp_path / "vmlinux"
    return Kernel("key", "7.0.13", "7.0.13-test", "a test", image, "", image, sched_ext=True)


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> Path:
    """An observer that needs no compiler."""
    monkeypatch.setattr(bpf_observer, "build_observer", lambda kernel: Path("observer"))
    return Path("observer")


def a_test(latency: bool | None = None) -> KtstrTest:
    """A test that says this of latency."""

    @ktstr_test(latency=latency)
    def mine(ctx: Ctx) -> None: ...

    record = record_of(mine)
    assert record is not None
    return record


def observed(
    kernel: Kernel, checks: Checks | None = None, *, latency: bool | None = None, sched_ext: bool = True
) -> Path | None:
    """What such a run is observed by."""
    test = a_test(latency)
    return observer_of(test, (checks or Checks()).over(test.checks), kernel, sched_ext=sched_ext)


def test_runs_of_a_sched_ext_scheduler_are_observed(kernel: Kernel, built: Path) -> None:
    assert observed(kernel) == built
    assert observed(kernel, sched_ext=False) is None


def test_a_test_may_ask_for_it_or_do_without(kernel: Kernel, built: Path) -> None:
    assert observed(kernel, latency=True, sched_ext=False) == built
    assert observed(kernel, latency=False) is None


def test_a_check_that_needs_it_asks_for_it(kernel: Kernel, built: Path) -> None:
    assert observed(kernel, Checks(max_wake_latency_ms=5), sched_ext=False) == built
    assert observed(kernel, Checks(max_migrations_per_s=0), sched_ext=False) == built
    assert observed(kernel, Checks(max_gap_ms=5), sched_ext=False) is None
    assert observed(kernel, Checks(max_task_wait_ms=False), sched_ext=False) is None


def test_to_want_a_check_and_not_what_it_needs_is_refused(kernel: Kernel) -> None:
    why = r"^mine: latency=False: contradicts checks: max_wake_latency_ms, which needs it$"
    with pytest.raises(KtstrError, match=why):
        observed(kernel, Checks(max_wake_latency_ms=5), latency=False)


def test_without_a_clang_only_who_asks_is_told(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(kernel: Kernel) -> Path:
        raise KtstrError(NO_CLANG)

    monkeypatch.setattr(bpf_observer, "build_observer", build)
    assert observed(kernel) is None
    for asked, checks, words in (
        (True, None, "latency=True"),
        (None, Checks(max_migrations_per_s=1), "checks: max_migrations_per_s"),
    ):
        with pytest.raises(KtstrError) as refused:
            observed(kernel, checks, latency=asked)
        assert str(refused.value) == f"mine: {words}: latency is counted by a BPF program: {NO_CLANG}"


@pytest.mark.parametrize("latency", [1, "yes"])
def test_latency_is_a_truth_or_nothing(latency: object) -> None:
    with pytest.raises(KtstrError, match=r"latency=.*: must be True, False or None$"):
        ktstr_test(latency=latency)(lambda ctx: None)  # type: ignore[arg-type]


def test_a_kernel_without_btf_is_refused_before_anything_is_built(kernel: Kernel) -> None:
    kernel.image.write_bytes(elf({}))
    with pytest.raises(KtstrError, match=r"^kernel 7\.0\.13-test: has no BTF"):
        ORIGINAL(replace(kernel, key="other"))


ORIGINAL = bpf_observer.build_observer

# Linking

LOAD_MAP = bytes((0x18, 0x01, 0, 0, 0, 0, 0, 0)) + bytes(8)
EXIT = bytes((0x95, 0, 0, 0, 0, 0, 0, 0))


def elf(sections: dict[str, bytes]) -> bytes:
    """A little-endian 64-bit ELF file with these sections."""
    names, body, headers = b"\0", b"", [bytes(64)]
    for name, data in (*sections.items(), (".shstrtab", b"")):
        start = len(names)
        names += name.encode() + b"\0"
        data = names if name == ".shstrtab" else data
        headers.append(struct.pack("<I20xQQ24x", start, 64 + len(body), len(data)))
        body += data
    head = bytearray(64)
    head[:20] = b"\x7fELF\2\1" + bytes(12) + struct.pack("<H", 247)
    struct.pack_into("<Q", head, 0x28, 64 + len(body))
    struct.pack_into("<HHH", head, 0x3A, 64, len(headers), len(headers) - 1)
    return bytes(head) + body + b"".join(headers)


def an_object(tmp_path: Path, symbol: str, kind: int = 1) -> Path:
    """An object with a program that loads the address of a symbol."""
    path = tmp_path / "mine.bpf.o"
    path.write_bytes(
        elf(
            {
                "tp_btf/sched_switch": LOAD_MAP + EXIT,
                ".reltp_btf/sched_switch": struct.pack("<QQ", 0, 1 << 32 | kind),
                ".symtab": bytes(24) + struct.pack("<I20x", 1),
                ".strtab": b"\0" + symbol.encode() + b"\0",
            }
        )
    )
    return path


def test_a_map_is_referred_to_by_its_place(tmp_path: Path) -> None:
    data = linked(an_object(tmp_path, "control"), {"sched_switch": 4711})
    assert data[:16] == b"KTSTROB1" + struct.pack("<II", 1, 0)
    name, number, instructions = struct.unpack_from("<32sII", data, 16)
    assert (name.rstrip(b"\0"), number, instructions) == (b"sched_switch", 4711, 3)
    # BPF_PSEUDO_MAP_FD beside the register, and the third map.
    assert data[56:64] == bytes((0x18, 0x11, 0, 0, 2, 0, 0, 0))
    assert data[-8:] == EXIT


@pytest.mark.parametrize(("symbol", "kind"), [("shelf", 1), ("tasks", 10)])
def test_anything_else_cannot_be_linked(tmp_path: Path, symbol: str, kind: int) -> None:
    why = re.escape(f"mine.bpf.o: tp_btf/sched_switch: cannot be linked: it refers to '{symbol}'")
    with pytest.raises(KtstrError, match=why):
        linked(an_object(tmp_path, symbol, kind), {"sched_switch": 1})


def test_a_tracepoint_that_the_kernel_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"no tracepoint sched_switch"):
        linked(an_object(tmp_path, "tasks"), {})
