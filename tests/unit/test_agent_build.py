"""The agent's build: all C under every compiler that is installed, and C files of a user's project."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from native_agent import NATIVE

from ktstr.base import limits
from ktstr.base.errors import KtstrError
from ktstr.guest.agent import AGENT, INCLUDE, agent_sources, build_agent

PUBLIC = ("basics", "clock", "event", "limits", "operation", "work")
PROGRAMS = Path(__file__).parents[1] / "guest" / "programs"
WARNINGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
COMPILERS = [
    "gcc",
    *(f"gcc-{version}" for version in range(12, 16)),
    "clang",
    *(f"clang-{version}" for version in range(14, 22)),
]
HEADERS = sorted(AGENT.glob("*.h")) + [INCLUDE / "ktstr" / f"{name}.h" for name in PUBLIC]
NAMES = re.compile(r"^#define (KTSTR_\w+)", re.MULTILINE)

WORK = (PROGRAMS / "work_bouncy.c").read_text()
OPERATION = (PROGRAMS / "op_greet.c").read_text()


def compiles(compiler: str, sources: Iterable[Path], *options: str) -> None:
    command = [compiler, *WARNINGS, "-fsyntax-only", *options, *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.fixture(params=[name for name in COMPILERS if shutil.which(name)])
def compiler(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_agent_compiles_without_a_warning(compiler: str) -> None:
    compiles(compiler, agent_sources(), f"-I{INCLUDE}")


def test_the_native_tests_compile_without_a_warning(compiler: str) -> None:
    compiles(compiler, sorted(NATIVE.glob("*.c")), f"-I{INCLUDE}", f"-I{AGENT}")


def test_a_users_source_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    for name, text in (("work_bouncy.c", WORK), ("op_greet.c", OPERATION)):
        (tmp_path / name).write_text(text)
    compiles(compiler, sorted(tmp_path.iterdir()), f"-I{INCLUDE}")


def test_nothing_but_the_machine_knows_the_architecture() -> None:
    for path in (*agent_sources(), *sorted(AGENT.glob("*.h"))):
        if not path.name.startswith("machine"):
            assert not re.search(r"ia32|x86|\b(out|in)s?[bwl]\(|iopl|sys/io\.h", path.read_text()), path.name


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.name)
def test_a_header_stands_alone(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "alone.c"
    source.write_text(f'#include "{path}"\n')
    compiles("gcc" if shutil.which("gcc") else "clang", [source], f"-I{INCLUDE}")


# C files of a user's project


def test_a_users_sources_are_linked_wherever_they_are(tmp_path: Path) -> None:
    built = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        sources = [folder / "work_bouncy.c", folder / "op_greet.c"]
        for source, text in zip(sources, (WORK, OPERATION), strict=True):
            source.write_text(text)
        built.add(build_agent(sources))
        built.add(build_agent(reversed(sources)))
        built.add(build_agent([*sources, sources[0]]))
    (agent,) = built
    assert agent != build_agent()
    assert b"bouncy\0" in agent.read_bytes()
    assert b"greet\0" in agent.read_bytes()
    assert b"bouncy\0" not in build_agent().read_bytes()


def test_a_users_header_is_part_of_the_key(tmp_path: Path) -> None:
    source, header = tmp_path / "work_bouncy.c", tmp_path / "mine.h"
    source.write_text('#include "mine.h"\n' + WORK.replace("yields=1", 'yields=" YIELDS_BY_DEFAULT "'))
    agents = []
    for yields in (1, 2):
        header.write_text(f'#define YIELDS_BY_DEFAULT "{yields}"\n')
        agents.append(build_agent([source]))
    assert agents[0] != agents[1]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a/mine.c", "b/mine.c"], "source={0}/b/mine.c: has the same file name as {0}/a/mine.c; rename it"),
        (["a/plan.c"], "source={0}/a/plan.c: has the same file name as {1}/plan.c; rename it"),
        (["a/mine.py"], "source={0}/a/mine.py: no such file; must be a C file, such as work_mine.c"),
    ],
)
def test_an_impossible_name_is_refused(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(WORK)
    with pytest.raises(KtstrError) as refused:
        build_agent(tmp_path / name for name in files)
    assert str(refused.value) == message.format(tmp_path, AGENT)


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KtstrError) as refused:
        build_agent([tmp_path / "mine.c"])
    expected = f"source={tmp_path}/mine.c: no such file; must be a C file, such as work_mine.c"
    assert str(refused.value) == expected


@pytest.mark.parametrize("text", ['#include "none.h"\n', "int x = nothing;\n"])
def test_a_source_that_does_not_compile_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    source = tmp_path / "work_mine.c"
    source.write_text("\n" + text)
    with pytest.raises(KtstrError) as refused:
        build_agent([source])
    assert re.match(rf"agent: does not compile: {source}:2:\d+: (fatal )?error: ", str(refused.value))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            WORK.replace("bouncy", "spin_wait"),
            "agent: the work type spin_wait is registered twice; rename one",
        ),
        (OPERATION.replace("greet", "cgroup"), "agent: the operation cgroup is registered twice; rename one"),
    ],
)
def test_a_name_of_the_agents_own_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.c").write_text(text)
    with pytest.raises(KtstrError) as refused:
        build_agent([tmp_path / "mine.c"])
    assert str(refused.value).startswith(message)


# The limits that both sides need


def test_the_header_and_python_have_the_same_limits() -> None:
    numbers = limits.parse_limits((INCLUDE / "ktstr" / "limits.h").read_text())
    assert numbers["MAX_WORKERS"] == limits.MAX_WORKERS == 4096
    assert numbers["GAP_BUCKETS"] == limits.GAP_BUCKETS == 32
    defined = {
        name.removeprefix("KTSTR_") for name in NAMES.findall((INCLUDE / "ktstr" / "limits.h").read_text())
    }
    assert defined - {"LIMITS_H"} == set(numbers)


def test_a_line_without_a_number_defines_no_limit() -> None:
    assert limits.parse_limits("#define KTSTR_A 5\n#define KTSTR_B 0x5\n#define C 6\n") == {"A": 5}
