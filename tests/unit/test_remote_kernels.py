"""Kernels that machines share once one of them has built them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from remote_server import Store, holding, use

from ktstr.base import cache
from ktstr.kernel import store as kernels
from ktstr.kernel.shared_build import fetch_built, share_built

RECIPE = ("0a1b2c3d", "a tree", "gcc 12.2.0")
IMAGE, CONFIG = b"\x7fELF an image", "CONFIG_SCHED_CLASS_EXT=y\n"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_SESSION", "a-session")
    with holding() as store:
        yield store


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, store: Store, **changes: Any) -> None:
    """Have a machine build the kernel and share it, and become another machine."""
    facts = {
        "version": "7.2.1",
        "release": "7.2.1",
        "source": "built from a tree",
        "code": RECIPE[1],
        "toolset": RECIPE[2],
        "image_sha256": hashlib.sha256(IMAGE).hexdigest(),
        "config_sha256": hashlib.sha256(CONFIG.encode()).hexdigest(),
    }

    def make(partial: Path) -> None:
        kernels.write(partial, IMAGE, CONFIG, facts | changes)

    monkeypatch.setenv("KTSTR_CACHE_DIR", str(folder / "builder"))
    use(store, monkeypatch, write=True)
    share_built(RECIPE[0], cache.entry("kernels", f"7.2.1-built-{RECIPE[0]}", "building", make))
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(folder / "other"))
    use(store, monkeypatch)


def test_a_kernel_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    built(tmp_path, monkeypatch, store)
    key = fetch_built(*RECIPE)
    assert key == f"7.2.1-built-{RECIPE[0]}"
    kernel = kernels.find_kernel(key)
    assert kernel is not None
    assert (kernel.version, kernel.sched_ext, kernel.built) == ("7.2.1", True, True)
    assert kernel.image.read_bytes() == IMAGE


def test_a_kernel_that_nobody_built_is_not_there(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    use(store, monkeypatch)
    assert fetch_built(*RECIPE) is None


def test_without_a_remote_cache_there_is_none() -> None:
    assert fetch_built(*RECIPE) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"image_sha256": "0" * 64}, "not the image and configuration that its manifest names"),
        ({"config_sha256": "0" * 64}, "not the image and configuration that its manifest names"),
        ({"toolset": "gcc 14"}, "a kernel of other sources or tools"),
        ({"code": "another tree"}, "a kernel of other sources or tools"),
        ({"machine": "riscv64"}, "a kernel of other sources or tools"),
        ({"version": "../7.2"}, "not a kernel: "),
        ({"sched_ext": "yes"}, "not a kernel: Expected `bool`, got `str` - at `$.sched_ext`"),
    ],
)
def test_a_kernel_that_is_not_what_it_says_is_left_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    why: str,
) -> None:
    built(tmp_path, monkeypatch, store, **changes)
    assert fetch_built(*RECIPE) is None
    assert f"kernels/built-{RECIPE[0]}: {why}" in capsys.readouterr().err
    assert not (tmp_path / "other" / "kernels").exists()


def test_a_kernel_without_a_manifest_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    built(tmp_path, monkeypatch, store)
    ((path, data),) = store.of("ac").items()
    store.held[path] = data.replace(b"manifest.json", b"manifesto.json")
    assert fetch_built(*RECIPE) is None
