"""Mistakes that people make in their first hours: what they typed or wrote, what is said, and the status.

Each is tried by test_mistakes.py. All end with one line and without a traceback. `...` stands for any text.
"""

from __future__ import annotations

__all__ = ["BODIES", "COMMANDS", "DECLARATIONS", "ENVIRONMENT", "PYPROJECTS", "SUITES"]

# The command line after `ktstr`, in a project with a test `smoke`, a scheduler `mine`, an empty cache and no network.
COMMANDS: tuple[tuple[str, str, int], ...] = (
    # values that are missing, that a flag does not take, or that are not accepted
    (
        "kernel-clean --keep",
        "kernel-clean: --keep: needs a value: of each series keep this many, the newest",
        2,
    ),
    ("kernel-clean --keep --json", "kernel-clean: --keep: needs a value: ...", 2),
    ("kernel-clean --keep few", "kernel-clean: --keep few: must be a whole number of kernels, 0 or more", 2),
    ("kernel-clean --keep -1", "kernel-clean: --keep -1: must be a whole number of kernels, 0 or more", 2),
    (
        "kernel-clean --older-than 1.5",
        "kernel-clean: --older-than 1.5: must be a whole number of days, ...",
        2,
    ),
    ("kernel-clean --key 7.0", "kernel 7.0: not in the cache; `ktstr kernel-list` shows what is", 2),
    ("doctor --json=3", "doctor: --json: takes no value, and --json=3 gives one", 2),
    ("cache --limit 10GB", "cache: --limit 10GB: must be a number of GB, 0 or more", 2),
    ("init --name 'my sched'", "--name my sched: must be 1 to 63 letters, digits, '_' or '-', ...", 2),
    ("init --bpf nosuch.bpf.c", "--bpf nosuch.bpf.c: no such file in ...", 2),
    ("init --build 'make && make test'", "--build='make && make test': is run without a shell; ...", 2),
    ("kernel-list --kernel v7.0", "kernel 'v7.0': accepted are 7.0.13, ...", 2),
    ("kernel-list --kernel 7.0..6.16", "kernel range '7.0..6.16': 7.0 comes after 6.16; write 6.16..=7.0", 2),
    ("kernel-fetch --kernel newest", "kernel 'newest': accepted are 7.0.13, ...", 2),
    (
        "kernel-fetch --kernel 7.0",
        "kernel 7.0: not in the cache, and the Debian mirror cannot be reached ...",
        2,
    ),
    (
        "kernel-build --kernel auto",
        "kernel auto: a kernel in the cache; name a version, a tree or a repository ...",
        2,
    ),
    ("kernel-build --set HZ", "--set 'HZ': accepted are CONFIG_X=y, =n, =m, a number, or =\"text\"", 2),
    ("kernel-build --config nosuch", "--config nosuch: no such file, and not one of base, ...", 2),
    ("kernel-build --kernel ../nosuch", "kernel ../nosuch: no such folder", 2),
    ("sched-build --series 7.x", "sched-build: --series 7.x: must be a series such as 7.3, or newest", 2),
    (
        "replay nosuch.json",
        "nosuch.json: No such file or directory; must be a test's sidecar, below target/ktstr",
        2,
    ),
    ("replay tests", "tests: Is a directory; must be a test's sidecar, below target/ktstr", 2),
    ("replay smoke.json", "smoke.json: not a test's sidecar of schema 1", 2),
    (
        "shell --kernel 7.0",
        "shell: standard input and output are no terminal; --exec CMD runs one command, ...",
        2,
    ),
    ("shell --exec nproc --topology 4", "--topology: topology '4': ...", 2),
    ("shell --exec nproc --memory 1G", "--memory 1G: must be a whole number of MiB, such as 512", 2),
    ("shell --exec nproc --test smke", "test smke: not in tests; near is smoke; ...", 2),
    ("shell --exec nproc --include-files nosuch", "--include-files: nosuch: No such file or directory", 2),
    ("shell --exec nproc --kernel ./nosuch", "kernel ./nosuch: no such folder", 2),
    (
        "shell --exec nproc --kernel ./my.bpf.c",
        "kernel my.bpf.c: not a Linux x86 boot image (no setup header)",
        2,
    ),
    ("bisect --test smke --good 7.0 --bad 7.3", "test smke: not in tests; near is smoke; ...", 2),
    ("bisect --test smoke --good 7.0 --bad 7.3 --seed x", "bisect: --seed x: must be a whole number", 2),
    ("verify nosuch.bpf.o", "--object nosuch.bpf.o: No such file or directory", 2),
    ("verify my.bpf.c", "--object my.bpf.c: not a BPF object (clang -target bpf -c makes one)", 2),
    ("verify my.bpf.o --preset tiny", "--preset tiny: none of that name; did you mean ...", 2),
    ("verify my.bpf.o --format xml", "verify: --format: invalid choice: 'xml' ...", 2),
    ("verify my.bpf.o --max-insns 0", "verify: --max-insns: 0: must be a whole number from 1 to 1000000", 2),
    ("verify my.bpf.o --max-growth much", "verify: --max-growth: much: must be a percentage such as 10%", 2),
    ("verify my.bpf.o --compare nosuch", "--compare nosuch: no such run, program or object; ...", 2),
    ("initramfs --program nosuch --kernel 7.0", "--program nosuch: no such file", 2),
)

# Lines of a test file, after the imports in line 1; the message begins with the file's name.
DECLARATIONS: tuple[tuple[str, str], ...] = (
    # not Python, and names that do not exist
    ("def smoke(ctx:", "2: SyntaxError: '(' was never closed"),
    ("@ktstr_test()\ndef smoke(ctx)\n    pass", "3: SyntaxError: expected ':'"),
    (
        "from ktstr import declare_schduler",
        "2: ImportError: cannot import name 'declare_schduler' from 'ktstr'...; near is declare_scheduler",
    ),
    ("import ktsr", "2: ModuleNotFoundError: No module named 'ktsr'; near is ktstr"),
    (
        "ktstr.ktstr_tset()",
        "2: AttributeError: module 'ktstr' has no attribute 'ktstr_tset'; near is ktstr_test",
    ),
    (
        "declare_schduler('mine')",
        "2: NameError: name 'declare_schduler' is not defined; near is declare_scheduler",
    ),
    ("1 / 0", "2: ZeroDivisionError: division by zero"),
    # fields
    (
        "@ktstr_test(lcs=2)\ndef smoke(ctx): ...",
        "2: TypeError: ktstr_test() got an unexpected keyword argument 'lcs'; near is llcs; accepted are ...",
    ),
    (
        "declare_scheduler('mine', binery='mine')",
        "2: TypeError: declare_scheduler() got an unexpected keyword argument 'binery'; near is binary; accepted ...",
    ),
    (
        "Checks(max_gap=5)",
        "2: checks: max_gap: no such check; near is max_gap_ms",
    ),
    (
        "Constraints(min_llc=2)",
        "2: TypeError: Constraints.__init__() got an ... argument 'min_llc'; near is min_llcs; accepted are ...",
    ),
    (
        "CgroupDef('a', worker=2)",
        "2: TypeError: CgroupDef.__init__() got an ... argument 'worker'; near is workers; accepted are ...",
    ),
    (
        "declare_scheduler()",
        "2: TypeError: declare_scheduler() missing 1 required positional argument: 'name'",
    ),
    ("declare_scheduler('my sched')", "2: scheduler 'my sched': name: must be 1 to 64 letters, ..."),
    (
        "declare_scheduler('mine', binary='bin/mine')",
        "2: scheduler 'mine': binary='bin/mine': a name, looked up; for a path use binary_path=",
    ),
    (
        "declare_scheduler('mine', binary='mine', bpf='mine.bpf.c')",
        "2: scheduler 'mine': binary and bpf: give one of binary, binary_path and bpf",
    ),
    (
        "declare_scheduler('mine', build='make')",
        "2: scheduler 'mine': build: only for a scheduler with binary, binary_path or bpf, which it makes",
    ),
    (
        "declare_scheduler('mine', binary='mine', build='make && true')",
        "2: scheduler 'mine': build='make && true': is run without a shell; ...",
    ),
    (
        "declare_scheduler('mine', binary='mine', rodata={'slice': 5})",
        "2: scheduler 'mine': rodata and bpf_cflags: only for a scheduler declared with bpf=",
    ),
    (
        "declare_scheduler('mine', bpf='mine.bpf.c', rodata={'slice': 'five'})",
        "2: scheduler 'mine': rodata['slice']='five': must be a whole number of 64 bits",
    ),
    (
        "declare_scheduler('mine', bpf='mine.bpf.c', sched_args=['-v'])",
        "2: scheduler 'mine': sched_args: only for a scheduler with a program of its own; ...",
    ),
    (
        "declare_scheduler('mine', kernels='7.0')",
        "2: scheduler 'mine': kernels='7.0': must be a list of strings",
    ),
    (
        "declare_scheduler('mine', kernels=['v7'])",
        "2: scheduler 'mine': kernels: kernels filter 'v7': accepted are 6.14 (the series), ...",
    ),
    (
        "declare_scheduler('mine', topology='4cpus')",
        "2: scheduler 'mine': topology '4cpus': not of the form 1n2l4c1t (NUMA nodes, LLCs, cores, threads)",
    ),
    (
        "declare_scheduler('mine', topology=(1, 2))",
        "2: scheduler 'mine': topology=(1, 2): must be (numa_nodes, llcs, cores, threads)",
    ),
    ("declare_scheduler('mine', topology=(2, 1, 4, 1))", "2: scheduler 'mine': ...1...2..."),
    (
        "declare_scheduler('mine', sysctls={'kernel.x': None})",
        "2: scheduler 'mine': sysctls['kernel.x']=None: must be a string or a whole number",
    ),
    (
        "declare_scheduler('mine', checks={'max_gap_ms': 5})",
        "2: scheduler 'mine': checks={'max_gap_ms': 5}: must be Checks(...)",
    ),
    (
        "declare_scheduler('mine', max_insns=0)",
        "2: scheduler 'mine': max_insns['*']=0: must be a whole number from 1 to 1000000",
    ),
    (
        "declare_scheduler('mine', binary_path='~nobody9/x')",
        "2: scheduler 'mine': binary_path='~nobody9/x': no such user",
    ),
    # the same name twice
    (
        "declare_scheduler('mine')\ndeclare_scheduler('mine')",
        "3: scheduler 'mine': declared twice in this file, at lines 2 and 3",
    ),
    (
        "declare_scheduler('two')\n\ndeclare_scheduler('two', topology='1n1l2c1t')",
        "4: scheduler 'two': declared twice in this file, at lines 2 and 4",
    ),
    (
        "@ktstr_test()\ndef smoke(ctx): ...\n@ktstr_test()\ndef smoke(ctx): ...",
        "4: ...smoke: declared twice in this file, at lines 2 and 4",
    ),
    # what is decorated
    ("@ktstr_test\ndef smoke(ctx): ...", "2: smoke: write @ktstr_test() with its parentheses"),
    (
        "@ktstr_test()\nclass Smoke: ...",
        "2: ktstr_test: <class ...Smoke'>: must decorate a function, def name(ctx)",
    ),
    (
        "@ktstr_test()\nasync def smoke(ctx): ...",
        "2: ...smoke: must be a plain function: no async, and no yield",
    ),
    (
        "@ktstr_test()\ndef smoke(ctx):\n    yield",
        "2: ...smoke: must be a plain function: no async, and no yield",
    ),
    (
        "@ktstr_test(scheduler='mine')\ndef smoke(ctx): ...",
        "2: ...smoke: scheduler='mine': must be what declare_scheduler returned",
    ),
    (
        "@ktstr_test(duration_s=0)\ndef smoke(ctx): ...",
        "2: ...smoke: duration_s=0: must be guest seconds, more than 0 and at most 3600",
    ),
    (
        "@ktstr_test(duration_s='2s')\ndef smoke(ctx): ...",
        "2: ...smoke: duration_s='2s': must be guest seconds, ...",
    ),
    (
        "@ktstr_test(memory_mb='1G')\ndef smoke(ctx): ...",
        "2: ...smoke: memory_mb='1G': must be a whole number from 1 to 1048576",
    ),
    (
        "@ktstr_test(watchdog_timeout_s=5)\ndef smoke(ctx): ...",
        "2: ...smoke: watchdog_timeout_s: scheduler eevdf has no watchdog",
    ),
    (
        "@ktstr_test(expect_err=True)\ndef smoke(ctx): ...",
        "2: ...smoke: expect_err: scheduler eevdf is the kernel's own, which is never ejected",
    ),
    (
        "@ktstr_test(extra_sched_args=['-v'])\ndef smoke(ctx): ...",
        "2: ...smoke: extra_sched_args: scheduler eevdf has no program of its own",
    ),
    (
        "@ktstr_test(auto_repro='no')\ndef smoke(ctx): ...",
        "2: ...smoke: auto_repro='no': must be True or False",
    ),
    ("@ktstr_test(llcs=0)\ndef smoke(ctx): ...", "2: ...smoke: ...llcs...0..."),
    ("Checks(max_gap_ms=-1)", "2: ...max_gap_ms=-1: ..."),
    ("CgroupDef('a/../b')", "2: ...a/../b..."),
)

# The body of a test. A mistake in it is the test's error, and says nothing about the scheduler.
BODIES: tuple[tuple[str, str], ...] = (
    (
        "scenarios.steady(ctx, hold=1)",
        "TypeError: steady() got an ... argument 'hold'; near is hold_s; accepted are ctx, workers, hold_s",
    ),
    (
        "scenarios.stedy(ctx)",
        "AttributeError: module 'ktstr.scenario.canned' has no attribute 'stedy'; near is steady",
    ),
    ("scenario.steady(ctx)", "NameError: name 'scenario' is not defined; near is scenarios"),
    ("ctx.rnu()", "AttributeError: 'Ctx' object has no attribute 'rnu'; near is run"),
    (
        "ctx.run(CgroupDef('a', wokers=2))",
        "TypeError: CgroupDef.__init__() got an ... argument 'wokers'; near is workers; accepted ...",
    ),
    (
        "ctx.run(CgroupDef('a'), hold=1)",
        "TypeError: Ctx.run() got an unexpected keyword argument 'hold'; near is hold_s; accepted are ...",
    ),
    ("from ktstr import Workrs", "ImportError: cannot import name 'Workrs' from 'ktstr'...; near is Workers"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("{}['gone']", "KeyError: 'gone'"),
    ("[][3]", "IndexError: list index out of range"),
    ("raise RuntimeError", "RuntimeError"),
    ("ctx.run('steady')", "...'steady'..."),
    ("ctx.run(CgroupDef('a', workers=0))", "...workers=0..."),
    ("ctx.run(CgroupDef('a'), CgroupDef('a'))", "...a..."),
    (
        "ctx.run(CgroupDef('a'), hold_s=-1)",
        "...hold_s=-1: must be guest seconds, more than 0 and at most 3600",
    ),
    ("scenarios.steady(ctx, workers='two')", "...workers='two'..."),
)

# The command line after `ktstr test`, in a project with tests/test_it.py::smoke.
SUITES: tuple[tuple[str, str, int], ...] = (
    ("--kernle 7.0", "--kernle: no such option; near is --kernel", 2),
    ("--jsn", "--jsn: no such option; ...", 2),
    ("tests/nosuch.py", "tests/nosuch.py: no such file or folder of tests", 2),
    ("tests/test_ti.py", "tests/test_ti.py: no such file or folder of tests; near is tests/test_it.py", 2),
    ("test/test_it.py", "test/test_it.py: no such file or folder of tests", 2),
    ("7.0", "7.0: no such file or folder of tests; a kernel is named by --kernel 7.0", 2),
    ("smoke", "smoke: no such file or folder of tests", 2),
    ("tests/test_it.py::smke", "tests/test_it.py: no test smke; near is smoke", 2),
    ("tests/test_it.py::nosuch", "tests/test_it.py: no test nosuch; it has smoke", 2),
    (
        "tests/test_it.py::smoke[6.1]",
        "...smoke[6.1]: smoke has no such variant; a kernel is named by --kernel 6.1",
        2,
    ),
    ("--kernel seven", "kernel 'seven': accepted are ...", 2),
    ("--kernel 9.9", "kernel 9.9: not published; there are ...", 2),
    (
        "--topology 4",
        "--topology: topology '4': not of the form 1n2l4c1t (NUMA nodes, LLCs, cores, threads)",
        2,
    ),
    ("--clock fast", "--clock fast: must be real, virtual or auto", 2),
    ("--seed x", "--seed x: must be a whole number", 2),
    ("--seed -1", "--seed -1: must be between 0 and 4294967295", 2),
    ("--seeds 0", "--seeds 0: must be between 1 and 100000", 2),
    ("--perturb maybe", "--perturb maybe: must be on, off or auto", 2),
    ("--shard 3/2", "--shard 3/2: ...", 2),
    ("--shard half", "--shard half: ...", 2),
)

# A variable of the environment.
ENVIRONMENT: tuple[tuple[str, str], ...] = (
    ("KTSTR_SEED=x", "KTSTR_SEED=x: must be a whole number"),
    ("KTSTR_CLOCK=fast", "KTSTR_CLOCK=fast: must be real, virtual or auto"),
    ("KTSTR_TOPOLOGY=4", "KTSTR_TOPOLOGY=4: topology '4': not of the form ..."),
    ("KTSTR_PERTURB=1", "KTSTR_PERTURB=1: must be on, off or auto"),
)

# What pyproject.toml has.
PYPROJECTS: tuple[tuple[str, str], ...] = (
    (
        "[tool.ktstr]\nkernel = '7.0'",
        "pyproject.toml: [tool.ktstr] kernel: unknown key; near is kernels; must be one of ...",
    ),
    (
        "[tool.ktstr]\nkernels = ['seven']",
        "pyproject.toml: [tool.ktstr] kernels = ['seven']: kernel 'seven': accepted are ...",
    ),
    ("[tool.ktstr]\nseed = 'x'", "pyproject.toml: [tool.ktstr] seed = 'x': must be a whole number"),
    (
        "[tool.ktstr]\nclock = 'fast'",
        "pyproject.toml: [tool.ktstr] clock = 'fast': must be real, virtual or auto",
    ),
    (
        "[tool.ktstr]\npresets = ['tiny']",
        "pyproject.toml: [tool.ktstr] presets = ['tiny']: no preset tiny; must be of ...",
    ),
    ("[tool]\nktstr = 3", "pyproject.toml: tool.ktstr = 3: must be a table"),
)
