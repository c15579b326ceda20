"""Mistakes in the words of a command line: commands and options that do not exist, and words in the wrong place."""

from __future__ import annotations

__all__ = ["COMMANDS"]

COMMANDS: tuple[tuple[str, str, int], ...] = (
    # words that are no command
    ("tset", "tset: no such command; near is test...", 2),
    ("verfier", "verfier: no such command; near is verifier...", 2),
    ("kernel", "kernel: no such command; near is kernel-list...", 2),
    ("kernel lst", "kernel: no such command; near is kernel-list...", 2),
    ("run", "run: no such command; near is test, runs", 2),
    ("pytest", "pytest: no such command; near is test...", 2),
    ("list", "list: no such command; near is kernel-list...", 2),
    ("new my_sched", "new: no such command; near is init...", 2),
    ("docter", "docter: no such command; near is doctor", 2),
    ("help tset", "tset: no such command; near is test...", 2),
    ("xyzzy", "xyzzy: no such command; there are bisect, cache, compare, doctor, ...", 2),
    ("doctor cahce", "doctor: cahce: not expected here; ...", 2),
    # options that are none
    ("--kernel 7.0 test -x", "--kernel: comes after the command: ktstr test --kernel 7.0 -x", 2),
    ("--kernel=7.0 shell", "--kernel=7.0: comes after the command: ktstr shell --kernel=7.0", 2),
    ("--verison", "--verison: no such option; near is --version", 2),
    ("-x", "-x: no such option; there are --help, --list, --version", 2),
    ("doctor --jsn", "doctor: --jsn: no such option; near is --json", 2),
    ("doctor --kernel 7.0", "doctor: --kernel: no such option; it has --json", 2),
    ("kernel-list --kernle 7.0", "kernel-list: --kernle: no such option; near is --kernel", 2),
    ("kernel list --kernle=7.0", "kernel-list: --kernle: no such option; near is --kernel", 2),
    ("kernel-clean --older_than 3", "kernel-clean: --older_than: no such option; near is --older-than", 2),
    (
        "kernel-build -z",
        "kernel-build: -z: no such option; it has --config, --debug, --kernel, --llvm, --set",
        2,
    ),
    ("setup --yes", "setup: --yes: no such option; it has --only", 2),
    ("shell --topolgy 1n1l2c1t", "shell: --topolgy: no such option; near is --topology", 2),
    ("shell --mem 512", "shell: --mem: no such option; near is --memory", 2),
    ("bisect --god 7.0", "bisect: --god: no such option; near is --good", 2),
    ("replay --gbd smoke.json", "replay: --gbd: no such option; near is --gdb", 2),
    ("verifier --kernle 7.0", "verifier: --kernle: no such option; near is --kernel", 2),
    ("verifier --sched mine", "verifier: --sched: no such option...", 2),
    # words where none belongs, and words that are missing
    ("kernel-build 6.12", "kernel-build: 6.12: not expected here; a kernel is named by --kernel 6.12", 2),
    ("kernel-fetch 7.0", "kernel-fetch: 7.0: not expected here; a kernel is named by --kernel 7.0", 2),
    ("shell 7.0", "shell: 7.0: not expected here; a kernel is named by --kernel 7.0", 2),
    ("bisect smoke", "bisect: smoke: not expected here; a test is named by --test smoke", 2),
    (
        "bisect tests/test_it.py",
        "bisect: tests/test_it.py: not expected here; the options are --bad, --clock, ...",
        2,
    ),
    (
        "shell tests/test_it.py::smoke",
        "shell: tests/test_it.py::smoke: not expected here; a test is named by --test ...",
        2,
    ),
    ("shell smoke", "shell: smoke: not expected here; a test is named by --test smoke", 2),
    ("vmlinux-h 7.0", "vmlinux-h: 7.0: not expected here; a kernel is named by --kernel 7.0", 2),
    ("cache clean", "cache: clean: not expected here; near is --clean", 2),
    ("kernel-clean all", "kernel-clean: all: not expected here; near is --all", 2),
    ("setup now", "setup: now: not expected here; the options are --only", 2),
    (
        "init my.bpf.c",
        "init: my.bpf.c: not expected here; a scheduler given as BPF is named by --bpf my.bpf.c",
        2,
    ),
    ("replay", "replay: needs SIDECAR; `ktstr replay --help` says what that is", 2),
    ("verify", "verify: needs OBJECT; `ktstr verify --help` says what that is", 2),
    ("replay one.json two.json", "replay: two.json: not expected here; ...", 2),
    (
        "bisect",
        "bisect: needs --test NAME, --good KERNEL and --bad KERNEL; or --test NAME and --commits GOOD..BAD",
        2,
    ),
    (
        "bisect --test smoke --good 7.0",
        "bisect: needs --test NAME, --good KERNEL and --bad KERNEL; or --test NAME and --commits GOOD..BAD",
        2,
    ),
    (
        "kernel-clean",
        "kernel-clean: say what to remove: one of --key KEY, --keep N, --older-than DAYS, --all",
        2,
    ),
    ("kernel-clean --all --keep 1", "kernel-clean: say what to remove: one of ...", 2),
    ("cache --clean --limit 3", "cache: --clean removes all that --limit would; give one of them", 2),
    ("init --bpf my.bpf.c --binary mine", "--binary and --bpf: give one of them", 2),
)
