"""The kernel tree's own schedulers, built from `tools/sched_ext` of a published kernel source."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ktstr.base.cache import cache_dir, digest, entry
from ktstr.base.errors import KtstrError
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import resolve
from ktstr.kernel.settings import schedulers_series
from ktstr.kernel.source_tree import SourceTree, fetch_tree
from ktstr.kernel.spec import parse_version
from ktstr.toolchain.guarded import run_guarded
from ktstr.toolchain.llvm import Toolchain, find_toolchain
from ktstr.toolchain.make import FOREIGN, first_error

__all__ = ["build_tools", "find_tool", "tree_types"]

_KIND = "schedulers"


def build_tools(kernel: Kernel | None = None, series: str | None = None) -> Path:
    """The folder with the built schedulers (scx_simple, scx_qmap, ...), built unless the cache has them.

    `series` ("7.3"; default: the settings') chooses the source. `kernel` provides the types; it must be of
    the source's series or later, and is by default the newest of that series. The binaries run on older
    kernels too, if the scheduler itself does. Raises KtstrError that names a missing tool and its
    Debian package, or the first error of a failed build.
    """
    toolchain = find_toolchain()
    tree = fetch_tree(series or schedulers_series())
    types = tree_types(tree, kernel)
    key = f"{tree.version}-{digest(tree.id, types.image_sha256, toolchain.clang.banner)[:8]}"
    what = f"building the schedulers of {tree.version}"

    def make(folder: Path) -> None:
        # A name of its own: the make of a killed process may still be writing to the last one.
        build = Path(tempfile.mkdtemp(prefix="build-", dir=folder))
        log = cache_dir() / "logs" / f"sched-build-{key}.log"
        _make(tree, types, toolchain, build, log, what)
        shutil.copytree(build / "build/bin", folder / "bin")
        shutil.rmtree(build)
        log.rename(folder / "build.log")
        manifest = {
            "version": str(tree.version),
            "source_sha256": tree.id,
            "types": types.key,
            "clang": toolchain.clang.banner,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")

    return entry(_KIND, key, what, make) / "bin"


def tree_types(tree: SourceTree, kernel: Kernel | None = None) -> Kernel:
    """The kernel whose types what `tree` has is built with: `kernel`, or the newest of the tree's series."""
    types = kernel or resolve(str(tree.version.series), along=True)[-1]
    if not types.sched_ext:
        raise KtstrError(
            f"kernel {types.version}: built without CONFIG_SCHED_CLASS_EXT, so without the types that schedulers need; "
            f"`ktstr kernel-build --kernel {types.version}` builds one that has them"
        )
    return types


def find_tool(name: str) -> Path:
    """The built scheduler `name`, of the newest source in the cache; KtstrError if none was built."""
    folder = cache_dir() / _KIND
    entries = [path for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []
    built = [path for path in entries if (path / "bin" / name).is_file()]
    if not built:
        known = sorted({tool.name for path in entries for tool in (path / "bin").iterdir()})
        hint = (
            f"built are {', '.join(known)}" if known else "`ktstr sched-build` builds the kernel tree's own"
        )
        raise KtstrError(f"scheduler {name}: not among the built ones; {hint}")
    return max(built, key=_rank) / "bin" / name


def _rank(built: Path) -> tuple[Any, float]:
    """Orders builds by their source's version, then by when they were built."""
    manifest = json.loads((built / "manifest.json").read_text())
    return parse_version(manifest["version"]), built.stat().st_mtime


def _make(tree: SourceTree, types: Kernel, toolchain: Toolchain, build: Path, log: Path, what: str) -> None:
    command = [
        "make",
        "-C",
        str(tree.path / "tools/sched_ext"),
        f"-j{len(os.sched_getaffinity(0))}",
        f"LLVM={toolchain.llvm}",
        # 6.12's makefile takes the BPF compiler from here, whatever LLVM says.
        f"CLANG={shlex.join(toolchain.clang.command)}",
        f"VMLINUX_BTF={types.image}",
        f"O={build}",
        # bpftool's optional parts, which the schedulers' build does not use and which need more libraries
        "SKIP_CRYPTO=1",
        "SKIP_LLVM=1",
        "SKIP_LIBBFD=1",
    ]
    status, output = _run(command, what)
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"{shlex.join(command)}\n{output}")
    if status:
        older = parse_version(types.version).series < tree.version.series
        hint = f"; it needs the types of a kernel {tree.version.series}, not {types.version}" if older else ""
        raise KtstrError(f"schedulers of {tree.version}: {first_error(output)}{hint} (full log: {log})")


def _run(command: Sequence[str], what: str) -> tuple[int, str]:
    """Run a build and show how many lines it has printed; nobody knows how many there will be."""
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {"LC_ALL": "C"}
    with Progress(desc=what, unit=" lines") as bar:
        return run_guarded(command, environment, lambda _: bar.update())
