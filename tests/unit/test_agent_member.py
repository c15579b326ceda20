"""The agent's way from a path in C to a value's bytes, over BTF that clang wrote (data/btf)."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ktstr.guest import agent
from ktstr.toolchain.compiler import host_compiler

SOURCES = Path(agent.__file__).with_name("agent")
KINDS = json.loads((Path(__file__).parent / "data" / "btf" / "kinds.json").read_text())
BLOB, DATA = base64.b64decode(KINDS["btf"]), base64.b64decode(KINDS["data"])

# member.c and btf.c around a main of the test's: finds a path in a section, or in the type of a number.
HARNESS = r"""
#include "agent.h"
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bpf_open_id(int command, uint32_t id) { abort(); return command + (int)id; }
void bpf_info(int fd, void *into, size_t size) { (void)fd, (void)into, (void)size; abort(); }
void fail_errno(const char *where, const char *what) { printf("fail %s %s\n", where, what); exit(3); }
static void name(const char *name) { printf("%s\n", name); }

int main(int argc, char **argv)
{
	static char blob[1 << 16];
	size_t size = fread(blob, 1, sizeof(blob), stdin);
	struct btf btf = { 0 };
	struct member found;
	char *data = malloc(size);
	uint32_t id = 0;

	if (argc != 3)
		return 2;
	memcpy(data, blob, size);
	if (!btf_parse(&btf, data, size)) {
		puts("no BTF");
		btf_free(&btf);
		return 0;
	}
	for (uint32_t i = 1; i < btf.count; i++)
		if (!strcmp(btf_text(&btf, btf_type(&btf, i)->name_off), argv[1]))
			id = i;
	if (member_find(&btf, id, argv[2], &found)) {
		const char *what = found.is_bool ? "bool" : found.is_signed ? "signed" : "unsigned";

		printf("%u %u %s\n", found.offset, found.size, what);
	} else {
		printf("%s\n%s\n", found.wrong, found.wanted ? found.wanted : "-");
		member_names(&btf, found.owner, name);
	}
	btf_free(&btf);
	return 0;
}
"""


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("member")
    main, program = folder / "main.c", folder / "member"
    main.write_text(HARNESS)
    command = [
        *host_compiler().command,
        "-std=gnu11",
        "-g",
        "-fsanitize=address,undefined",
        "-I",
        str(SOURCES),
    ]
    sources = [str(main), str(SOURCES / "btf.c"), str(SOURCES / "member.c")]
    subprocess.run([*command, "-fno-sanitize-recover=all", "-o", program, *sources], check=True)
    return program


def told(harness: Path, path: str, of: str = ".data", blob: bytes = BLOB) -> list[str]:
    done = subprocess.run([harness, of, path], input=blob, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("everything.noted", 99),
        ("everything.inner.corners[0].x", 1),
        ("everything.inner.corners[1].y", -300),
        ("everything.inner.whole", 0x0102030405060708),
        ("everything.inner.parts[7]", 1),
        ("everything.inner.limits.level", 4),
        ("everything.inner.limits.temperature", -40),
        ("everything.name[3]", ord("r")),
        ("everything.grid[1][2]", 2**64 - 1),
        ("everything.yes", 1),
        ("everything.tiny", -128),
        ("everything.byte", 255),
        ("everything.color", 0x80000001),
        ("everything.wide", 1 << 40),
        ("everything.lowest", -0x7000000000000000),
        ("counters[2]", 30),
    ],
)
def test_a_path_leads_to_the_bytes_of_its_value(harness: Path, path: str, value: int) -> None:
    (line,) = told(harness, path)
    offset, size, sign = line.split()
    found = DATA[int(offset) : int(offset) + int(size)]
    assert int.from_bytes(found, "little", signed=sign == "signed") == value


def test_a_bool_is_told_from_a_byte(harness: Path) -> None:
    assert told(harness, "everything.yes")[0].endswith(" 1 bool")
    assert told(harness, "everything.byte")[0].endswith(" 1 unsigned")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("everything", "is a struct or union; name a member of it"),
        (
            "everything.inner.corners",
            "is an array of 2; name an element, such as everything.inner.corners[0]",
        ),
        ("everything.inner.corners[2].x", "[2] is beyond its 2 elements"),
        ("everything.grid[1]", "is an array of 3; name an element, such as everything.grid[1][0]"),
        ("everything.rest[0]", "[0] is beyond its 0 elements"),
        ("everything.flags.small", "is a bit field, whose bytes are its neighbours', too"),
        ("everything.flags.set", "is a bit field, whose bytes are its neighbours', too"),
        ("everything.text", "is a pointer"),
        ("everything.ratio", "is no integer, bool or enum"),
        ("everything.huge", "is a number of 16 bytes; of 1, 2, 4 or 8 they can be written"),
        ("counters.first", ".first is behind what is no struct"),
        ("everything.noted[0]", "[0] is behind what is no array"),
    ],
)
def test_what_cannot_be_written_is_told_why(harness: Path, path: str, why: str) -> None:
    assert told(harness, path)[0] == why


def test_an_unknown_variable_is_told_with_those_of_the_section(harness: Path) -> None:
    lines = told(harness, "everythin.noted")
    assert lines[:2] == ["no such variable in .data", "everythin.noted"]
    assert sorted(lines[2:]) == ["counters", "everything", "unnamed_value"]


def test_an_unknown_member_is_told_with_those_of_its_struct(harness: Path) -> None:
    lines = told(harness, "everything.inner.halves[1]")
    assert lines == ["inner has no such member", "halves[1]", "corners", "whole", "parts", "limits"]


def test_an_element_of_an_array_map_is_named_from_its_members_on(harness: Path) -> None:
    assert told(harness, ".y", of="point") == ["2 2 signed"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(BLOB) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(BLOB)))
def test_damaged_types_are_no_reason_to_read_beyond_them(harness: Path, at: int, byte: int, cut: int) -> None:
    """The kernel checks what it takes; what the sanitizers would find here ends the harness with another status."""
    damaged = BLOB[:at] + bytes([byte]) + BLOB[at + 1 :]
    told(harness, "everything.inner.corners[1].y", blob=damaged[: cut or len(damaged)])
