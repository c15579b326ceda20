"""Further mistakes in the form of mistakes.py: empty values, tables and options in the wrong place, and early ends."""

from __future__ import annotations

__all__ = ["BODIES", "DECLARATIONS", "ENVIRONMENT", "PYPROJECTS", "SUITES"]

DECLARATIONS: tuple[tuple[str, str], ...] = (
    (
        "from ktstr.scenarios import steady",
        "2: ModuleNotFoundError: No module named 'ktstr.scenarios'; write from ktstr import scenarios",
    ),
    (
        "import ktstr.CgroupDef",
        "2: ModuleNotFoundError: No module named 'ktstr.CgroupDef'; write from ktstr import CgroupDef",
    ),
    ("declare_scheduler('mine', binary='mine', build='')", "2: scheduler 'mine': build='': names no program"),
    (
        "declare_scheduler('mine', binary='mine', build=[''])",
        "2: scheduler 'mine': build=['']: names no program",
    ),
    (
        "declare_scheduler('mine', binary='mine', sched_args='-v')",
        "2: scheduler 'mine': sched_args='-v': must be a list of strings",
    ),
    (
        "declare_scheduler('mine', constraints={'min_cpus': 4})",
        "2: scheduler 'mine': constraints={'min_cpus': 4}: must be Constraints(...)",
    ),
    ("CgroupDef('a', workers=1.5)", "2: cgroup a: workers=1.5: must be a whole number from 1 to 4096"),
    ("CgroupDef('a', cpuset='0-3')", "2: cgroup a: cpuset='0-3': must be a Cpuset, such as Cpuset.llc(0)"),
    ("CgroupDef('a', work='spin')", "2: cgroup a: work='spin': must be a work type, such as SpinWait()"),
    (
        "@ktstr_test(duration_s=float('nan'))\ndef smoke(ctx): ...",
        "2: ...smoke: duration_s=nan: must be guest seconds, more than 0 and at most 3600",
    ),
    (
        "@ktstr_test(checks=Checks)\ndef smoke(ctx): ...",
        "2: ...smoke: checks=<class ...>: must be Checks(...)",
    ),
)

# An exit says nothing about the scheduler.
BODIES: tuple[tuple[str, str], ...] = (
    ("exit(3)", "SystemExit: 3"),
    ("raise SystemExit", "SystemExit"),
    ("scenarios.steady", "...: ran no scenario, so it tested nothing; call ctx.run or ..."),
    ("return ctx.seed", "...: returned 1, which nobody looks at; say what must hold with assert"),
    (
        "ctx.run(CgroupDef)",
        "ctx.run: scenario: <class ...CgroupDef'>: must be CgroupDef(...) or an operation",
    ),
    ("ctx.run(CgroupDef('a'), monitor=True)", "ctx.run: monitor=True: must be Monitor(...)"),
    ("ctx.record('a', 1)", "ctx.record('a'): must come after ctx.run, because ..."),
)

SUITES: tuple[tuple[str, str, int], ...] = (
    ("--results ''", "--results: names no folder", 2),
    ("-k smkoe", "-k smkoe: is part of no test's name; near is smoke", 5),
    ("-k nothing", "-k nothing: is part of no test's name; there are smoke", 5),
    ("--kernel 7.0 7.1", "7.1: no such file or folder of tests; a kernel is named by --kernel 7.1", 2),
    (
        "tests/test_it.py:3",
        "tests/test_it.py:3: no such file or folder of tests; near is tests/test_it.py",
        2,
    ),
)

ENVIRONMENT: tuple[tuple[str, str], ...] = (
    ("KTSTR_CACHE_LIMIT_GB=much", "KTSTR_CACHE_LIMIT_GB=much: must be a number of GB, 0 or more"),
    ("KTSTR_REMOTE_CACHE=store", "KTSTR_REMOTE_CACHE=store: must be an address such as ..."),
    ("KTSTR_KERNEL=seven", "kernel 'seven': accepted are ..."),
)

PYPROJECTS: tuple[tuple[str, str], ...] = (
    ("[ktstr]\nkernels = ['7.0']", "pyproject.toml: [ktstr]: is read by nobody; name it [tool.ktstr]"),
    ("[tool.ktstr]\nseed = true", "pyproject.toml: [tool.ktstr] seed = True: must be a whole number"),
    (
        "[tool.ktstr]\nkernels = [7.0]",
        "pyproject.toml: [tool.ktstr] kernels = [7.0]: must be a string or a list of strings",
    ),
)
