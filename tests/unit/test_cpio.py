"""newc archives: what cpio(1) reads, the same bytes for the same entries, and damaged ones refused."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr import KtstrError
from ktstr.guest.cpio import Entry, read_newc, write_newc

FILE, FOLDER, LINK, DEVICE = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFCHR
ENTRIES = [
    Entry("/init", FILE | 0o755, b"program"),
    Entry("/etc/empty", FILE | 0o600),
    Entry("/etc/link", LINK | 0o777, b"empty"),
    Entry("/tmp", FOLDER | 0o1777),
    Entry("/tmp/x", FILE | 0o644, b"12345"),
    Entry("/dev/console", DEVICE | 0o600, rdev=(5, 1)),
]
needs_cpio = pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")


@needs_cpio
def test_cpio_lists_what_was_written() -> None:
    listed = subprocess.run(
        ["cpio", "-itv", "--quiet", "--numeric-uid-gid"],
        input=write_newc(ENTRIES),
        capture_output=True,
        check=True,
    ).stdout.decode()
    rows = [line.split() for line in listed.splitlines()]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("drwxr-xr-x", "0", "0"),
        ("crw-------", "0", "0"),
        ("drwxr-xr-x", "0", "0"),
        ("-rw-------", "0", "0"),
        ("lrwxrwxrwx", "0", "0"),
        ("-rwxr-xr-x", "0", "0"),
        ("drwxrwxrwt", "0", "0"),
        ("-rw-r--r--", "0", "0"),
    ]
    names = ["dev", "dev/console", "etc", "etc/empty", "link", "init", "tmp", "tmp/x"]
    assert [row[-1].removeprefix("etc/link -> ") for row in rows] == [
        "empty" if name == "link" else name for name in names
    ]
    assert rows[1][4:6] == ["5,", "1"]


@needs_cpio
def test_cpio_unpacks_what_was_written(tmp_path: Path) -> None:
    plain = [entry for entry in ENTRIES if not stat.S_ISCHR(entry.mode)]
    subprocess.run(
        ["cpio", "-im", "--quiet", "--no-absolute-filenames"],
        input=write_newc(plain),
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "init").read_bytes() == b"program"
    assert stat.S_IMODE((tmp_path / "init").stat().st_mode) == 0o755
    assert (tmp_path / "etc" / "link").readlink() == Path("empty")
    assert (tmp_path / "tmp" / "x").read_bytes() == b"12345"
    assert (tmp_path / "etc" / "empty").stat().st_mtime == 0


@given(st.permutations(ENTRIES))
def test_the_order_of_the_entries_does_not_matter(entries: list[Entry]) -> None:
    assert write_newc(entries) == write_newc(ENTRIES)


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=9),
        st.tuples(st.binary(max_size=9), st.integers(0, 0o777)),
        max_size=5,
    )
)
def test_written_entries_are_read_back(files: dict[str, tuple[bytes, int]]) -> None:
    entries = [Entry(f"/{name}", FILE | mode, data) for name, (data, mode) in sorted(files.items())]
    assert list(read_newc(write_newc(entries))) == entries


def test_folders_above_come_before_what_is_in_them() -> None:
    archive = write_newc([Entry("/a/b/c", FILE | 0o644), Entry("/a-b", FILE | 0o644)])
    assert [entry.path for entry in read_newc(archive)] == ["/a", "/a-b", "/a/b", "/a/b/c"]


def test_a_file_packed_twice_is_there_once() -> None:
    same = Entry("/lib/libc.so.6", FILE | 0o755, b"c")
    assert [entry.path for entry in read_newc(write_newc([same, same]))] == ["/lib", "/lib/libc.so.6"]


@pytest.mark.parametrize(
    "other",
    [
        Entry("/x", FILE | 0o644, b"other"),
        Entry("/x", FILE | 0o755, b"one"),
        Entry("/x", LINK | 0o644, b"one"),
        Entry("//x", FILE | 0o644),
    ],
)
def test_two_files_at_one_path_are_refused(other: Entry) -> None:
    with pytest.raises(KtstrError, match=r"^initramfs: /+x: two different files are packed at this path$"):
        write_newc([Entry("/x", FILE | 0o644, b"one"), other])


def test_two_devices_at_one_path_are_refused() -> None:
    with pytest.raises(KtstrError, match="two different files"):
        write_newc([Entry("/d", DEVICE | 0o600, rdev=(5, 1)), Entry("/d", DEVICE | 0o600, rdev=(5, 2))])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_file_is_not_a_folder(reverse: bool) -> None:
    entries = [Entry("/a", FILE | 0o644), Entry("/a/b", FILE | 0o644)]
    with pytest.raises(
        KtstrError, match=r"^initramfs: /a/b: a file is packed at /a, which has to be a folder$"
    ):
        write_newc(entries[::-1] if reverse else entries)


@pytest.mark.parametrize("path", ["init", "", "/", "/../init", "/a/../b", "/a\0b"])
def test_a_path_in_the_guest_is_absolute(path: str) -> None:
    with pytest.raises(KtstrError, match="must be an absolute path in the guest"):
        write_newc([Entry(path, FILE | 0o644)])


WHOLE = write_newc(ENTRIES)


@given(st.integers(0, WHOLE.index(b"TRAILER!!!") + 9))
def test_an_archive_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (which of the checks finds it depends on the cut)
        list(read_newc(WHOLE[:length]))


@given(st.dictionaries(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), min_size=1, max_size=4))
def test_a_damaged_archive_is_read_or_refused(changes: dict[int, int]) -> None:
    damaged = bytearray(WHOLE)
    for at, value in changes.items():
        damaged[at] = value
    try:
        entries = list(read_newc(bytes(damaged)))
    except ValueError:
        return
    assert len(entries) <= 9
