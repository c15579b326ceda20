"""The agent's parsers on mutated inputs, under the sanitizers. tests/native/README.md describes a longer run."""

from __future__ import annotations

import base64
import json
import os
import stat
import struct
import subprocess
from pathlib import Path

import pytest
from native_agent import build_native

from ktstr.guest.cpio import Entry, write_newc
from ktstr.toolchain.compiler import host_compiler

SECONDS = float(os.environ.get("KTSTR_FUZZ_S", "1"))
WORK = (
    "work",
    "work_parse",
    "worker_policy",
    "work/bursty",
    "work/mixed",
    "work/spin_wait",
    "work/yield_heavy",
)
PARTS: dict[str, tuple[str, ...]] = {
    "plan": ("operations", "op_at", "queue", "plan", *WORK),
    "btf": ("btf", "btf_path"),
    "archive": (),
    "trace": ("trace_page",),
}
PLAN = b"""measure 1 2 a%20b
spawn cg_0 4 bursty burst_ns=5 sleep_ns=6 policy=fifo
spawn cg_1 1 spin_wait pause=0
measure 4 99 x y %00 %e
stop
"""
# What a hold does with what waits for its time, what the kernel refuses, and what a line must not say.
PLANS = (
    PLAN,
    b"at 5 measure 1 2 a\nat 3 refused fork\nat 3 stop\ndue 4\n",
    b"at 7 refused fork\nat 5 measure 1 2 a b\ndue 9\nrefused memory\nat 1 spawn cg 1 spin_wait pause=1\ndue 2\n",
    b"at 1 phase a\n",
    b"measure 4294967296 1 x\n",
    b"measure 1 18446744073709551616 x\n",
    b"measure" + 300 * b" 1" + b"\n",
)
PATHS = (
    b"everything.inner.corners[1].y",
    b"counters[2]",
    b".y",
    b"[1].x",
    b"everything.nothing",
    b"everything",
    b"everything.text",
    b"everything.huge",
    b"everything.grid[1]",
    b"everything.grid[9]",
    b"everything.flags.small",
    b"everything.flags.small.part",
    b".inner.corners[1]",
    b".flags.set",
)


def corpus(target: str) -> list[bytes]:
    """Valid inputs of a target, to be mutated."""
    if target == "plan":
        return list(PLANS)
    if target == "archive":
        entries = [
            Entry("/d/file", stat.S_IFREG | 0o644, b"0123456789"),
            Entry("/b", stat.S_IFREG | 0o600, b""),
        ]
        return [write_newc(entries)]
    if target == "btf":
        kinds = json.loads((Path(__file__).parent / "data" / "btf" / "kinds.json").read_text())
        return [bytes([len(path)]) + path + base64.b64decode(kinds["btf"]) for path in PATHS]
    body = struct.pack("<HBBi16siiq16si", 316, 0, 0, 1, b"task", 1, 120, 0, b"next", 2)
    event = struct.pack("<I", 5 << 5 | len(body) // 4) + body
    data = event + struct.pack("<II", 7 << 5 | 30, 3) + event + struct.pack("<II", 1 << 5 | 29, 8) + bytes(4)
    return [struct.pack("<QQ", 1000, len(data)) + data]


def build(folder: Path, target: str) -> tuple[Path, bool]:
    """The fuzzer of a target, and whether libFuzzer drives it: clang's, if its runtime is installed."""
    parts, native = (*PARTS[target], "emit", "clock"), ["fuzz_machine"]
    if target == "plan":
        native.append("test_operations")
    compiler = host_compiler()
    if "clang" in compiler.banner:
        try:
            program = build_native(
                folder, f"fuzz_{target}", *parts, native=native, options=["-fsanitize=fuzzer"]
            )
        except AssertionError as error:
            if "libclang_rt.fuzzer" not in str(error):
                raise
        else:
            return program, True
    return build_native(folder, "mutate", *parts, native=[*native, f"fuzz_{target}"]), False


@pytest.mark.parametrize("target", sorted(PARTS))
def test_no_input_makes_a_parser_fail(tmp_path: Path, target: str) -> None:
    inputs = tmp_path / "corpus"
    inputs.mkdir()
    for number, data in enumerate(corpus(target)):
        (inputs / str(number)).write_bytes(data)
    program, by_libfuzzer = build(tmp_path, target)
    if by_libfuzzer:
        arguments = ["-seed=1", f"-max_total_time={max(1, round(SECONDS))}", str(inputs)]
    else:
        arguments = ["1", str(round(SECONDS * 1000)), *map(str, sorted(inputs.iterdir()))]
    done = subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{tmp_path}: {done.stderr[-4000:]}"
    assert by_libfuzzer or int(done.stdout) > 100


def test_the_driver_gives_the_same_inputs_for_a_seed(tmp_path: Path) -> None:
    """A target that fails on its tenth mutation leaves the same input in every run."""
    target = tmp_path / "target.c"
    target.write_text(
        '#include "fuzz.h"\n'
        "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)\n"
        "{\n\tstatic int runs;\n\t(void)data, (void)size;\n\tif (++runs == 11)\n\t\t_Exit(9);\n\treturn 0;\n}\n"
    )
    (tmp_path / "first").write_bytes(PLAN)
    program = build_native(tmp_path, "mutate", native=[str(target.with_suffix(""))])
    found = []
    for seed in ("1", "1", "2"):
        done = subprocess.run([program, seed, "10000", "first"], cwd=tmp_path, check=False)
        assert done.returncode == 9
        found.append((tmp_path / "input").read_bytes())
    assert found[0] == found[1] != found[2]
