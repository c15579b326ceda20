"""Kernels built from source: a key for what is built, and the build, which resumes after an interruption."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ktstr.base.cache import cache_dir, digest, entry, locked, remove_entry
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel import store
from ktstr.kernel.fragment import Wanted, complain, read_config, wanted_text
from ktstr.kernel.model import Kernel
from ktstr.kernel.shared_build import fetch_built, share_built
from ktstr.kernel.sources.source import Code
from ktstr.kernel.spec import Version, parse_version
from ktstr.toolchain.compiler import host_compiler
from ktstr.toolchain.guarded import run_alone
from ktstr.toolchain.llvm import find_toolchain, has_header
from ktstr.toolchain.make import FOREIGN, first_error

__all__ = ["Recipe", "Toolset", "build", "configure", "find_built", "find_toolset", "find_version"]

_KIND = "kernels"
# A line that kbuild prints for an object that is made.
_OBJECT = re.compile(r"^ {2}(?:CC|AS|HOSTCC|LD|AR|UPD|GEN)\b")
_PROGRAMS = {
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "pahole": "pahole",
    "objcopy": "binutils",
    "ld": "binutils",
}


@dataclass(frozen=True)
class Toolset:
    """The tools that compile: their arguments of make, whether ccache is used, and as `banner` a line that identifies
    the builds of all tools whose output ends up in the kernel."""

    arguments: tuple[str, ...]
    ccache: bool
    banner: str


@dataclass(frozen=True)
class Recipe:
    """What to build. `debug` keeps the DWARF beside the image. `note` is added to the kernel's `source`."""

    code: Code
    options: Mapping[str, Wanted] = field(hash=False)
    toolset: Toolset
    debug: bool = False
    note: str = ""

    @property
    def digest(self) -> str:
        """What identifies the build before the source's version is known."""
        tools = (self.toolset.banner, machine_of_host().name, "debug" if self.debug else "")
        return digest("kernel-1", self.code.id, wanted_text(self.options), *tools)[:8]


def find_toolset(*, llvm: bool = False) -> Toolset:
    """The tools to build with: gcc (`CC`), or with `llvm` clang and its companions.

    KtstrError names what is missing and its Debian packages.
    """
    missing = {name: package for name, package in _PROGRAMS.items() if shutil.which(name) is None}
    ccache = shutil.which("ccache") is not None
    if llvm:
        toolchain = find_toolchain()
        compiler, linker = toolchain.clang, toolchain.linker
        chosen = [f"LLVM={toolchain.llvm}"]
    else:
        compiler, linker = host_compiler(), "ld"
        chosen = [f"CC={'ccache ' if ccache else ''}{' '.join(compiler.command)}"]
    if not has_header(compiler, "libelf.h"):
        missing["libelf.h"] = "libelf-dev"
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise KtstrError(
            f"building a kernel needs {', '.join(missing)} (Debian: {packages}); `ktstr setup` installs them"
        )
    banner = (
        f"{compiler.banner}; {_first_line(linker, '--version')}; pahole {_first_line('pahole', '--version')}"
    )
    return Toolset(tuple(chosen), ccache and not llvm, banner)


def configure(recipe: Recipe) -> tuple[str, Path]:
    """The version and the configuration that a build of `recipe` starts from; see `build`."""
    with locked(_work(recipe).with_name(f".{recipe.digest}.lock"), f"configuring kernel {recipe.digest}"):
        version, _ = _configure(recipe)
        return version, _work(recipe) / "obj" / ".config"


def build(recipe: Recipe) -> Kernel:
    """The kernel of `recipe`, built unless the cache has it.

    Raises KtstrError if a wanted option did not take effect, naming what it depends on, or if the build fails, with
    its first error. What was done so far is kept for the next try. Processes that ask at the same time build once.
    """
    work = _work(recipe)
    if (found := find_built(recipe)) is not None and not work.exists():
        return found
    with locked(work.with_name(f".{recipe.digest}.lock"), f"building kernel {recipe.digest}"):
        if (found := find_built(recipe)) is not None:
            remove_entry(work.parent, work.name)  # its builder was killed when only this was left to do
            return found
        key = fetch_built(recipe.digest, recipe.code.id, recipe.toolset.banner)
        if key is not None and (found := store.find_kernel(key)) is not None:
            return found
        started = time.monotonic()
        version, tree = _configure(recipe)
        objects = _make(recipe, version, tree)
        key = f"{version}-built-{recipe.digest}"
        release = (work / "obj/include/config/kernel.release").read_text().strip()
        facts: dict[str, Any] = {
            "version": version,
            "release": release,
            "source": f"built from {recipe.code.origin}" + (f"; {recipe.note}" if recipe.note else ""),
            "code": recipe.code.id,
            "toolset": recipe.toolset.banner,
            "wanted": {f"CONFIG_{name}": want.value for name, want in sorted(recipe.options.items())},
            "objects": objects,
            "built": datetime.now(UTC).isoformat(timespec="seconds"),
            # For the run that finished it: a resumed build did part of the work before.
            "build_s": round(time.monotonic() - started, 1),
        }

        def make(folder: Path) -> None:
            _keep(recipe, work / "obj", folder, facts)

        kept = entry(_KIND, key, f"keeping kernel {version}", make)
        remove_entry(work.parent, work.name)
        share_built(recipe.digest, kept)
    found = store.find_kernel(key)
    if found is None:
        raise KtstrError(f"kernel {version}: cache entry {key} is damaged; remove it and build again")
    return found


def find_built(recipe: Recipe) -> Kernel | None:
    """The kernel of `recipe` if the cache has it."""
    for path in sorted((cache_dir() / _KIND).glob(f"*-built-{recipe.digest}")):
        store.make_room(path.name)
        return store.find_kernel(path.name)
    return None


def _work(recipe: Recipe) -> Path:
    return cache_dir() / "builds" / recipe.digest


def _configure(recipe: Recipe) -> tuple[str, Path]:
    """Put the tree in place and configure it: its version and its folder."""
    work = _work(recipe)
    tree = _tree(recipe, work)
    version = _version(tree)
    obj = work / "obj"
    obj.mkdir(exist_ok=True)
    text = wanted_text(recipe.options)
    wanted_file = work / "wanted.config"
    # Rewritten, it would be newer than the objects, and all would be built again.
    if not (wanted_file.is_file() and wanted_file.read_text() == text and (obj / ".config").is_file()):
        (obj / ".config").unlink(missing_ok=True)
        wanted_file.write_text(text)
        command = _command(recipe, tree, obj, f"KCONFIG_ALLCONFIG={wanted_file}", "allnoconfig")
        status, output = run_alone(command, _environment(), work / "running", lambda _: None)
        if status:
            (obj / ".config").unlink(missing_ok=True)
            raise KtstrError(f"kernel {version}: cannot be configured: {first_error(output)}")
    config = read_config((obj / ".config").read_text())
    if (complaint := complain(recipe.options, config, tree)) is not None:
        raise KtstrError(f"kernel {version}: {complaint}")
    return version, tree


def _tree(recipe: Recipe, work: Path) -> Path:
    """The source's folder, put in place unless an earlier run did that."""
    done = work / "tree.json"
    if (placed := _placed(done)) is not None:
        return placed
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    try:
        source.mkdir(parents=True)
        tree = recipe.code.place(source)
        if not (tree / "Kconfig").is_file() or not (tree / "Makefile").is_file():
            raise KtstrError(f"{recipe.code.origin}: not a kernel's source: it has no Kconfig and Makefile")
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise KtstrError(f"{recipe.code.origin}: {error.filename}: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    temporary = done.with_suffix(".tmp")
    temporary.write_text(json.dumps(str(tree)))
    temporary.replace(done)
    return tree


def _placed(done: Path) -> Path | None:
    """The source's folder that an earlier run put in place; None if there is none, or if it is damaged."""
    try:
        tree = Path(json.loads(done.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        tree = done
    if (tree / "Kconfig").is_file() and (tree / "Makefile").is_file():
        return tree
    print(f"ktstr: {done.parent}: an unfinished build, damaged; starting over", file=sys.stderr, flush=True)
    remove_entry(done.parent.parent, done.parent.name)
    return None


def find_version(tree: str | Path) -> Version | None:
    """The version of a source tree; None if it is not one."""
    try:
        return parse_version(_version(Path(tree).expanduser()))
    except (OSError, KtstrError):
        return None


def _version(tree: Path) -> str:
    """`7.3-rc2`, from the top of the Makefile."""
    head = (tree / "Makefile").read_text(errors="replace")[:2000]
    values = dict(
        re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *=[ \t]*(\S*)", head, re.MULTILINE)
    )
    try:
        candidate = re.match(r"-rc[0-9]+", values["EXTRAVERSION"])
        text = f"{values['VERSION']}.{values['PATCHLEVEL']}.{values['SUBLEVEL']}"
        return str(parse_version(text + (candidate[0] if candidate else "")))
    except KeyError as error:
        raise KtstrError(f"{tree}/Makefile: names no {error.args[0]}; not a kernel's source") from None


def _command(recipe: Recipe, tree: Path, obj: Path, *arguments: str) -> list[str]:
    return [
        "make",
        *(
            "-C",
            str(tree),
            f"O={obj}",
            f"ARCH={machine_of_host().kernel_arch}",
            f"-j{len(os.sched_getaffinity(0))}",
        ),
        *recipe.toolset.arguments,
        # Fixed, because they would make builds of one source differ. LOCALVERSION= suppresses the "+" of a repository.
        *("KBUILD_BUILD_USER=ktstr", "KBUILD_BUILD_HOST=ktstr", "KBUILD_BUILD_VERSION=1", "LOCALVERSION="),
        "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 2026",
        *arguments,
    ]


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("KBUILD")
    }
    return kept | {"LC_ALL": "C"}


def _make(recipe: Recipe, version: str, tree: Path) -> int:
    """Compile; returns how many objects this run made."""
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    work, what = _work(recipe), f"building kernel {version}"
    log = work / "build.log"
    made = 0
    bar = Progress(total=_usual_objects(), desc=what, unit="object")
    with bar, log.open("a", buffering=1) as file:

        def on_line(line: str) -> None:
            nonlocal made
            file.write(line)
            if _OBJECT.match(line):
                made += 1
                bar.update()

        # The image is the ELF file itself, so nothing is compressed just to be decompressed again.
        command = _command(recipe, tree, work / "obj", "vmlinux")
        status, output = run_alone(command, _environment(), work / "running", on_line)
    if status:
        kept = cache_dir() / "logs" / f"kernel-{version}-{recipe.digest}.log"
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(log, kept)
        raise KtstrError(f"kernel {version}: does not build: {first_error(output)} (full log: {kept})")
    return made


def _usual_objects() -> int | None:
    """How many objects an earlier build had, because make does not report how many there will be; None if unknown."""
    counts = [0]
    for manifest in (cache_dir() / _KIND).glob("*-built-*/manifest.json"):
        try:
            counts.append(int(json.loads(manifest.read_text()).get("objects", 0)))
        except (OSError, ValueError):
            continue
    return max(counts) or None


def _keep(recipe: Recipe, obj: Path, folder: Path, facts: dict[str, Any]) -> None:
    """Copy what is kept of a build into the cache's entry."""
    objcopy = "objcopy"
    image = folder / "vmlinux.stripped"
    # Like the kernel's own build does before it compresses the image: BTF is part of what is loaded, and stays.
    done = subprocess.run(
        [objcopy, "-R", ".comment", "-S", str(obj / "vmlinux"), str(image)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise KtstrError(f"{objcopy}: {done.stderr.strip() or 'failed'}")
    content = image.read_bytes()
    image.unlink()
    config = (obj / ".config").read_text()
    facts |= {
        "image_sha256": hashlib.sha256(content).hexdigest(),
        "image_bytes": len(content),
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
    }
    store.write(folder, content, config, facts)
    shutil.copyfile(obj / "System.map", folder / "System.map")
    shutil.copyfile(obj.parent / "build.log", folder / "build.log")
    if recipe.debug:
        shutil.copyfile(obj / "vmlinux", folder / "vmlinux.debug")


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return (done.stdout.splitlines() or [""])[0]
