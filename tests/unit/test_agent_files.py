"""The agent's reader of a job's files, its fw_cfg and its seed, as the guest has them.

The harness stands in for the kernel: files go to the folder that it runs in, and no further.
"""

import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_agent import build_native

from ktstr.guest.cpio import Entry, write_newc
from ktstr.guest.initramfs import Packed, archive
from ktstr.vm.result import Event, parse_events


@pytest.fixture(scope="module")
def unpacker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("unpack"), "unpack", "emit", "clock")


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


def test_a_refusal_of_the_kernel_names_the_file(unpacker: Path, tmp_path: Path) -> None:
    (tmp_path / "root" / "taken").mkdir(parents=True)
    data = write_newc([Entry("/taken", stat.S_IFREG | 0o644, b"x")])
    assert unpacked(unpacker, data, tmp_path / "root") == (0x11, "files: taken: Is a directory")


def test_an_empty_file_is_not_an_archive(unpacker: Path, tmp_path: Path) -> None:
    assert unpacked(unpacker, b"", tmp_path / "root") == NO_TRAILER


# A record is a header of 110 bytes (magic and 13 fields of eight digits), name, data.
WHOLE = write_newc([Entry("/file", stat.S_IFREG | 0o644, b"0123456789")])


def with_field(index: int, digits: bytes) -> bytes:
    return WHOLE[: 6 + 8 * index] + digits + WHOLE[14 + 8 * index :]


@pytest.mark.parametrize("length", [1, 109, 110, 112, 116, 120, 127, 128, 200, 237, 245])
def test_a_truncated_archive_is_refused(unpacker: Path, tmp_path: Path, length: int) -> None:
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
def test_a_damaged_header_is_refused(unpacker: Path, tmp_path: Path, data: bytes) -> None:
    assert unpacked(unpacker, data, tmp_path / "root") == NONE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6))
def test_no_byte_beyond_an_archive_is_read(
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
def seeder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("seed"), "seeds", "emit", "clock")


def seeded(seeder: Path, *arguments: str) -> list[Event]:
    done = subprocess.run([seeder, *arguments], capture_output=True, check=False)
    assert done.stderr == b""
    return list(parse_events(done.stdout.decode()))


def test_values_are_those_of_splitmix64(seeder: Path) -> None:
    values = [event["value"] for event in seeded(seeder, str(KNOWN_SEED)) if event["ev"] == "value"]
    assert values == KNOWN_VALUES


def test_the_kernels_generator_gets_64_bytes_of_the_seed_and_uses_them(seeder: Path) -> None:
    entropy, reseeded = seeded(seeder, "1")[:2]
    assert (entropy["ev"], entropy["bits"], len(set(entropy["words"]))) == ("entropy", 512, 8)
    assert reseeded["ev"] == "reseeded"
    assert seeded(seeder, "1")[0] == entropy
    assert not set(seeded(seeder, "2")[0]["words"]) & set(entropy["words"])


def test_a_kernel_that_takes_no_seed_is_reported(seeder: Path) -> None:
    (event,) = seeded(seeder, "1", "refused")
    assert (event["where"], event["what"]) == ("seed", "/dev/urandom: Operation not permitted")


# fw_cfg


@pytest.fixture(scope="module")
def fw_cfg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("fw_cfg"), "fw_cfg_files", "emit", "clock")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("opt/ktstr/plan", (0, b"hello\0")),
        ("opt/ktstr/empty", (0, b"\0")),
        ("opt/" + "a" * 52, (0, b"ab\0")),
        ("opt/" + "a" * 51, (1, b"")),
        ("opt/ktstr/pla", (1, b"")),
        ("opt/ktstr/plans", (1, b"")),
    ],
)
def test_a_file_of_fw_cfg_is_found_by_its_whole_name(
    fw_cfg: Path, name: str, read: tuple[int, bytes]
) -> None:
    done = subprocess.run([fw_cfg, name], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (*read, b"")
