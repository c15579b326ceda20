"""Mistakes about places on the disk, in the form of mistakes.py: test_mistakes.py tries them all."""

from __future__ import annotations

__all__ = ["COMMANDS", "ENVIRONMENT", "SUITES"]

COMMANDS: tuple[tuple[str, str, int], ...] = (
    ("cache --runs 0", "cache: --runs 0: must be a whole number of runs, 1 or more", 2),
    ("cache --runs all", "cache: --runs all: must be a whole number of runs, 1 or more", 2),
    ("cache --runs -1", "cache: --runs -1: must be a whole number of runs, 1 or more", 2),
    ("cache clean", "cache: clean: not expected here; near is --clean", 2),
    ("cache --run 3", "cache: --run: no such option; near is --runs", 2),
    ("vmlinux-h 7.0", "vmlinux-h: 7.0: not expected here; a kernel is named by --kernel 7.0", 2),
    ("vmlinux-h --kernel seven", "kernel 'seven': accepted are 7.0.13, ...", 2),
    ("vmlinux-h --ouput vmlinux.h", "vmlinux-h: --ouput: no such option; near is --output", 2),
    ("vmlinux --kernel 7.0", "vmlinux: no such command; near is vmlinux-h", 2),
    ("vmlinux-h --output", "vmlinux-h: --output: needs a value: ...", 2),
    (
        "replay target/ktstr/history/7.0.13-nogit/20261124T193609.036053Z/smoke.json",
        "target/...smoke.json: No such file or directory; must be a test's sidecar, below target/ktstr",
        2,
    ),
    ("verifier --results", "verifier: --results: expected one argument", 2),
    ("verifier --result x", "verifier: --result: no such option; near is --results", 2),
)

# Options of `ktstr test`, as in mistakes.SUITES. Nobody can make a folder in /proc, not even root.
SUITES: tuple[tuple[str, str, int], ...] = (
    (
        "--kernel 7.0 --results /proc/ktstr",
        "results directory /proc/ktstr: No such file or directory; --results DIR or KTSTR_RESULTS_DIR puts ...",
        2,
    ),
    (
        "--kernel 7.0 --results tests/test_it.py",
        "results directory .../tests/test_it.py: File exists; --results DIR or KTSTR_RESULTS_DIR puts ...",
        2,
    ),
    (
        "--kernel 7.0 --results tests/test_it.py/below",
        "results directory .../test_it.py/below: Not a directory; --results DIR or KTSTR_RESULTS_DIR puts ...",
        2,
    ),
    (
        "--kernel 7.0 --results ~nobody9/x",
        "KTSTR_RESULTS_DIR=~nobody9/x: no such user, or no home directory",
        2,
    ),
)

ENVIRONMENT: tuple[tuple[str, str], ...] = (
    ("KTSTR_RESULTS_DIR=/proc/ktstr", "results directory /proc/ktstr: No such file or directory; ..."),
    ("KTSTR_RESULTS_DIR=/dev/null", "results directory /dev/null: File exists; ..."),
    ("KTSTR_RESULTS_DIR=~nobody9", "KTSTR_RESULTS_DIR=~nobody9: no such user, or no home directory"),
)
