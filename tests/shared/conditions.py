"""Run the unit tests under other conditions: conditions.py [user|random|twice|turkish|space ...] [-- pytest's options].

Each condition gets a copy of the checkout, as git lists its files. Needs pytest-randomly, which only `random` uses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONDITIONS", "Condition", "Unable"]

ROOT = Path(__file__).resolve().parents[2]
_NOBODY = 65534  # its number on every Linux distribution
_SEEDS = (1, 2, 3)


class Unable(Exception):
    """This machine lacks what a condition needs; the message says what."""


@dataclass(frozen=True)
class Prepared:
    """How pytest is started: behind which words, with which variables; one run at a time, or all at once."""

    prefix: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    runs: Sequence[Sequence[str]] = (("-p", "no:randomly"),)
    at_once: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition: what it is, how it is prepared in an empty folder, and where the checkout is in that folder."""

    about: str
    prepare: Callable[[Path], Prepared]
    checkout: str = "ktstr"


def _user(folder: Path) -> Prepared:
    """As nobody, in a copy that is nobody's, if this is root. PATH has no folders that only root may enter."""
    if os.getuid() != 0:
        return Prepared()
    if (setpriv := shutil.which("setpriv")) is None:
        raise Unable("setpriv (util-linux) is missing")
    prefix = [setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    # It may be that another Python is run in its place, with the libraries of another one.
    probe = [*prefix, sys.executable, "-c", "import sys; print(sys.base_prefix)"]
    if subprocess.run(probe, capture_output=True, text=True, check=False).stdout.strip() != sys.base_prefix:
        raise Unable(
            f"nobody cannot run {os.path.realpath(sys.executable)}: use a Python that every user can run"
        )
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    open_folders = [
        one
        for one in os.environ["PATH"].split(os.pathsep)
        if subprocess.run([*prefix, "test", "-x", one], check=False).returncode == 0
    ]
    home, temporary = str(folder / "home"), str(folder / "tmp")
    return Prepared(prefix, {"HOME": home, "TMPDIR": temporary, "PATH": os.pathsep.join(open_folders)})


def _random(_folder: Path) -> Prepared:
    return Prepared(runs=[("-p", "randomly", f"--randomly-seed={seed}") for seed in _SEEDS])


def _twice(folder: Path) -> Prepared:
    runs = [("-p", "no:randomly"), ("-p", "no:randomly", "-p", "no:cacheprovider")]
    return Prepared(environment={"KTSTR_CACHE_DIR": str(folder / "cache")}, runs=runs, at_once=True)


def _turkish(folder: Path) -> Prepared:
    """With a locale in which I and i are different letters; Python takes its encoding from it."""
    if shutil.which("localedef") is None:
        raise Unable("localedef (Debian: libc-bin) is missing")
    locale = folder / "locale"
    locale.mkdir()
    made = subprocess.run(
        ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(locale / "tr_TR.UTF-8")],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        raise Unable("localedef cannot make tr_TR.UTF-8 (Debian: package locales)")
    names = {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"}
    return Prepared(environment={"LOCPATH": str(locale), "PYTHONUTF8": "0", **names})


CONDITIONS: Mapping[str, Condition] = {
    "user": Condition("as a user other than root", _user),
    "random": Condition(f"in random order, with seeds {', '.join(map(str, _SEEDS))}", _random),
    "twice": Condition("twice at once, with the same cache and the same files", _twice),
    "turkish": Condition("in Turkish", _turkish),
    "space": Condition(
        "with a space in the checkout's path", lambda _folder: Prepared(), "with a space/ktstr"
    ),
}
"""The conditions, by name."""


def _copy(checkout: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name, follow_symlinks=False)


def _start(
    prepared: Prepared, run: Sequence[str], checkout: Path, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    command = [*prepared.prefix, sys.executable, "-m", "pytest", "-q", "tests/unit", *run, *options]
    environment = {**os.environ, **(prepared.environment or {}), "PYTHONPATH": str(checkout)}
    return subprocess.Popen(command, cwd=checkout, env=environment, stdin=subprocess.DEVNULL)


def _holds(condition: Condition, options: Sequence[str]) -> bool:
    """Whether the unit tests pass under a condition."""
    with tempfile.TemporaryDirectory(prefix="ktstr-conditions-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        checkout = folder / condition.checkout
        _copy(checkout)
        prepared = condition.prepare(folder)
        width = len(prepared.runs) if prepared.at_once else 1
        passed = True
        for begin in range(0, len(prepared.runs), width):
            with ExitStack() as started:
                some = [
                    started.enter_context(_start(prepared, run, checkout, options))
                    for run in prepared.runs[begin : begin + width]
                ]
                statuses = [one.wait() for one in some]
                passed = passed and not any(statuses)
    return passed


def main(arguments: Sequence[str]) -> int:
    """1 if the tests fail under a condition, 2 if one could not be tried."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:at] or list(CONDITIONS), arguments[at + 1 :]
    if unknown := [name for name in names if name not in CONDITIONS]:
        print(f"conditions: {unknown[0]}: must be one of {', '.join(CONDITIONS)}", file=sys.stderr)
        return 2
    said, status = [], 0
    for name in names:
        print(f"conditions: {name}: {CONDITIONS[name].about}", flush=True)
        try:
            holds = _holds(CONDITIONS[name], options)
        except Unable as why:
            said.append(f"{name}: not tried: {why}")
            status = 2
            continue
        said.append(f"{name}: {'passed' if holds else 'failed'}")
        status = status or int(not holds)
    print("\n".join(f"conditions: {line}" for line in said))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
