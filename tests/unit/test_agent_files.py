"""The agent's reader of a job's files, and its seed, as the guest has them.

What they ask of the kernel the harness does: files go to the folder that it runs in, and no further.
"""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ktstr.guest import agent
from ktstr.guest.cpio import Entry, write_newc
from ktstr.guest.initramfs import Packed, archive
from ktstr.toolchain.compiler import host_compiler
from ktstr.vm.result import Event, parse_events

SOURCES = Path(agent.__file__).with_name("agent")

PORTS = """
#include "agent.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void port_write(const char *data, size_t length) { fwrite(data, 1, length, stdout); }
void port_exit(unsigned int code) { fflush(stdout); exit((int)code); }
"""

# archive.c as it is, but that it stays where it is started. The archive has a buffer of just its size, and a zero byte
# behind it as fw_cfg_read gives it.
UNPACK = (
    PORTS
    + """
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *guarded(const char *path)
{
	if (*path == '/' || strstr(path, "..")) {
		puts("out of the folder");
		exit(3);
	}
	return *path ? path : ".";
}

static int to_root(const char *path) { return strcmp(path, "/"); }
static int open_here(const char *path, int flags, mode_t mode) { return open(guarded(path), flags, mode); }
static int mkdir_here(const char *path, mode_t mode) { return mkdir(guarded(path), mode); }

#define chdir to_root
#define open open_here
#define mkdir mkdir_here
#include "archive.c"

int main(void)
{
	static char read_in[1 << 20];
	size_t length = fread(read_in, 1, sizeof(read_in), stdin);
	char *archive = malloc(length + 1);

	memcpy(archive, read_in, length);
	archive[length] = '\\0';
	archive_unpack(archive, length);
	free(archive);
	return 0;
}
"""
)

SEED = (
    PORTS
    + """
#include <linux/random.h>
#include <sys/ioctl.h>

static bool refused;

static int ioctl_here(int fd, unsigned long request, ...)
{
	va_list arguments;
	struct rand_pool_info *pool;

	(void)fd;
	if (refused) {
		errno = EPERM;
		return -1;
	}
	if (request == RNDRESEEDCRNG) {
		puts("{\\"ev\\":\\"reseeded\\"}");
		return 0;
	}
	if (request != RNDADDENTROPY)
		return -1;
	va_start(arguments, request);
	pool = va_arg(arguments, struct rand_pool_info *);
	va_end(arguments);
	printf("{\\"ev\\":\\"entropy\\",\\"bits\\":%d,\\"words\\":[", pool->entropy_count);
	for (size_t i = 0; i < (size_t)pool->buf_size / 8; i++) {
		unsigned long long word;

		memcpy(&word, (char *)pool->buf + 8 * i, 8);
		printf("%s%llu", i ? "," : "", word);
	}
	puts("]}");
	return 0;
}

#define ioctl ioctl_here
#include "seed.c"

int main(int argc, char **argv)
{
	refused = argc > 2;
	seed_set(strtoull(argv[1], NULL, 10));
	for (unsigned int i = 0; i < 5; i++)
		printf("{\\"ev\\":\\"value\\",\\"value\\":%llu}\\n", (unsigned long long)seed_value(i));
	return 0;
}
"""
)

Build = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    def build(name: str, text: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        source, program = folder / "harness.c", folder / name
        source.write_text(text)
        command = [*host_compiler().command, "-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined"]
        sources = [str(source), str(SOURCES / "emit.c")]
        subprocess.run([*command, "-I", str(SOURCES), "-o", str(program), *sources], check=True)
        return program

    return build


@pytest.fixture(scope="module")
def unpacker(build: Build) -> Path:
    return build("unpack", UNPACK)


def unpacked(unpacker: Path, data: bytes, folder: Path) -> tuple[int, str]:
    """Exit status, and what the agent failed with. What the sanitizers find is on stderr, which must be empty."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run([unpacker], input=data, cwd=folder, capture_output=True, check=False)
    assert done.stderr == b""
    events = parse_events(done.stdout.decode())
    return done.returncode, f"{events[-1]['where']}: {events[-1]['what']}" if events else ""


NONE = (0x11, "files: not a newc archive")
NO_TRAILER = (0x11, "files: the archive ends without its trailer")


def test_a_jobs_files_are_there_with_their_modes(unpacker: Path, tmp_path: Path) -> None:
    source, empty = tmp_path / "source", tmp_path / "empty"
    source.write_bytes(bytes(range(256)) * 300 + b"x")
    empty.touch()
    data = archive(
        [
            Packed("/ktstr/bin/mine", source, 0o755, "a test"),
            Packed("/ktstr/lib/libmine.so", source, 0o644, "a test"),
            Packed("/empty", empty, 0o600, "a test"),
        ]
    )
    folder = tmp_path / "root"
    assert unpacked(unpacker, data, folder) == (0, "")
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert sorted(files) == ["empty", "ktstr/bin/mine", "ktstr/lib/libmine.so"]
    assert files["ktstr/bin/mine"].read_bytes() == source.read_bytes()
    assert [stat.S_IMODE(path.stat().st_mode) for _, path in sorted(files.items())] == [0o600, 0o755, 0o644]


def test_files_that_are_there_are_replaced_and_folders_stay(unpacker: Path, tmp_path: Path) -> None:
    folder = tmp_path / "root"
    for text in (b"a longer one", b"short"):
        data = write_newc([Entry("/ktstr/file", stat.S_IFREG | 0o644, text)])
        assert unpacked(unpacker, data, folder) == (0, "")
    assert (folder / "ktstr" / "file").read_bytes() == b"short"


def test_what_the_kernel_refuses_is_told_by_name(unpacker: Path, tmp_path: Path) -> None:
    (tmp_path / "root" / "taken").mkdir(parents=True)
    data = write_newc([Entry("/taken", stat.S_IFREG | 0o644, b"x")])
    assert unpacked(unpacker, data, tmp_path / "root") == (0x11, "files: taken: Is a directory")


def test_nothing_is_no_archive(unpacker: Path, tmp_path: Path) -> None:
    assert unpacked(unpacker, b"", tmp_path / "root") == NO_TRAILER


# A record is a header of 110 bytes (magic and 13 fields of eight digits), name, data.
WHOLE = write_newc([Entry("/file", stat.S_IFREG | 0o644, b"0123456789")])


def with_field(index: int, digits: bytes) -> bytes:
    return WHOLE[: 6 + 8 * index] + digits + WHOLE[14 + 8 * index :]


@pytest.mark.parametrize("length", [1, 109, 110, 112, 116, 120, 127, 128, 200, 237, 245])
def test_an_archive_that_was_cut_is_refused(unpacker: Path, tmp_path: Path, length: int) -> None:
    assert unpacked(unpacker, WHOLE[:length], tmp_path / "root") in (NONE, NO_TRAILER)


@pytest.mark.parametrize(
    "data",
    [
        b"070702" + WHOLE[6:],
        with_field(6, b"FFFFFFFF"),  # the size
        with_field(6, b"0000FFFF"),
        with_field(6, b"      -1"),
        with_field(6, b"0x000001"),
        with_field(11, b"00000000"),  # the name's, with its zero byte
        with_field(11, b"00000002"),
        with_field(11, b"FFFFFFFF"),
        with_field(11, b"      -1"),
        with_field(12, b"-0000000").replace(b"00000005-", b"-0000001\0"),
        bytes(200),
    ],
)
def test_a_header_that_is_none_is_refused(unpacker: Path, tmp_path: Path, data: bytes) -> None:
    assert unpacked(unpacker, data, tmp_path / "root") == NONE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6))
def test_whatever_bytes_an_archive_has_none_beyond_it_is_read(
    unpacker: Path, tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    # What the host's file system thinks of a name is not the question.
    status, why = unpacked(unpacker, bytes(data), tmp_path / "root")
    assert status in (0, 3) or why.startswith("files: ")


# The seed

# The first outputs of the reference implementation for this seed.
KNOWN_SEED = 1234567
KNOWN_VALUES = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


@pytest.fixture(scope="module")
def seeder(build: Build) -> Path:
    return build("seed", SEED)


def seeded(seeder: Path, *arguments: str) -> list[Event]:
    done = subprocess.run([seeder, *arguments], capture_output=True, check=False)
    assert done.stderr == b""
    return list(parse_events(done.stdout.decode()))


def test_values_are_splitmix64s(seeder: Path) -> None:
    values = [event["value"] for event in seeded(seeder, str(KNOWN_SEED)) if event["ev"] == "value"]
    assert values == KNOWN_VALUES


def test_the_kernels_generator_gets_64_bytes_of_the_seed_and_uses_them(seeder: Path) -> None:
    entropy, reseeded = seeded(seeder, "1")[:2]
    assert (entropy["ev"], entropy["bits"], len(set(entropy["words"]))) == ("entropy", 512, 8)
    assert reseeded["ev"] == "reseeded"
    assert seeded(seeder, "1")[0] == entropy
    assert not set(seeded(seeder, "2")[0]["words"]) & set(entropy["words"])


def test_a_kernel_that_takes_no_seed_is_told(seeder: Path) -> None:
    (event,) = seeded(seeder, "1", "refused")
    assert (event["where"], event["what"]) == ("seed", "/dev/urandom: Operation not permitted")
