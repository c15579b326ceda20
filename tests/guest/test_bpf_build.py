"""A BPF scheduler on the host: what is compiled, what is refused, and what the loader accepts as values."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ktstr.base import cache
from ktstr.base.errors import KernelLacks, KtstrError
from ktstr.bpf.build import build_bpf, build_loader, vmlinux_header
from ktstr.bpf.libbpf import libbpf
from ktstr.kernel import store
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.toolchain.compiler import bpf_clang, compile_static, host_compiler

Check = Callable[..., tuple[int, str]]
SCHEDULERS = Path(__file__).parent.parent / "schedulers"

# A kernel's BTF as far as these tests need one; compiled, it stands in for the image of a kernel.
KERNEL = """
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long __u64;
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long __s64;
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;
typedef __s8 s8; typedef __s16 s16; typedef __s32 s32; typedef __s64 s64;
typedef u16 __be16; typedef u32 __be32; typedef u32 __wsum; typedef _Bool bool;
enum bpf_map_type { BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_RB_FORCE_WAKEUP = 2 };
struct scx_exit_info { int kind; s64 exit_code; const char *reason; char *msg; };
struct sched_ext_ops { void (*exit)(struct scx_exit_info *); char name[128]; };
struct kept { struct sched_ext_ops ops; enum bpf_map_type map; u8 a; s8 b; u16 c; s16 d; u32 e; s32 f; u64 g; s64 h;
              __be16 i; __be32 j; __wsum k; bool l; } kept;
int flag = BPF_RB_FORCE_WAKEUP;
"""
# The build of 7.1.13 left out what it does to such a kfunc: a mark, and a second function that gets `aux`.
HALF_MADE = """
struct bpf_prog_aux { int id; };
__attribute__((btf_decl_tag("bpf_kfunc"))) s32 scx_bpf_task_cpu(const int *p) { return *p; }
__attribute__((btf_decl_tag("bpf_kfunc"))) s32 scx_bpf_cpu_node(s32 cpu) { return cpu; }
s32 scx_bpf_cpu_node_impl(s32 cpu, const struct bpf_prog_aux *aux) { return aux->id; }
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node, const struct bpf_prog_aux *aux) { return aux->id; }
"""
SCHEDULER = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "knobs.h"
SEC(".struct_ops.link") struct sched_ext_ops tiny = { .name = "tiny" };
char _license[] SEC("license") = "GPL";
"""
KNOBS = """
enum mode { FAST = 1, SLOW = 2 };
struct pair { int a, b; };
const volatile bool on = 0;
const volatile u8 small = 1;
const volatile s8 tiny_signed = 1;
const volatile u32 slice_us = 1;
const volatile s64 offset = 1;
const volatile u64 mask = 1;
const volatile enum mode mode = FAST;
const volatile int table[4] = { 1 };
const volatile struct pair pair = { 1, 2 };
int plain = 1;
"""


@pytest.fixture(scope="module")
def real_cache() -> Path:
    return cache.cache_dir()


@pytest.fixture(scope="module")
def tools(real_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A separate cache for the tests, with everything that the real one has built."""
    own = tmp_path_factory.mktemp("cache")
    libbpf()  # fetched and built in the real cache, which keeps it
    for kind in ("sources", "build"):
        (real_cache / kind).mkdir(exist_ok=True)
        (own / kind).symlink_to(real_cache / kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KTSTR_CACHE_DIR", str(own))
        yield


@pytest.fixture(scope="module")
def kernel(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """A stand-in with a real BTF section, so that these tests run where no kernel is cached."""
    return stand_in(tmp_path_factory.mktemp("kernel"), KERNEL)


def stand_in(folder: Path, text: str) -> Kernel:
    """A kernel with the BTF of `text`."""
    (folder / "kernel.c").write_text(text)
    image = folder / "vmlinux"
    clang = [
        *bpf_clang().command,
        "-target",
        "bpf",
        "-g",
        "-O2",
        "-c",
        str(folder / "kernel.c"),
        "-o",
        str(image),
    ]
    subprocess.run(clang, check=True)
    content = bytearray(image.read_bytes())
    struct.pack_into("<H", content, 18, 62)  # the machine: x86-64, for the object must be of a kernel
    image.write_bytes(content)
    return Kernel("k", "7.0.1", "7.0.1-stand-in", "test", image, "", folder / "config", True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_scheduler(tmp_path)


def write_scheduler(folder: Path) -> Path:
    (folder / "knobs.h").write_text(KNOBS)
    path = folder / "tiny.bpf.c"
    path.write_text(SCHEDULER)
    return path


@pytest.fixture(scope="module")
def check(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Runs `loader --check` with some values: its exit status, and what it said."""
    loader, scheduler = build_loader(), build_bpf(write_scheduler(tmp_path_factory.mktemp("tiny")), kernel)

    def run(*assignments: str) -> tuple[int, str]:
        arguments = [part for assignment in assignments for part in ("--rodata", assignment)]
        command = [str(loader), str(scheduler), "--check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.strip()

    return run


def test_compiles_and_compiles_once(kernel: Kernel, source: Path) -> None:
    first = build_bpf(source, kernel)
    stamp = first.stat().st_mtime_ns
    assert first.name == "tiny.bpf.o"
    assert build_bpf(source, kernel) == first
    assert first.stat().st_mtime_ns == stamp


def test_a_changed_header_makes_a_new_object(kernel: Kernel, source: Path) -> None:
    first = build_bpf(source, kernel)
    (source.parent / "knobs.h").write_text(KNOBS.replace("slice_us = 1", "slice_us = 2"))
    assert build_bpf(source, kernel).read_bytes() != first.read_bytes()


def test_cflags_make_a_new_object(kernel: Kernel, source: Path) -> None:
    assert build_bpf(source, kernel, ("-DUNUSED",)) != build_bpf(source, kernel)


def test_an_object_does_not_depend_on_the_folder(kernel: Kernel, source: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("knobs.h", source.name):
        shutil.copy(source.parent / name, elsewhere)
    other = build_bpf(elsewhere / source.name, kernel)
    assert other.read_bytes() == build_bpf(source, kernel).read_bytes()


def test_a_compile_failure_shows_its_first_error_and_the_log(kernel: Kernel, source: Path) -> None:
    source.write_text(SCHEDULER + "int one = undeclared_thing;\nint two = another;\n")
    with pytest.raises(KtstrError) as caught:
        build_bpf(source, kernel)
    message = str(caught.value)
    assert f" {source.name}:7:11: error: use of undeclared identifier 'undeclared_thing'" in message
    assert "\n" not in message
    log = Path(message.rpartition("full log: ")[2].rstrip(")"))
    assert "another" in log.read_text()


def test_an_object_without_struct_ops_is_refused(kernel: Kernel, source: Path) -> None:
    source.write_text(SCHEDULER.replace('SEC(".struct_ops.link")', 'SEC(".data")'))
    with pytest.raises(
        KtstrError, match=r"tiny\.bpf\.c: not a scheduler: it has no SEC\(.\.struct_ops\.link.\)"
    ):
        build_bpf(source, kernel)


def test_an_object_is_passed_through(kernel: Kernel, source: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.bpf.o"
    shutil.copy(build_bpf(source, kernel), given)
    assert build_bpf(given, kernel) == given


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.bpf.o", b"\x7fELF", "not a BPF object"),
        ("a.bpf.o", b"", "not a BPF object"),
        ("a.c", b"int x;", "must be named .bpf.c"),
        ("a.bpf.c", None, "no such file"),
    ],
)
def test_other_files_are_refused(
    kernel: Kernel, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(KtstrError, match=message):
        build_bpf(tmp_path / name, kernel)


def test_a_kernel_without_btf_is_named(kernel: Kernel, source: Path, tmp_path: Path) -> None:
    image = tmp_path / "vmlinux"
    image.write_bytes(kernel.image.read_bytes().replace(b".BTF\0", b".BTX\0"))
    plain = Kernel("k", "7.0.1", "7.0.1-plain", "test", image, "", image, True)
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.1-plain .* has no BTF"):
        build_bpf(source, plain)


def test_vmlinux_header_has_the_kernels_types(kernel: Kernel) -> None:
    assert "struct sched_ext_ops {" in vmlinux_header(kernel).read_text()


def test_a_kfunc_that_no_program_can_call_is_told(tools: None, tmp_path: Path) -> None:
    kernel = stand_in(tmp_path, KERNEL + HALF_MADE)
    source = write_scheduler(tmp_path)
    source.write_text(SCHEDULER + "int use(void) { return scx_bpf_task_cpu(0) + scx_bpf_cpu_node(1); }")
    assert build_bpf(source, kernel).is_file()
    source.write_text(SCHEDULER + "int use(void) { return scx_bpf_create_dsq(0, -1); }")
    with pytest.raises(KernelLacks) as caught:
        build_bpf(source, kernel)
    assert str(caught.value).startswith(
        "kernel 7.0.1: no program can call scx_bpf_create_dsq: this kernel's BTF has no scx_bpf_create_dsq_impl, and"
        f" {source.name}:7:24 calls it (clang "
    )


@pytest.mark.parametrize(
    "assignment",
    [
        *("on=true", "on=0", "small=0", "small=255", "tiny_signed=-128", "tiny_signed=127"),
        *("slice_us=0x10", "slice_us=4294967295", "mode=2"),
        *("offset=-9223372036854775808", "offset=9223372036854775807", "mask=18446744073709551615"),
    ],
)
def test_values_that_fit_are_accepted(check: Check, assignment: str) -> None:
    assert check(assignment) == (0, "")


@pytest.mark.parametrize(
    ("assignment", "complaint"),
    [
        ("on=2", "must be 0, 1, true or false"),
        ("small=256", "out of range, must be 0 to 255"),
        ("small=-1", "out of range, must be 0 to 255"),
        ("tiny_signed=-129", "out of range, must be -128 to 127"),
        ("tiny_signed=128", "out of range, must be -128 to 127"),
        ("slice_us=4294967296", "out of range, must be 0 to 4294967295"),
        ("offset=9223372036854775808", "out of range, must be -9223372036854775808 to 9223372036854775807"),
        ("mask=18446744073709551616", "out of range, must be 0 to 18446744073709551615"),
        ("slice_us=", "not a whole number"),
        ("slice_us=12x", "not a whole number"),
        ("slice_us=1.5", "not a whole number"),
        ("slice_us= 1", "not a whole number"),
        ("slice_us", "must be name=value"),
        ("table=1", "not an integer, bool or enum"),
        ("pair=1", "not an integer, bool or enum"),
    ],
)
def test_values_that_do_not_fit_are_refused(check: Check, assignment: str, complaint: str) -> None:
    status, said = check(assignment)
    assert status == 2
    assert said.startswith(f"loader: --rodata {assignment.partition('=')[0]}")
    assert complaint in said


@pytest.mark.parametrize("name", ["slice_uz", "plain"])
def test_an_unknown_variable_names_the_near_ones(check: Check, name: str) -> None:
    status, said = check(f"{name}=1")
    assert status == 2
    assert said.startswith(
        f"loader: --rodata {name}: the object has no such const volatile variable; it has "
    )
    if name == "slice_uz":
        assert "; it has slice_us, " in said


def test_the_loader_refuses_what_it_cannot_use(tools: None, tmp_path: Path) -> None:
    loader = build_loader()

    def status(*arguments: str) -> int:
        return subprocess.run([loader, *arguments], capture_output=True, check=False).returncode

    broken = tmp_path / "broken.bpf.o"
    broken.write_bytes(b"\x7fELF")
    assert [status(), status("--nonsense"), status(str(broken)), status("/absent.bpf.o")] == [2, 2, 2, 2]


def test_fixtures_compile(tools: None, monkeypatch: pytest.MonkeyPatch, real_cache: Path) -> None:
    """For the newest kernel in the cache, and in that cache: guest tests compile them for theirs anyway."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(real_cache))
    kernel = store.newest([kernel for kernel in store.cached() if kernel.sched_ext]) or resolve("7.0")[0]
    sources = sorted(SCHEDULERS.glob("*.bpf.c"))
    assert [build_bpf(source, kernel).name for source in sources] == [f"{path.stem}.o" for path in sources]


@pytest.mark.parametrize("setting", ["/absent/clang", "true", "gcc"])
def test_a_bad_ktstr_clang_is_named(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("KTSTR_CLANG", setting)
    with pytest.raises(KtstrError, match=rf"^KTSTR_CLANG={setting}: .*clang 14 or later$"):
        bpf_clang()


def test_the_newest_clang_in_path_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, version in (
        ("clang", "15.0.7"),
        ("clang-9", "9.0.1"),
        ("clang-21", "21.1.0"),
        ("clang-tidy", "99.0"),
    ):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\necho 'Debian clang version {version} (1)'\n")
        script.chmod(0o755)
    monkeypatch.delenv("KTSTR_CLANG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bpf_clang().version == "21.1.0"
    (tmp_path / "clang-21").unlink()
    (tmp_path / "clang").unlink()
    with pytest.raises(
        KtstrError, match=r"clang 9\.0\.1 is too old .*install clang 14 or later \(Debian: clang\)"
    ):
        bpf_clang()
    (tmp_path / "clang-9").unlink()
    with pytest.raises(KtstrError, match=r"no clang in PATH: .*\(Debian: clang\)"):
        bpf_clang()


def test_a_missing_c_compiler_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KtstrError, match=r"no C compiler.*gcc libc6-dev"):
        host_compiler()
    monkeypatch.setenv("CC", "/absent/cc")
    with pytest.raises(KtstrError, match=r"^CC=/absent/cc: not a C compiler"):
        host_compiler()


def test_a_missing_static_library_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int main(void) { return 0; }\n")
    with pytest.raises(KtstrError, match=r"^libnosuch\.a is missing"):
        compile_static("a", [source], libs=["nosuch"])


def test_a_changed_header_makes_a_new_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    source, header = tmp_path / "src" / "a.c", tmp_path / "src" / "a.h"
    source.parent.mkdir()
    source.write_text('#include "a.h"\nint main(void) { return STATUS; }\n')
    statuses = []
    for status in (3, 4):
        header.write_text(f"#define STATUS {status}\n")
        statuses.append(subprocess.run([compile_static("a", [source])], check=False).returncode)
    assert statuses == [3, 4]


@pytest.mark.parametrize("name", ["libbpf-9/src/../../../escaped.c", "libbpf-9/README"])
def test_an_archive_that_is_not_libbpf_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache" / "deep"))
    tarball = tmp_path / "libbpf_9.orig.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(KtstrError, match="not a libbpf"):
        libbpf(tarball)
    assert not list(tmp_path.rglob("escaped.c"))
