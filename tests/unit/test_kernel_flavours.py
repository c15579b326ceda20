"""Kernels that only a spec with their source's name means: Debian's flavours beside the one for virtual machines."""

from __future__ import annotations

import pytest
from debian_archive import DebianArchive
from debian_kernels import versions

from ktstr.base.errors import KtstrError
from ktstr.kernel.resolve import candidates, resolve
from ktstr.kernel.spec import Key, parse


@pytest.fixture
def flavours(archive: DebianArchive) -> DebianArchive:
    """An archive with a kernel of each flavour, the newest of them for real machines."""
    archive.add_kernel("7.0.1")
    archive.add_kernel("7.0.2", flavour="rt-")
    archive.add_kernel("7.0.3", flavour="")
    archive.publish("stable")
    return archive


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("7.0", "7.0.1"),
        ("debian:7.0", "7.0.1"),
        ("debian-rt:7.0", "7.0.2"),
        ("debian-generic:latest", "7.0.3"),
    ],
)
@pytest.mark.usefixtures("flavours")
def test_a_flavour_is_meant_by_its_name(spec: str, version: str) -> None:
    assert versions(spec) == [version]


@pytest.mark.usefixtures("flavours")
def test_a_flavours_kernel_is_kept_under_its_name() -> None:
    (kernel,) = resolve("debian-rt:7.0")
    assert kernel.release == DebianArchive.release("7.0.2", "rt-")[0]
    assert (kernel.origin, kernel.built) == ("debian-rt", False)
    assert parse(kernel.key) == Key(kernel.key)
    assert resolve(kernel.key) == [kernel]


def test_a_version_never_means_a_flavours_kernel_of_the_cache(flavours: DebianArchive) -> None:
    (kernel,) = resolve("debian-generic:7.0")
    assert versions("7.0") == versions("7.0.1") == versions("auto") == ["7.0.1"]
    flavours.server.stop()
    assert [one.kernel for one in candidates("debian-generic:7.0")] == [kernel]
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.3: not published by "):
        candidates("7.0.3")


@pytest.mark.usefixtures("flavours")
def test_a_flavour_without_the_version_is_not_built() -> None:
    with pytest.raises(KtstrError, match=r"^kernel 6\.12: not published by \S+; it has 7\.0$"):
        candidates("debian-rt:6.12")
