"""Kernel sources from git: a commit of a repository, or a working tree with its uncommitted changes.

No command here writes to a user's repository; `GIT_OPTIONAL_LOCKS=0` also keeps git from refreshing its index.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ktstr.base.cache import cache_dir, digest, file_digest, locked
from ktstr.base.download import Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.unpack import unpack_stream
from ktstr.kernel.sources.source import Code
from ktstr.kernel.spec import Git, Local

__all__ = ["ask_git", "commit_of", "git_code", "local_code", "run_git"]

_GENERATED = (".config", "include/config", "include/generated")


def git_code(spec: Git) -> Code:
    """The repository's `spec.ref`, fetched without its history.

    Raises `Unreachable` if the repository cannot be reached, KtstrError if it has no such ref.
    """
    repository = cache_dir() / "git" / digest(spec.url)
    what = f"fetching {spec}"
    with locked(repository.with_name(f".{repository.name}.lock"), what):
        if not (repository / "HEAD").is_file():
            shutil.rmtree(repository, ignore_errors=True)
            repository.mkdir(parents=True)
            _git(repository, "init", "--quiet", "--bare")
        commit = _fetch(repository, spec, what)
    origin = f"{spec.url}, {spec.ref}, commit {commit[:12]}, signature not checked"
    return Code(commit, origin, _archive(repository, commit))


def local_code(spec: Local) -> Code:
    """A source tree, or `spec.ref` of the repository there.

    KtstrError if it is neither, if there is no such ref, or if a tree that is not a git checkout holds a build.
    """
    path = Path(spec.path).expanduser().absolute()
    if path.is_file():
        raise KtstrError(
            f"kernel {spec}: a file; only `shell` takes an image, give the source tree it was built from"
        )
    if not path.is_dir():
        raise KtstrError(f"kernel {spec}: no such folder")
    top = ask_git(path, "rev-parse", "--show-toplevel")
    bare = ask_git(path, "rev-parse", "--is-bare-repository") == "true"
    if spec.ref is not None:
        commit = commit_of(path, spec.ref)
        if commit is None:
            raise KtstrError(f"kernel {spec}: {path} is no git repository, or has no {spec.ref}")
        return Code(commit, f"{path}, {spec.ref}, commit {commit[:12]}", _archive(path, commit))
    if bare:
        raise KtstrError(f"kernel {spec}: a repository without a tree; name a commit: {spec}#HEAD")
    if not (path / "Kconfig").is_file() or not (path / "Makefile").is_file():
        raise KtstrError(f"kernel {spec}: not a kernel's source: it has no Kconfig and Makefile")
    if top is not None and Path(top) == path.resolve():
        return _working_tree(path)
    return _plain_tree(spec, path)


def _working_tree(path: Path) -> Code:
    """The files of a checkout as they are now, without those that git ignores, copied to where they are built.

    They are copied because the tree may hold a build of its own, which the kernel's makefiles refuse, and because it
    may change during the build.
    """
    commit = commit_of(path, "HEAD") or "none"
    listed = _git(path, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = [Path(name) for name in sorted(set(listed.decode(errors="surrogateescape").split("\0")) - {""})]
    changed = _git(path, "diff", "HEAD", "--binary", "--no-ext-diff") if commit != "none" else b""
    untracked = _git(path, "ls-files", "-z", "--others", "--exclude-standard")
    new = [Path(name) for name in sorted(set(untracked.decode(errors="surrogateescape").split("\0")) - {""})]
    contents = [
        part for name in new if (path / name).is_file() for part in (str(name), file_digest(path / name))
    ]
    dirty = bool(changed or new)

    def place(folder: Path) -> Path:
        for name in files:
            source, target = path / name, folder / name
            if not source.is_symlink() and not source.is_file():
                continue  # deleted but not committed, or a submodule
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        return folder

    state = f"commit {commit[:12]}" + (" with uncommitted changes" if dirty else "")
    id_ = digest(commit, changed, *(part.encode(errors="surrogateescape") for part in contents))
    return Code(id_, f"{path}, {state}", place)


def _plain_tree(spec: Local, path: Path) -> Code:
    """A tree that is not a checkout. It is built from where it is, and nothing is written to it."""
    if built := next((name for name in _GENERATED if (path / name).exists()), None):
        raise KtstrError(
            f"kernel {spec}: holds a build ({built}), beside which nothing else can be built; "
            "run `make mrproper` in it, or build a copy"
        )
    parts: list[str | bytes] = []
    for file in sorted(path.rglob("*")):
        name = str(file.relative_to(path)).encode(errors="surrogateescape")
        if file.is_symlink():
            parts += [name, bytes(file.readlink())]
        elif file.is_file():
            parts += [name, file_digest(file)]
    return Code(digest(*parts), str(path), lambda _: path)


def _archive(repository: Path, commit: str) -> Callable[[Path], Path]:
    def place(folder: Path) -> Path:
        command = ["git", "archive", "--format=tar", "--prefix=linux/", commit]
        archive = _program(repository).execute(command, as_process=True, env=_environment())
        try:
            unpack_stream(archive.stdout, f"commit {commit[:12]}", folder)
        finally:
            archive.proc.kill()
            archive.proc.wait()
        return folder

    return place


def _fetch(repository: Path, spec: Git, what: str) -> str:
    """The commit of the ref, fetched into our repository."""
    kept = f"refs/ktstr/{digest(spec.ref)}"
    why = "KTSTR_OFFLINE is set"
    if os.environ.get("KTSTR_OFFLINE", "0") in ("", "0"):
        options = ("--quiet", "--depth=1", "--no-tags", "--force")
        status, _, errors = _run(repository, "fetch", *options, spec.url, f"{spec.ref}:{kept}")
        if status == 0:
            return _git(repository, "rev-parse", f"{kept}^{{commit}}").decode().strip()
        if "couldn't find remote ref" in errors or "not our ref" in errors:
            raise KtstrError(f"kernel {spec}: the repository has no {spec.ref}")
        why = next(
            (line.removeprefix("fatal: ") for line in errors.splitlines() if line.startswith("fatal: ")),
            errors,
        )
    commit = commit_of(repository, kept)
    if commit is None:
        raise Unreachable(what, " ".join(why.split()))
    return commit


def commit_of(path: Path, ref: str) -> str | None:
    """The full name of the commit of `ref` in a repository; None if there is no such ref or no repository."""
    return ask_git(path, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")


def run_git(path: Path, *arguments: str) -> str:
    """What git prints; KtstrError with its own message if it fails."""
    return _git(path, *arguments).decode(errors="surrogateescape").strip()


def ask_git(path: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails: a question rather than a command."""
    status, output, _ = _run(path, *arguments)
    return output.decode(errors="surrogateescape").strip() if status == 0 else None


def _git(path: Path, *arguments: str) -> bytes:
    status, output, errors = _run(path, *arguments)
    if status:
        raise KtstrError(f"git {arguments[0]} in {path}: {(errors.strip().splitlines() or ['failed'])[-1]}")
    return output


def _run(path: Path, *arguments: str) -> tuple[int, bytes, str]:
    """Exit status, output and messages."""
    status, output, errors = _program(path).execute(
        ["git", *arguments],
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
        env=_environment(),
    )
    return int(status), bytes(output), str(errors)


def _program(path: Path) -> Any:
    try:
        import git  # fails if the git program is missing
    except ImportError:
        raise KtstrError("git is not installed; `ktstr setup` installs it") from None
    return git.Git(str(path))


def _environment() -> dict[str, str]:
    # No questions at the terminal, and messages in English, because the code here reads them.
    return {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
