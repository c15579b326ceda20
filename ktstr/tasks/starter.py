"""The starting point that `ktstr init` writes into a scheduler's project."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.installed import Installed
from ktstr.base.values import command, string

__all__ = ["ci_file", "ci_wheel", "starter", "write_new"]

_BUILDS = {
    "Cargo.toml": "cargo build --release",
    "meson.build": "sh -c 'test -d build || meson setup build; meson compile -C build'",
    "Makefile": "make",
    "GNUmakefile": "make",
}

_ACTION = ".github/actions/ktstr"

_TEST = '''\
"""Tests of {name}, each in a VM of its own.

    ktstr test --kernel 7.0        # run them; pytest's options work: -k smoke, -x, --lf
    ktstr verifier --kernel 7.0    # load it on every topology, and report the BPF verifier's cost

pyproject.toml lists what they need, under "ktstr". Without that these tests are skipped.
"""

import pytest

pytest.importorskip("ktstr")

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios  # noqa: E402

SCHEDULER = declare_scheduler(
    name={name_text},
{program}    topology=(1, 2, 4, 1),  # NUMA nodes, LLCs in total, cores per LLC, threads per core
    # kernels=["6.16..=7.0"],  # the kernels it supports; on others its tests are skipped
)


@ktstr_test(scheduler=SCHEDULER)
def smoke(ctx: Ctx) -> None:
    """Two cgroups of spinners share all CPUs: all run, fairly, and the scheduler stays attached."""
    scenarios.steady(ctx)


@ktstr_test(scheduler=SCHEDULER)
def llc_confined(ctx: Ctx) -> None:
    """A cgroup of spinners in each LLC, confined to it by its cpuset."""
    scenarios.steady_llc(ctx)


@ktstr_test(scheduler=SCHEDULER, cores=2, threads=2)
def smt(ctx: Ctx) -> None:
    """The same load on cores with two threads."""
    scenarios.steady(ctx)
'''

_MISSING = '''\
"""Keeps pytest green where ktstr is not installed: it is red if there is no test at all, not even a skipped one."""

import importlib.util

import pytest

if importlib.util.find_spec("ktstr") is None:

    @pytest.mark.skip(reason="ktstr is not installed; pyproject.toml lists what its tests need")
    def test_ktstr() -> None:
        """Stands for all tests of schedulers."""
'''

_PYPROJECT = """\
# For the scheduler's tests only: `pip install '.[ktstr]'` installs what they need, and nothing else.
[project]
name = {name}
version = "0"
requires-python = ">=3.11"

[project.optional-dependencies]
# Exactly this one, because the next minor release may change the interface that tests use.
ktstr = [{ktstr}]

[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = []

[tool.pytest.ini_options]
testpaths = ["tests"]
"""


def starter(
    folder: Path,
    ktstr: Installed,
    *,
    name: str | None,
    binary: str | None,
    bpf: str | None,
    build: str | None,
) -> tuple[dict[str, str], list[str]]:
    """The files of a starting point for the project in `folder`, by their paths there, and hints on what to do next.

    They pin `ktstr`, and CI to what its machines can reach, which may be `ci_wheel`. Raises KtstrError for a name that
    is not accepted, a missing BPF source, and a binary with BPF.
    """
    if binary is not None and bpf is not None:
        raise KtstrError("--binary and --bpf: give one of them")
    name = re.sub(r"[^A-Za-z0-9_]+", "_", folder.name).strip("_") if name is None else name
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}", name):
        raise KtstrError(f"--name {name}: must be 1 to 63 letters, digits, '_' or '-', the first no '-'")
    if binary is not None and (not string(binary, "--binary") or "/" in binary):
        raise KtstrError(
            f"--binary {binary}: must be a program's name, which is looked up; for a path, declare binary_path="
        )
    if bpf is not None and not (folder / bpf).is_file():
        raise KtstrError(f"--bpf {bpf}: no such file in {folder}")
    if build is None and bpf is None:
        build = next((how for file, how in _BUILDS.items() if (folder / file).is_file()), None)
    command(build, "--build")
    lines = {
        # The paths of a declaration are relative to its file.
        "bpf" if bpf is not None else "binary": f"../{bpf}" if bpf is not None else binary or name,
        **({"build": build} if build is not None else {}),
    }
    files = {
        f"tests/test_{name.replace('-', '_')}.py": _TEST.format(
            name=name,
            name_text=json.dumps(name),
            program="".join(f"    {key}={json.dumps(value)},\n" for key, value in lines.items()),
        ),
        "tests/test_without_ktstr.py": _MISSING,
        "pyproject.toml": _PYPROJECT.format(
            name=json.dumps(f"{name}-tests"), ktstr=json.dumps(ktstr.requirement)
        ),
        f"{_ACTION}/action.yml": ci_file("action.yml"),
        ".github/workflows/ktstr.yml": _workflow(ktstr),
    }
    hints = []
    if (folder / "pyproject.toml").exists():
        hints += [
            "Add to pyproject.toml, so that `pip install '.[ktstr]'` installs what the tests need:",
            "",
            "    [project.optional-dependencies]",
            f"    ktstr = [{json.dumps(ktstr.requirement)}]",
            "",
        ]
    if build is None and bpf is None:
        hints += ["Found no build: add build=... to the declaration, or build before you test.", ""]
    if ktstr.local:
        hints += [
            f"pyproject.toml names {ktstr.requirement}, which only this machine has:",
            "for others, name a git address or a wheel there; see docs/hosting.md.",
            "",
        ]
    return files, [*hints, *_ci_hints(ktstr), "Now: ktstr doctor, then ktstr test --kernel 7.0"]


def _workflow(ktstr: Installed) -> str:
    """The workflow, which says where ktstr is if others can reach it there."""
    text = ci_file("workflow.yml")
    if ktstr.local or ktstr.named_only:
        return text
    return re.sub(r"# install: .*", lambda _: f"install: {ktstr.requirement}", text)


def ci_wheel(ktstr: Installed) -> dict[str, bytes]:
    """The wheel that `ktstr` was installed from, by its path in a project, where the action finds it.

    Empty if there was none, or it is gone. Raises KtstrError if it cannot be read.
    """
    path = ktstr.path
    if path is None or path.suffix != ".whl" or not path.is_file():
        return {}
    try:
        return {f"{_ACTION}/{path.name}": path.read_bytes()}
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}") from None


def _ci_hints(ktstr: Installed) -> list[str]:
    """What is left to do before CI can install ktstr; nothing if it can."""
    if not (ktstr.local or ktstr.named_only) or ci_wheel(ktstr):
        return []
    if ktstr.path is not None and ktstr.path.is_dir():
        return [
            "CI installs the wheel beside its action. Put one there, or name a git address in the workflow:",
            "",
            f"    pip wheel --no-deps -w {_ACTION} {shlex.quote(str(ktstr.path))}",
            "",
        ]
    return [
        f"CI does not install {ktstr.requirement}, a name that in CI's index may be somebody else's: put a wheel",
        f"into {_ACTION}, or name a git address in the workflow: install: ktstr@git+https://...@COMMIT",
        "",
    ]


def write_new(folder: Path, files: Mapping[str, str | bytes]) -> Iterator[tuple[str, bool]]:
    """Write each file that does not exist yet; yields its path, and whether it was written.

    Raises KtstrError if a file cannot be written.
    """
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            written = _write(path, text)
        except OSError as error:
            raise KtstrError(f"{path}: {error.strerror}") from None
        yield name, written


def _write(path: Path, content: str | bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except FileExistsError:
        return False
    return True


def ci_file(name: str) -> str:
    """The text of a file of `ci/`, which is in the package if ktstr is installed, and beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "ci", package.parent / "ci"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise KtstrError(f"ci/{name}: not in {package} nor beside it; install ktstr again")
