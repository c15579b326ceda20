"""The guest's agent: its sources under the compilers, and its plan reader and event writer as the guest has them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ktstr.base.topology import Topology
from ktstr.guest import agent
from ktstr.scenario.plan import plan_text
from ktstr.toolchain.compiler import host_compiler
from ktstr.vm.result import Event, parse_events

SOURCES = Path(agent.__file__).with_name("agent")
STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")

# plan.c and emit.c around a main of the test's: each line of the plan on stdin becomes an event of its tokens.
# What the I/O ports do in a guest, stdout and the exit status do here.
HARNESS = """
#include "agent.h"
#include <stdio.h>
#include <stdlib.h>

void port_write(const char *data, size_t length) { fwrite(data, 1, length, stdout); }
void port_exit(unsigned int code) { fflush(stdout); exit((int)code); }

int main(void)
{
	static char text[1 << 20];
	struct plan plan = { .next = text };
	struct plan_line line;

	text[fread(text, 1, sizeof(text) - 1, stdin)] = '\\0';
	while (plan_read(&plan, &line)) {
		emit_begin("line");
		for (unsigned int i = 0; i < line.count; i++) {
			char key[16];

			snprintf(key, sizeof(key), "%u", i);
			emit_text(key, line.token[i]);
		}
		emit_end();
	}
	return 0;
}
"""


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_sources_compile_without_a_warning(compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    command = [compiler, *STRICT, *map(str, SOURCES.glob("*.c"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harness")
    main, program = folder / "harness.c", folder / "harness"
    main.write_text(HARNESS)
    sources = [str(main), *(str(SOURCES / name) for name in ("plan.c", "emit.c"))]
    command = [
        *host_compiler().command,
        "-std=gnu11",
        "-O1",
        "-g",
        "-fsanitize=address,undefined",
        "-I",
        str(SOURCES),
    ]
    subprocess.run([*command, "-o", str(program), *sources], check=True)
    return program


def read(harness: Path, plan: str) -> tuple[int, list[Event]]:
    """The agent's exit code, and its events less their times."""
    done = subprocess.run([harness], input=plan.encode(), capture_output=True, check=False)
    assert done.stderr == b""
    lines = done.stdout.decode("ascii").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    return done.returncode, [
        {key: event[key] for key in event if key != "t"} for event in parse_events(done.stdout.decode())
    ]


def plan(*command: str) -> str:
    return plan_text(topology=Topology(), cgroups=(), hold_s=1, sysctls={}, scheduler=command)


def test_a_plan_is_read_line_by_line(harness: Path) -> None:
    assert read(harness, plan("/mine", "-v")) == (
        0,
        [
            {"ev": "line", "0": "scheduler", "1": "30000000000", "2": "/mine", "3": "-v"},
            {"ev": "line", "0": "hold", "1": "1000000000"},
        ],
    )


ARGUMENTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(commands=st.lists(ARGUMENTS, min_size=1, max_size=30))
def test_an_argument_goes_through_plan_and_event_as_it_is(harness: Path, commands: list[list[str]]) -> None:
    status, events = read(harness, "".join(plan("/mine", *arguments) for arguments in commands))
    assert status == 0
    assert [list(event.values())[3:] for event in events[::2]] == [["/mine", *one] for one in commands]


@pytest.mark.parametrize("length", [100, 16_384, 50_000])
@pytest.mark.parametrize("character", ["x", '"', "\1"])
def test_an_event_of_any_length_is_a_whole_one(harness: Path, character: str, length: int) -> None:
    status, events = read(harness, plan("/mine", character * length))
    text = events[0]["3"]
    assert status == 0
    assert text == character * len(text)
    assert len(text) == length if length == 100 else len(text) > 2_000


@pytest.mark.parametrize("count", [1, 100, 254])
def test_an_event_of_many_values_is_a_whole_one(harness: Path, count: int) -> None:
    status, events = read(harness, plan("/mine", *["x" * 40] * (count - 1)))
    assert status == 0
    assert events[0]["2"] == "/mine"


@pytest.mark.parametrize(
    ("text", "what"),
    [("hold 1", "the last line has no end"), ("a " * 256 + "a\n", "a line has too many tokens")],
)
def test_a_plan_that_is_none_is_told(harness: Path, text: str, what: str) -> None:
    assert read(harness, text) == (0x11, [{"ev": "error", "where": "plan", "what": what}])
