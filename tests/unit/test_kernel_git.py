"""Kernel sources from local git repositories and source trees, which stay unchanged."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import kernel_source
import pytest

from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.build import build
from ktstr.kernel.resolve import candidates
from ktstr.kernel.sources.git import git_code, local_code
from ktstr.kernel.sources.source import Code
from ktstr.kernel.spec import Git, Local, parse

FILES = kernel_source.files("9.1.2")
NEWER = kernel_source.files("9.2.0")


def git(path: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-c", "commit.gpgsign=false", *arguments]
    done = subprocess.run(
        command, cwd=path, env={**os.environ, **identity}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout at 9.2.0 whose tag v9.1.2 is one commit before, and an empty cache."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KTSTR_OFFLINE", raising=False)
    path = kernel_source.write(tmp_path / "linux", {**FILES, ".gitignore": b"*.o\n.config\n"})
    git(path, "init", "--quiet", "--initial-branch=master")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "-m", "9.1.2")
    git(path, "tag", "v9.1.2")
    kernel_source.write(path, NEWER)
    git(path, "commit", "--quiet", "--all", "-m", "9.2.0")
    return path


def state(path: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time, those of git included."""
    files = [file for file in path.rglob("*") if file.is_file()]
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def makefile(code: Code, folder: Path) -> bytes:
    folder.mkdir()
    return (code.place(folder) / "Makefile").read_bytes()


def test_a_ref_of_a_local_repository(repository: Path, tmp_path: Path) -> None:
    before = state(repository)
    code = local_code(Local(str(repository), "v9.1.2"))
    assert code.id == git(repository, "rev-parse", "v9.1.2^{commit}")
    assert makefile(code, tmp_path / "tree") == FILES["Makefile"]
    assert state(repository) == before


def test_a_fetched_ref_comes_without_its_history(repository: Path, tmp_path: Path) -> None:
    spec = Git(f"file://{repository}", "master")
    code = git_code(spec)
    assert code.id == git(repository, "rev-parse", "HEAD")
    assert code.origin == f"file://{repository}, master, commit {code.id[:12]}, signature not checked"
    assert makefile(code, tmp_path / "tree") == NEWER["Makefile"]
    (kept,) = (path for path in (cache_dir() / "git").iterdir() if path.is_dir())
    assert git(kept, "rev-list", "--count", code.id) == "1"


def test_without_a_network_what_was_fetched_is_used(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = git_code(Git(f"file://{repository}", "v9.1.2"))
    repository.rename(repository.with_name("elsewhere"))
    assert git_code(Git(f"file://{repository}", "v9.1.2")).id == fetched.id
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert git_code(Git(f"file://{repository}", "v9.1.2")).id == fetched.id
    with pytest.raises(KtstrError, match=r"^fetching git\+file://.*#other: KTSTR_OFFLINE is set$"):
        git_code(Git(f"file://{repository}", "other"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("git+file://{0}#v0", r"the repository has no v0$"),
        ("{0}#v0", r"is no git repository, or has no v0$"),
        ("{0}/none", "no such folder$"),
        ("{0}/Makefile", "a file; only `shell` takes an image"),
    ],
)
def test_a_missing_ref_is_one_line(spec: str, message: str, repository: Path) -> None:
    meant = parse(spec.format(repository))
    assert isinstance(meant, Git | Local)
    with pytest.raises(KtstrError, match=message) as caught:
        git_code(meant) if isinstance(meant, Git) else local_code(meant)
    assert "\n" not in str(caught.value)


def test_a_missing_repository_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(
        KtstrError, match=r"^fetching git\+file:///nonexistent#x: .*does not appear to be a git repo"
    ):
        git_code(Git("file:///nonexistent", "x"))


def test_uncommitted_changes_are_part_of_the_key_and_of_what_is_built(
    repository: Path, tmp_path: Path
) -> None:
    spec = Local(str(repository))
    ids = [local_code(spec).id]
    (repository / "two.c").write_text("int changed;\n")
    ids.append(local_code(spec).id)
    (repository / "new.c").write_text("int new;\n")
    ids.append(local_code(spec).id)
    (repository / "one.c").unlink()
    code = local_code(spec)
    ids.append(code.id)
    (repository / "built.o").write_text("ignored by git\n")
    assert local_code(spec).id == code.id
    assert len(set(ids)) == 4
    assert code.origin.endswith(" with uncommitted changes")
    (tmp_path / "tree").mkdir()
    tree = code.place(tmp_path / "tree")
    assert {path.name for path in tree.iterdir()} == {
        "Makefile",
        "Kconfig",
        "two.c",
        "three.c",
        "new.c",
        ".gitignore",
    }


def test_a_checkout_that_holds_a_build_is_built_and_not_touched(repository: Path) -> None:
    (repository / ".config").write_text("CONFIG_OWN=y\n")
    (repository / "one.o").write_text("own\n")
    before = state(repository)
    code = local_code(Local(str(repository)))
    kernel = build(replace(kernel_source.recipe(), code=code))
    assert kernel.version == "9.2"
    assert state(repository) == before


def test_a_tree_without_git_is_built_from_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    tree = kernel_source.write(tmp_path / "tree", FILES)
    before = state(tree)
    code = local_code(Local(str(tree)))
    kernel = build(replace(kernel_source.recipe(), code=code))
    assert kernel.version == "9.1.2"
    assert state(tree) == before
    (one,) = candidates(str(tree))
    assert str(one.version) == "9.1.2"
    (tree / "two.c").write_text("int changed;\n")
    assert local_code(Local(str(tree))).id != code.id
    (tree / ".config").touch()
    with pytest.raises(KtstrError, match=r"holds a build \(\.config\).* run `make mrproper` in it"):
        local_code(Local(str(tree)))


def test_a_folder_that_is_not_a_kernel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"not a kernel's source: it has no Kconfig and Makefile$"):
        local_code(Local(str(tmp_path)))
