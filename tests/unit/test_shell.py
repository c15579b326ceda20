"""The host side of the shell: frames, keys, files to pack, the guest's job, and the relay."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.declare import scheduler
from ktstr.shell import guest as guest_module
from ktstr.shell.frames import DATA_MOST, Frame, Kind, Parser, encode, input_frames, size_frame
from ktstr.shell.guest import Request, Session, shell_guest
from ktstr.shell.include import included
from ktstr.shell.relay import Ends, OutputClosed, relay
from ktstr.shell.terminal import GuestGone, Keys, Left

# Frames

FRAMES = st.lists(st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=300)), max_size=8)


@given(frames=FRAMES, cuts=st.lists(st.integers(1, 40), min_size=1))
def test_frames_survive_however_the_stream_is_split(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(encode, frames))
    parser, out, at = Parser(), [], 0
    while at < len(stream):
        cut = cuts[at % len(cuts)]
        out += parser.feed(stream[at : at + cut])
        at += cut
    assert out == frames


@pytest.mark.parametrize("stream", [b"?\0\0", b"o\xff\xff"])
def test_bytes_that_are_not_a_frame_are_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r"is not a valid Kind|a frame of 65535 bytes"):
        Parser().feed(stream)


def test_long_input_is_several_frames() -> None:
    frames = list(input_frames(bytes(2 * DATA_MOST + 1)))
    assert [len(frame.data) for frame in frames] == [DATA_MOST, DATA_MOST, 1]
    assert list(input_frames(b"")) == []


def test_a_size_is_two_numbers_of_16_bits() -> None:
    assert encode(size_frame(24, 80)) == b"w\0\x04\0\x18\0\x50"
    assert size_frame(70_000, 80).data[:2] == b"\xff\xff"


# Keys


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ([b"ls\r"], b"ls\r"),
        ([b"\x03\x04\x1a"], b"\x03\x04\x1a"),
        ([b"\x01\x01"], b"\x01"),
        ([b"\x01", b"echo"], b"\x01echo"),
        ([b"\x01\x01x"], b"\x01x"),
        ([b"abc\x01"], b"abc"),
    ],
)
def test_keys_go_to_the_guest(typed: list[bytes], passed: bytes) -> None:
    keys = Keys()
    assert b"".join(map(keys.feed, typed)) == passed


@pytest.mark.parametrize(("before", "typed"), [(b"", b"\x01x"), (b"ls\x01", b"x")])
def test_the_escape_leaves(before: bytes, typed: bytes) -> None:
    keys = Keys()
    keys.feed(before)
    with pytest.raises(Left):
        keys.feed(typed)


# Files


def packed(*paths: Path) -> dict[str, str]:
    return {file.path: oct(file.mode) for file in included(paths).files}


def test_a_file_is_below_include_files_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a text")
    (tmp_path / "notes.txt").chmod(0o640)
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    assert packed(tmp_path / "notes.txt", tmp_path / "run.sh") == {
        "/include-files/notes.txt": "0o640",
        "/include-files/run.sh": "0o755",
    }


def test_a_program_brings_its_libraries(tmp_path: Path) -> None:
    shutil.copy("/bin/sh", tmp_path / "mine")
    files = packed(tmp_path / "mine")
    assert "/include-files/mine" in files
    assert any(path.startswith("/ktstr/lib/libc.") for path in files)


def test_a_folder_is_packed_with_links_followed_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "one").write_text("1")
    (folder / "link").symlink_to("deep/one")
    (folder / "deep" / "up").symlink_to(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "two").write_text("2")
    (folder / "other").symlink_to(elsewhere)
    assert set(packed(folder)) == {
        "/include-files/folder/deep/one",
        "/include-files/folder/link",
        "/include-files/folder/other/two",
    }


def test_a_folder_may_be_the_current_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "file").write_text("")
    monkeypatch.chdir(tmp_path / "project")
    assert set(packed(Path())) == set(packed(Path("../project"))) == {"/include-files/project/file"}


def test_unpackable_files_are_refused_by_name_and_left_out_of_folders(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "file").write_text("")
    found = included([folder])
    assert [file.path for file in found.files] == ["/include-files/folder/file"]
    assert found.left_out == [
        f"{folder}/dangling: No such file or directory",
        f"{folder}/fifo: neither a file nor a folder",
    ]
    with pytest.raises(KtstrError, match=rf"--include-files: {folder}/fifo: neither a file nor a folder"):
        included([folder / "fifo"])
    with pytest.raises(KtstrError, match=rf"--include-files: {tmp_path}/absent: No such file or directory"):
        included([tmp_path / "absent"])


# The job

TEST = """
from ktstr import Inline, declare_scheduler, ktstr_test

MINE = declare_scheduler(
    name="mine", binary_path="mine", sched_args=["--slice", "5 ms"], kargs=["skew_tick=1"],
    sysctls={"kernel.sched_schedstats": 1}, kernels=["6.12"],
)

@ktstr_test(scheduler=MINE, llcs=1, cores=3, memory_mb=777)
def wide(ctx):
    pass


VARIED = declare_scheduler(
    name="varied", binary_path="mine", sched_args=["{rules}"], variants={"fifo": ["-f"], "vtime": ["-v"]}
)

@ktstr_test(scheduler=VARIED, files={"rules": Inline("none")})
def both(ctx):
    pass
"""


@pytest.fixture
def a_guest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., guest_module.Guest]:
    """Makes the guest of a request, in a project with the test `wide`."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ktstr.run.assemble.build_agent", lambda *_sources: tmp_path / "init")
    monkeypatch.setattr(guest_module, "tools", list)
    monkeypatch.setattr(scheduler, "_registry", {})
    kernel = a_job(tmp_path).kernel
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_mine.py").write_text(TEST)
    shutil.copy("/bin/sh", project / "mine")
    monkeypatch.chdir(project)

    def make(size: tuple[int, int] | None = None, **asked: Any) -> guest_module.Guest:
        return shell_guest(Request(**asked), kernel, Session(size, 1_700_000_000, "xterm"))

    return make


def test_a_session_has_its_plan(a_guest: Callable[..., guest_module.Guest]) -> None:
    job = a_guest(size=(24, 80)).job
    assert job.plan == "shell terminal 24 80 - /bin/busybox sh /ktstr/session.sh 1700000000 xterm\n"
    assert (job.clock, job.channel, job.memory_mb) == ("real", True, 256)
    job = a_guest(command="echo 100%; exit 3", kernel_log=True).job
    assert job.plan == (
        "shell pipes 0 0 kernel /bin/busybox sh /ktstr/session.sh 1700000000 xterm echo%20100%25;%20exit%203\n"
    )


def test_a_tests_guest_has_the_tests_settings_unless_overridden(
    a_guest: Callable[..., guest_module.Guest],
) -> None:
    made = a_guest(test="wide", command="true")
    assert made.job.plan.splitlines()[0] == "sysctl kernel/sched_schedstats 1"
    assert str(made.job.topology) == "1n1l3c1t"
    assert (made.job.memory_mb, made.job.kargs) == (777, ("skew_tick=1",))
    by_path = {file.path: file for file in made.job.payload}
    assert "/ktstr/bin/mine" in by_path
    script = by_path["/ktstr/bin/start-scheduler"]
    assert script.source.read_text() == "#!/bin/sh\nexec /ktstr/bin/mine --slice '5 ms' \"$@\"\n"
    assert made.notes == (
        "the test would be skipped: scheduler mine declares kernels [6.12]; 7.0.13 is not among them",
        "`start-scheduler` starts the test's scheduler, mine",
    )
    job = a_guest(test="wide", topology="1n1l1c1t", memory_mb="512", command="true").job
    assert (str(job.topology), job.memory_mb) == ("1n1l1c1t", 512)


@pytest.mark.parametrize(
    ("test", "variant"), [("both", "fifo"), ("both[vtime]", "vtime"), ("both[7.0-vtime-3]", "vtime")]
)
def test_a_tests_guest_is_of_one_variant_and_has_its_files(
    a_guest: Callable[..., guest_module.Guest], test: str, variant: str
) -> None:
    made = a_guest(test=test, command="true")
    by_path = {file.path: file for file in made.job.payload}
    rules = f"/ktstr/files/varied+{variant}/rules"
    assert by_path[rules].source.read_text() == "none"
    script = by_path["/ktstr/bin/start-scheduler"].source.read_text()
    assert f"exec /ktstr/bin/mine {rules} -{variant[0]} " in script
    assert made.notes == (f"`start-scheduler` starts the test's scheduler, varied[{variant}]",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"topology": "8"}, "--topology: topology '8': not of the form 1n2l4c1t"),
        ({"memory_mb": "2G"}, "--memory 2G: must be a whole number of MiB, such as 512"),
        ({"memory_mb": "50"}, "--memory 50: a guest of 1n1l2c1t with 0 MiB of files needs 100 MiB"),
        ({"command": " "}, "--exec: must name a command"),
        ({"command": "echo \udcff"}, "--exec='echo \\udcff': must be text that UTF-8 can encode"),
        ({"test": "absent"}, "test absent: not in .; near is both, wide"),
    ],
)
def test_a_mistake_is_one_line(
    a_guest: Callable[..., guest_module.Guest], asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(KtstrError) as error:
        a_guest(**asked)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


# The relay, with a thread as the guest


class Pipes:
    """The ends of a relay as pipes; the test has their other ends."""

    def __init__(self) -> None:
        self.input, self.typed = os.pipe()
        self.read, self.output = os.pipe()
        self.read_errors, self.errors = os.pipe()
        self.ours, self.guest = socket.socketpair()

    def relay(self) -> int:
        return relay(self.ours, Ends(self.input, self.output, self.errors, terminal=False))

    def close(self) -> None:
        self.ours.close()
        self.guest.close()
        for descriptor in (self.input, self.typed, self.read, self.output, self.read_errors, self.errors):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def pipes() -> Any:
    made = Pipes()
    yield made
    made.close()


def test_both_outputs_and_the_status_are_passed_on_and_the_guest_is_informed(pipes: Pipes) -> None:
    os.close(pipes.typed)
    pipes.typed = -1
    pipes.guest.sendall(
        encode(Frame(Kind.OUTPUT, b"out"))
        + encode(Frame(Kind.ERRORS, b"err"))
        + encode(Frame(Kind.KERNEL, b"[ 1.0] kernel\n"))
        + encode(Frame(Kind.STATUS, b"\x8f"))
    )
    assert pipes.relay() == 143
    assert os.read(pipes.read, 100) == b"out"
    assert os.read(pipes.read_errors, 100) == b"err[ 1.0] kernel\n"
    assert Frame(Kind.GOODBYE) in Parser().feed(pipes.guest.recv(1000))


def test_a_guest_that_answers_before_it_has_read_everything_does_not_block_the_host(pipes: Pipes) -> None:
    """`cat` does this: if both directions were full, each side would wait for the other."""
    typed = os.urandom(3_000_000)
    got, answered = bytearray(), bytearray()

    def guest() -> None:
        parser = Parser()
        while True:
            for frame in parser.feed(pipes.guest.recv(4096)):
                if frame.kind is Kind.NO_MORE:
                    pipes.guest.sendall(encode(Frame(Kind.STATUS, b"\0")))
                    return
                got.extend(frame.data)
                pipes.guest.sendall(encode(Frame(Kind.OUTPUT, frame.data)))

    def read() -> None:
        while data := os.read(pipes.read, 65536):
            answered.extend(data)

    def write() -> None:
        at = 0
        while at < len(typed):
            at += os.write(pipes.typed, typed[at : at + 65536])
        os.close(pipes.typed)
        pipes.typed = -1

    threads = [threading.Thread(target=work, daemon=True) for work in (guest, read, write)]
    for thread in threads:
        thread.start()
    assert pipes.relay() == 0
    os.close(pipes.output)
    pipes.output = -1
    for thread in threads:
        thread.join(60)
    assert bytes(got) == bytes(answered) == typed


def test_a_guest_that_ends_is_noticed(pipes: Pipes) -> None:
    pipes.guest.shutdown(socket.SHUT_RDWR)
    with pytest.raises(GuestGone):
        pipes.relay()


def test_output_that_nobody_reads_ends_the_session(pipes: Pipes) -> None:
    os.close(pipes.read)
    pipes.read = -1
    pipes.guest.sendall(encode(Frame(Kind.OUTPUT, b"out")))
    with pytest.raises(OutputClosed):
        pipes.relay()


def test_nonsense_from_the_guest_is_an_error(pipes: Pipes) -> None:
    pipes.guest.sendall(b"hello")
    with pytest.raises(KtstrError, match="shell: the guest sent something that no agent sends"):
        pipes.relay()
