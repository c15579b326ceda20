"""A kernel image that a user has as a file, for a shell and for tests."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from debian_archive import boot_image, elf

from ktstr.base.errors import KtstrError
from ktstr.kernel.images.file import image_kernel
from ktstr.kernel.images.kept import kept_image, kept_images
from ktstr.kernel.resolve import resolve

BANNER = b"Linux version 7.1.0-rc3-mine+ (somebody@somewhere) "
CONFIG = "CONFIG_SMP=y\nCONFIG_SCHED_CLASS_EXT=y\n"
IMAGE = elf() + BANNER


def test_a_boot_image_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bzImage"
    path.write_bytes(boot_image(IMAGE))
    kernel = image_kernel(path, tmp_path)
    assert (kernel.version, kernel.release) == ("7.1-rc3", "7.1.0-rc3-mine+")
    assert kernel.image.read_bytes() == IMAGE
    assert (kernel.config.read_text(), kernel.sched_ext) == ("", False)


def test_a_configuration_is_found_in_the_image_or_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "linux" / "arch" / "x86" / "boot" / "vmlinux"
    path.parent.mkdir(parents=True)
    path.write_bytes(IMAGE)
    (tmp_path / "linux" / ".config").write_text(CONFIG)
    assert image_kernel(path, tmp_path).config.read_text() == CONFIG
    path.write_bytes(IMAGE + b"IKCFG_ST" + gzip.compress(b"CONFIG_HZ=250\n") + b"IKCFG_ED")
    assert image_kernel(path, tmp_path).config.read_text() == "CONFIG_HZ=250\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"text", "not a Linux x86 boot image"), (elf(), "not a Linux image: it names no version")],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    with pytest.raises(KtstrError, match=f"^kernel {path}: {words}"):
        image_kernel(path, tmp_path)


# As --kernel of tests


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A boot image with its configuration beside it, no network, and an empty cache."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    path = tmp_path / "bzImage"
    path.write_bytes(boot_image(IMAGE))
    (tmp_path / ".config").write_text(CONFIG)
    return path


def test_a_path_of_an_image_is_a_kernel(own: Path) -> None:
    (kernel,) = resolve(str(own))
    assert (kernel.version, kernel.release, kernel.sched_ext) == ("7.1-rc3", "7.1.0-rc3-mine+", True)
    assert (kernel.image.read_bytes(), kernel.config.read_text()) == (IMAGE, CONFIG)
    assert (kernel.source, kernel.origin) == (f"the image {own}", "image")
    assert resolve(kernel.key) == resolve(str(own)) == [kernel]
    assert kept_images() == [kernel]


def test_an_image_that_was_built_again_is_another_kernel(own: Path) -> None:
    first = kept_image(own)
    own.write_bytes(boot_image(IMAGE + b"again"))
    second = kept_image(own)
    (own.parent / ".config").write_text(CONFIG + "CONFIG_HZ=250\n")
    assert len({first.key, second.key, kept_image(own).key}) == 3


def test_a_kept_image_that_was_altered_is_kept_again(own: Path) -> None:
    (kernel,) = resolve(str(own))
    (kernel.image.parent / "manifest.json").write_text("{")
    assert kept_images() == []
    with pytest.raises(KtstrError, match="not in the cache"):
        resolve(kernel.key)
    assert resolve(str(own)) == [kernel]


@pytest.mark.parametrize("spec", ["7.1", "7.1-rc3", "auto"])
def test_no_version_means_an_image_of_ones_own(own: Path, spec: str) -> None:
    resolve(str(own))
    with pytest.raises(KtstrError, match="not in the cache"):
        resolve(spec)


def test_an_image_without_a_configuration_is_refused(own: Path) -> None:
    (own.parent / ".config").unlink()
    with pytest.raises(
        KtstrError, match=r"^kernel .*/bzImage: has no configuration, .*put config-7\.1\.0-rc3-mine\+ or "
    ):
        resolve(str(own))
