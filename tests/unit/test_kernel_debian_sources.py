"""Source packages and debug symbols from a real local archive."""

from __future__ import annotations

import json
import shutil
import tarfile

import pytest
from debian_archive import DebianArchive, deb, tar
from debian_kernels import left_behind
from invoke.context import Context

from ktstr.base import download
from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.source_package import fetch_source
from ktstr.kernel.images.debug import debug_image, fetch_debug_image
from ktstr.kernel.resolve import cached, resolve
from ktstr.kernel.source_tree import SELFTESTS, fetch_tree
from ktstr.tasks.kernel import kernel_fetch


def test_a_source_package_gives_its_verified_tarball(
    signed: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed.add_source("stable", "libbpf", "1.1.0-1", b"too old")
    signed.add_source("stable", "libbpf", "1.5.0-3", b"new enough")
    signed.add_source("unstable", "libbpf", "1.7.0-1", b"not needed")
    for suite in ("stable", "unstable"):
        signed.publish(suite)
    tarball = fetch_source("libbpf", "1.5")
    assert tarball.name == "libbpf_1.5.0.orig.tar.gz"
    assert tarball.read_bytes() == b"new enough"
    with pytest.raises(KtstrError, match=r"source package libbpf: no version from 2 on in stable"):
        fetch_source("libbpf", "2")
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert fetch_source("libbpf", "1.5").read_bytes() == b"new enough"
    shutil.rmtree(cache_dir() / "debian")
    with pytest.raises(
        KtstrError, match=r"source package libbpf: no version from 2 on in the cache, .*OFFLINE"
    ):
        fetch_source("libbpf", "2")


def test_the_schedulers_source_is_the_wanted_part_of_the_newest(
    archive: DebianArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = "linux-source-7.3"
    tree = {
        f"{top}/tools/sched_ext/Makefile": b"all:\n",
        f"{top}/tools/lib/bpf/libbpf.c": b"int x;\n",
        f"{top}/{SELFTESTS}/minimal.bpf.c": b"int y;\n",
        f"{top}/tools/testing/selftests/bpf/huge.c": b"not needed",
        f"{top}/drivers/gpu/huge.c": b"not needed",
        f"{top}/tools/lib/../../../../escaped": b"not wanted",
        "/tools/lib/absolute": b"not wanted",
    }
    source = deb({"./usr/src/linux-source-7.3.tar": tar(tree)})
    archive.add("stable", "linux-source-7.2", "7.2.9-1", b"older")
    archive.add("stable", top, "7.3.4-1", source)
    archive.publish("stable")
    found = fetch_tree("newest")
    files = {str(path.relative_to(found.path)) for path in found.path.rglob("*") if path.is_file()}
    assert str(found.version) == "7.3.4"
    assert files == {"tools/sched_ext/Makefile", "tools/lib/bpf/libbpf.c", f"{SELFTESTS}/minimal.bpf.c"}
    with pytest.raises(KtstrError, match=r"kernel source 6\.9: no package linux-source-6\.9"):
        fetch_tree("6.9")
    shutil.rmtree(cache_dir() / "debian")
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert fetch_tree("newest") == found
    with pytest.raises(download.Unreachable, match=r"kernel source 7\.2: not in the cache"):
        fetch_tree("7.2")


def add_debug_package(archive: DebianArchive, image: bytes | None, version: str = "7.3-1") -> str:
    """Debug symbols of kernel 7.3 as Debian packs them: modules first, and the image under three names."""
    release, _ = archive.release("7.3")
    folder = f"./usr/lib/debug/lib/modules/{release}"
    link = tarfile.TarInfo(f"./usr/lib/debug/boot/vmlinux-{release}")
    link.type, link.linkname = tarfile.SYMTYPE, f"../lib/modules/{release}/vmlinux"
    files: dict[str, bytes | tarfile.TarInfo] = {f"{folder}/kernel/fs/a.ko": b"a module", link.name: link}
    if image is not None:
        files[f"{folder}/vmlinux"] = image
    return archive.add("stable", f"linux-image-{release}-dbg", version, deb(files))


def test_debug_symbols_come_from_the_same_build_and_once(
    signed: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    signed.add_kernel("7.3")
    add_debug_package(signed, b"of another build", "7.3-2")
    package = add_debug_package(signed, b"with DWARF")
    signed.publish("stable")
    kernel_fetch(Context(), kernel="7.3", debug=True)
    (kernel,) = cached()
    image = debug_image(kernel)
    assert capsys.readouterr().out.endswith(f"{kernel.key}  debug symbols in {image}\n")
    assert image.read_bytes() == b"with DWARF"
    assert left_behind() == [kernel.key]
    del signed.server.files[package]
    assert fetch_debug_image(kernel) == image


@pytest.mark.parametrize(
    ("image", "version", "told"),
    [
        (b"of another build", "7.3-2", r"no suite lists linux-image-7\.3\+deb13-cloud-\w+-dbg 7\.3-1"),
        (None, "7.3-1", r"linux-image-7\.3\S+\.deb holds no vmlinux"),
    ],
)
def test_missing_debug_symbols_are_reported_and_leave_nothing(
    archive: DebianArchive, image: bytes | None, version: str, told: str
) -> None:
    archive.add_kernel("7.3")
    add_debug_package(archive, image, version)
    archive.publish("stable")
    (kernel,) = resolve("7.3")
    with pytest.raises(KtstrError, match=rf"^debug symbols of kernel 7\.3 \(\S+\): .*{told}"):
        fetch_debug_image(kernel)
    assert sorted(path.name for path in kernel.image.parent.iterdir()) == [
        "config",
        "manifest.json",
        "vmlinux",
    ]


def test_a_kernel_that_was_built_has_no_published_debug_symbols(archive: DebianArchive) -> None:
    archive.add_kernel("7.3")
    archive.publish("stable")
    (kernel,) = resolve("7.3")
    manifest = kernel.image.with_name("manifest.json")
    facts = json.loads(manifest.read_text())
    del facts["package_version"]
    manifest.write_text(json.dumps(facts))
    with pytest.raises(
        KtstrError, match="not a published kernel; `kernel-build --debug` builds one with them"
    ):
        fetch_debug_image(kernel)
