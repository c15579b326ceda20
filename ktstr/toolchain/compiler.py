"""The host's compilers, and static C programs built by them into the cache."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.answer import ask
from ktstr.base.errors import KtstrError
from ktstr.base.per_environment import per_environment
from ktstr.base.remote import settings as remote
from ktstr.base.scratch import scratch
from ktstr.base.stamp import Stamp, stamp_of
from ktstr.toolchain.agreed import agreed
from ktstr.toolchain.guarded import run_guarded
from ktstr.toolchain.preprocessed import read_files
from ktstr.toolchain.source_files import SourceFiles

__all__ = [
    "BuildError",
    "Compiler",
    "bpf_clang",
    "bpf_clangs",
    "compile_shared",
    "compile_static",
    "host_compiler",
    "run_compiler",
    "shared_entry",
    "system_archive",
]

OLDEST_BPF_CLANG = 14
_SHARED = ("-shared", "-fPIC")
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
# Debian's names of the packages that hold a static library; Fedora and Arch ones are in `ktstr doctor`.
_PACKAGES = {"c": "libc6-dev", "elf": "libelf-dev", "z": "zlib1g-dev", "zstd": "libzstd-dev"}
_ERROR = re.compile(
    r"^.*?:\d+(?::\d+)?: (?:fatal )?error: .*$|^.*(?:undefined reference to|multiple definition of).*$",
    re.MULTILINE,
)
# The linker's message for two files with KTSTR_WORK(name, ...) or KTSTR_OPERATION(name, ...).
_TWICE = re.compile(r"multiple definition of `ktstr_(work|operation)_(\w+)'")


class BuildError(KtstrError):
    """A compilation that failed: the first error that it printed, all of its output, and the file that has it."""

    def __init__(self, name: str, first: str, output: str, log: Path) -> None:
        super().__init__(f"{name}: does not compile: {first} (full log: {log})")
        self.first = first
        self.output = output
        self.log = log


_OfOutside = Callable[["Compiler", str, Path, Sequence[Path]], bytes]


@dataclass(frozen=True)
class Compiler:
    """A compiler: the command that starts it, its version (`12.2.0`), and the line that identifies its build."""

    command: tuple[str, ...]
    version: str
    banner: str

    @property
    def major(self) -> int:
        """The version's first number."""
        return int(self.version.split(".")[0])


def host_compiler() -> Compiler:
    """The C compiler for programs of the guest: `CC` if it is set, else gcc, clang or cc from PATH.

    Raises KtstrError naming the package to install if there is none.
    """
    return _host_compiler(_path_stamps())


@per_environment
def _host_compiler(_: Sequence[Stamp | None]) -> Compiler:
    chosen = os.environ.get("CC")
    if chosen:
        command = tuple(shlex.split(chosen))
        found = _probe(command)
        if found is None or not _names_target(found):
            raise KtstrError(
                f"CC={chosen}: not a C compiler that can be run; unset CC or set it to gcc or clang"
            )
        return found
    for name in ("gcc", "clang", "cc"):
        if (path := shutil.which(name)) and (found := _probe((path,))):
            return found
    raise KtstrError(
        "no C compiler: gcc and clang are not in PATH; install one (Debian: gcc libc6-dev) or set CC"
    )


def bpf_clang() -> Compiler:
    """The clang that compiles BPF: `KTSTR_CLANG` if it is set, else the newest clang or clang-NN in PATH.

    Raises KtstrError naming the package to install if there is none of version 14 or later.
    """
    return bpf_clangs()[0]


def bpf_clangs() -> tuple[Compiler, ...]:
    """The clangs that may compile BPF, at least one, the newest first; see `bpf_clang`."""
    return _bpf_clangs(_path_stamps())


@per_environment
def _bpf_clangs(_: Sequence[Stamp | None]) -> tuple[Compiler, ...]:
    accepted = f"clang {OLDEST_BPF_CLANG} or later"
    if chosen := os.environ.get("KTSTR_CLANG"):
        found = _probe(tuple(shlex.split(chosen)))
        if found is None or "clang" not in found.banner:
            raise KtstrError(f"KTSTR_CLANG={chosen}: not a clang that can be run; must be {accepted}")
        if found.major < OLDEST_BPF_CLANG:
            raise KtstrError(f"KTSTR_CLANG={chosen}: clang {found.version} is too old; must be {accepted}")
        return (found,)
    probed = [found for path in _clangs_in_path() if (found := _probe((path,)))]
    probed.sort(key=_version_key, reverse=True)
    if not probed:
        raise KtstrError(
            f"no clang in PATH: BPF schedulers need {accepted} (Debian: clang); KTSTR_CLANG names another"
        )
    newest = probed[0]
    if newest.major < OLDEST_BPF_CLANG:
        raise KtstrError(
            f"{newest.command[0]}: clang {newest.version} is too old for BPF schedulers;"
            f" install {accepted} (Debian: clang) or set KTSTR_CLANG"
        )
    return tuple(one for one in probed if one.major >= OLDEST_BPF_CLANG)


def compile_static(
    name: str,
    sources: Sequence[Path],
    includes: Sequence[Path] = (),
    libs: Sequence[Path | str] = (),
    outside: Sequence[Path] = (),
    diverted: Sequence[str] = (),
    libs_of: str = "",
) -> Path:
    """The static executable `name` built from C `sources`; compiled only if the cache does not have it.

    `includes` are folders of headers. `libs` are archives, by path or by the name that `-l` takes ("elf"), in
    link order. `outside` are C files of a user's project, linked after the sources. Calls of the `diverted` functions
    go to `__wrap_<name>`, also those from archives (`--wrap` of ld(1)). The key covers the sources,
    the headers beside them and in `includes`, what the preprocessor makes of `outside`, the archives, the flags and
    the compiler. With a remote cache the machines agree on one that another compiler may have made: its key covers the
    sources, the headers and `libs_of`, which says what the archives are made of. Raises KtstrError with the first error
    of a failed build, or naming a missing library's package.
    """
    compiler = host_compiler()
    system_archive(compiler, "c")  # checked here, because the linker's message for it helps nobody
    kind = ("-static", "-s", *(f"-Wl,--wrap={function}" for function in diverted))
    return _compile(compiler, name, kind, sources, includes, libs, outside=outside, libs_of=libs_of)


def compile_shared(name: str, sources: Sequence[Path], parts: Sequence[Path] = ()) -> Path:
    """The shared library `name` for programs of this host, like `compile_static` for a guest.

    `parts` are files that the sources include and that are not headers.
    """
    return _compile(host_compiler(), name, _SHARED, sources, (), (), parts)


def shared_entry(name: str, sources: Sequence[Path], parts: Sequence[Path] = ()) -> str:
    """The name of the cache's entry that `compile_shared` makes of the same, whether it is there or not."""
    how = (host_compiler().banner, *_FLAGS, name, *_SHARED)
    return f"{name}-{SourceFiles(tuple(sources), (), tuple(parts)).key(how)}"


def _compile(
    compiler: Compiler,
    name: str,
    kind: Sequence[str],
    sources: Sequence[Path],
    includes: Sequence[Path],
    libs: Sequence[Path | str],
    parts: Sequence[Path] = (),
    outside: Sequence[Path] = (),
    libs_of: str | None = None,
) -> Path:
    """With `libs_of` it is one that the machines of a remote cache agree on; without, this host's own."""
    archives = [lib if isinstance(lib, Path) else system_archive(compiler, lib) for lib in libs]
    files = SourceFiles(tuple(sources), tuple(includes), tuple(parts))

    def key(of_outside: _OfOutside, made_by: str, *kind: str, archives: Sequence[Path] = ()) -> str:
        found = files.key((made_by, *_FLAGS, name, *kind), tuple(archives))
        more = [part for path in outside for part in (path.name, of_outside(compiler, name, path, includes))]
        return f"{name}-{cache.digest(found, *more) if more else found}"

    def make(directory: Path) -> None:
        command = [
            *compiler.command,
            *_FLAGS,
            *kind,
            *(f"-I{folder}" for folder in includes),
            "-o",
            str(directory / name),
        ]
        run_compiler(name, [*command, *map(str, (*sources, *outside, *archives))])

    def own() -> Path:
        chosen = key(_preprocessed, compiler.banner, *kind, archives=archives)
        return cache.entry("build", chosen, f"building {name}", make)

    if libs_of is None or not remote.is_set():
        return own() / name
    return agreed(key(_own_files, "any compiler", *kind, libs_of), own) / name


def _preprocessed(compiler: Compiler, name: str, source: Path, includes: Sequence[Path]) -> bytes:
    """What the compiler reads of a source and its headers, wherever these lie; comments and places left out."""
    with scratch("compiler") as folder:
        text = folder / "preprocessed"
        options = [f"-I{include}" for include in includes]
        run_compiler(name, [*compiler.command, *_FLAGS, *options, "-E", "-P", "-o", str(text), str(source)])
        return text.read_bytes()


def _own_files(compiler: Compiler, name: str, source: Path, includes: Sequence[Path]) -> bytes:
    """A digest over a source and the headers that it includes, but those of the system, which differ between hosts."""
    with scratch("compiler") as folder:
        listed = folder / "read"
        options = [f"-I{include}" for include in includes]
        run_compiler(name, [*compiler.command, *_FLAGS, *options, "-MM", "-MF", str(listed), str(source)])
        read = read_files(listed.read_text(errors="replace"), Path.cwd())
    return cache.digest(*(part for path in read for part in (path.name, path.read_bytes()))).encode()


def run_compiler(
    name: str, command: Sequence[str], cwd: Path | None = None, steps: int | None = None
) -> None:
    """Run a command that builds `name`; if it fails, KtstrError with its first error and the log.

    `steps` is about how many lines a long build prints: they move a progress bar.
    """
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    environment = {**os.environ, "LC_ALL": "C"}
    environment.pop("MAKEFLAGS", None)  # set by a make that called us; its descriptors are not ours
    bar = Progress(total=steps, desc=f"building {name}", unit="file", disable=not steps)
    with bar, scratch("compiler") as folder:
        environment["TMPDIR"] = str(folder)  # a compiler that is killed leaves its own temporary files
        status, output = run_guarded(command, environment, lambda _: bar.update(bar.n < (steps or 0)), cwd)
    if status == 0:
        return
    log = cache.cache_dir() / "logs" / f"{name}-{cache.digest(*command)}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"{shlex.join(command)}\n{output}")
    first = _ERROR.search(output)
    twice = _TWICE.search(output)
    if twice and first and "multiple definition" in first[0]:
        kind = "work type" if twice[1] == "work" else "operation"
        raise KtstrError(f"{name}: the {kind} {twice[2]} is registered twice; rename one (full log: {log})")
    lines = output.strip().splitlines() or [f"{command[0]} failed with status {status}"]
    raise BuildError(name, first[0] if first else lines[-1], output, log)


@per_environment
def system_archive(compiler: Compiler, lib: str) -> Path:
    """Where the compiler finds `lib<lib>.a`."""
    try:
        found = _archive(compiler, lib)
    except OSError as error:
        raise KtstrError(f"{shlex.join(compiler.command)}: {error}") from None
    if found is None:
        package = f" (Debian: {_PACKAGES[lib]})" if lib in _PACKAGES else ""
        raise KtstrError(
            f"lib{lib}.a is missing: the guest's programs are linked statically; install it{package}"
        )
    return found


def _archive(compiler: Compiler, lib: str) -> Path | None:
    """The file by the compiler's answer; it answers the bare name if it knows no such file."""
    command = [*compiler.command, f"-print-file-name=lib{lib}.a"]
    path = Path(ask(command).text.strip())
    if path.is_absolute() and path.is_file():
        return path
    # What was kept may be from before the library was installed, or removed.
    path = Path(ask(command, fresh=True).text.strip())
    return path if path.is_absolute() else None


def _path_stamps() -> tuple[Stamp | None, ...]:
    """What changes if a program is installed or removed."""
    return tuple(stamp_of(folder or ".") for folder in os.environ.get("PATH", os.defpath).split(os.pathsep))


def _clangs_in_path() -> list[str]:
    found: dict[Path, str] = {}
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        with suppress(OSError):  # a folder may be missing or unreadable: su keeps root's PATH
            for path in Path(folder or ".").iterdir():
                if re.fullmatch(r"clang(-\d+)?", path.name) and os.access(path, os.X_OK):
                    found.setdefault(path.resolve(), str(path))
    return list(found.values())


def _probe(command: tuple[str, ...]) -> Compiler | None:
    """What a command says about itself, or None if it cannot be run or is not a compiler."""
    try:
        answer = ask([*command, "--version"])
    except (FileNotFoundError, PermissionError, NotADirectoryError, ValueError, IndexError):
        return None
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return None
        raise KtstrError(
            f"{command[0]}: cannot be started: {error.strerror}"
        ) from None  # a limit of the host
    banner = (answer.text.splitlines() or [""])[0]
    version = re.search(r"\b(\d+(?:\.\d+)+)", banner)
    return Compiler(command, version[1], banner) if answer.status == 0 and version else None


def _names_target(compiler: Compiler) -> bool:
    """Whether it names the machine that it compiles for, as compilers do. Other programs have a version, too."""
    answer = ask([*compiler.command, "-dumpmachine"])
    return answer.status == 0 and re.fullmatch(r"\w+(-\w+)+", answer.text.strip()) is not None


def _version_key(compiler: Compiler) -> tuple[int, ...]:
    return tuple(int(number) for number in compiler.version.split("."))
