"""Replaying a recorded test: the command that runs it again, from its sidecar, and whether the result is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.fit import preset_of
from ktstr.kernel.store import cached
from ktstr.report.rundir import RUN_SUFFIX, run_dir
from ktstr.report.sidecar import SCHEMA, file_stem
from ktstr.vm.names import EMULATOR, EMULATOR_VERSION_KEY

__all__ = [
    "Recorded",
    "crashed_run",
    "differences",
    "dump_lines",
    "read_sidecar",
    "replay_arguments",
    "replay_status",
    "replayed_sidecar",
]

_SUFFIX = "replay"
ENVIRONMENT = {RUN_SUFFIX: _SUFFIX}
"""Sets the replay's results apart, so that the replayed run's stay where they are."""


@dataclass(frozen=True)
class Recorded:
    """What a sidecar says about a test, and the folder of the project that it lies in."""

    path: Path
    root: Path
    data: Mapping[str, Any]

    @cached_property
    def kernel(self) -> str:
        """The kernel's name: its version, or its key in the cache if the version means others as well, or not it."""
        recorded = self.data["kernel"]
        version = str(recorded["version"])
        from ktstr.kernel.images.kept import kept_images  # it decompresses images

        same = [kernel for kernel in (*cached(), *kept_images()) if kernel.version == version]
        exact = [kernel for kernel in same if kernel.image_sha256 == recorded.get("image_sha256")]
        return exact[0].key if exact and (len(same) > 1 or not exact[0].plain) else version

    @property
    def nodeid(self) -> str:
        """The test's id with its kernel named exactly."""
        file = str(self.data["nodeid"]).partition("::")[0]
        name, _, parameters = str(self.data["test"]).removesuffix("]").partition("[")
        return f"{file}::{name}[{self.kernel}{'-' if parameters else ''}{parameters}]"

    @property
    def explored(self) -> bool:
        """Whether the seed is a parameter of the test, as it is with --seeds."""
        return f"seed{self.data['seed']}" in self._parameters.split("-")

    @property
    def interleaved(self) -> bool:
        """Whether CPUs stood still in one of its runs, as with --explore."""
        return any(run.get("interleaving") for run in self.data["runs"])

    @property
    def preset(self) -> str | None:
        """The preset that is a parameter of the test, as it is in the gauntlet; None if there is none."""
        name = preset_of(str(self.data["topology"]))
        return name if name and f"{self._parameters}-".startswith(f"{name}-") else None

    @property
    def _parameters(self) -> str:
        return str(self.data["test"]).partition("[")[2].removesuffix("]")


# What a replay reads of a sidecar.


class _Job(msgspec.Struct):
    digest: str


class _Result(msgspec.Struct, rename={"version": EMULATOR_VERSION_KEY}):
    version: str
    events_sha256: str


class _Bug(msgspec.Struct):
    kind: str


class _Guest(msgspec.Struct):
    scheduler_exit: Any
    kernel_bugs: list[_Bug]


class _Run(msgspec.Struct):
    job: _Job
    result: _Result
    guest: _Guest | None = None
    dump: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._\[\]-]+$")] | None = None


class _Kernel(msgspec.Struct):
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9][A-Za-z0-9.+~_-]*$")]
    image_sha256: str = ""


class _Sidecar(msgspec.Struct):
    nodeid: str
    test: str
    topology: str
    kernel: _Kernel
    seed: int
    clock: Literal["real", "virtual"]
    runs: list[_Run]
    outcome: str
    perturb: bool = False


def read_sidecar(path: Path) -> Recorded:
    """The sidecar at `path`; KtstrError if it is not a sidecar, or is of a test that ran no VM."""
    try:
        data = json.loads(path.read_text(encoding="ascii"))
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}; must be a test's sidecar, below target/ktstr") from None
    except (ValueError, RecursionError):
        raise KtstrError(f"{path}: not JSON; must be a test's sidecar, below target/ktstr") from None
    wanted = ("nodeid", "test", "kernel", "topology", "seed", "clock", "runs")
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or any(name not in data for name in wanted):
        raise KtstrError(f"{path}: not a test's sidecar of schema {SCHEMA}")
    if not data["clock"]:
        raise KtstrError(
            f"{path}: {data['test']} ran no VM ({data.get('outcome')}); there is nothing to replay"
        )
    _refuse_hostile(path, data)
    absolute = path.absolute()
    # <root>/target/ktstr/<run>/<sidecar>, or a run in the history; a copy elsewhere belongs to the current project.
    root = next(
        (folder.parents[1] for folder in absolute.parents if folder.parts[-2:] == ("target", "ktstr")), None
    )
    return Recorded(path, root or Path.cwd(), data)


def _refuse_hostile(path: Path, data: Mapping[str, Any]) -> None:
    """Raise KtstrError for what no run writes: a sidecar may come from a stranger, and its words become arguments."""
    try:
        msgspec.convert(data, _Sidecar)
        Topology.parse(data["topology"])
    except (msgspec.ValidationError, UnicodeEncodeError, KtstrError) as error:
        raise KtstrError(f"{path}: not a test's sidecar of schema {SCHEMA}: {error}") from None
    file, colons, _ = data["nodeid"].partition("::")
    parts = Path(file).parts
    inside = parts and not Path(file).is_absolute() and ".." not in parts and not file.startswith("-")
    if not (inside and colons and data["nodeid"].isprintable() and data["test"].isprintable()):
        raise KtstrError(f"{path}: nodeid {data['nodeid']!r}: must be file::test, with a file of the project")


def replay_arguments(recorded: Recorded, *, shrink: bool = False, timeline: bool = False) -> list[str]:
    """pytest's arguments that run the recorded test again; nothing remembered is used.

    One run confirms a failure; with `shrink` it is shrunk as well, and run again to show more. With `timeline` a
    timeline of it is kept.
    """
    data, preset = recorded.data, recorded.preset
    return [
        recorded.nodeid,
        *("--ktstr-kernel", recorded.kernel),
        *(("--ktstr-gauntlet", "--ktstr-preset", preset) if preset else ()),
        *(() if preset else ("--ktstr-topology", str(data["topology"]))),
        *("--ktstr-clock", str(data["clock"])),
        *("--ktstr-seed", str(data["seed"])),
        *(("--ktstr-seeds", "1") if recorded.explored else ()),
        *("--ktstr-perturb", "on" if data.get("perturb") else "off"),
        *(("--ktstr-interleaving", str(recorded.path.absolute())) if recorded.interleaved else ()),
        "--ktstr-fresh",
        *(("--ktstr-timeline",) if timeline else ()),
        *(() if shrink else ("--ktstr-once",)),
    ]


def replayed_sidecar(recorded: Recorded, label: str) -> Path:
    """Where the replay's own sidecar is; `label` is the project's."""
    folder = run_dir(recorded.root, recorded.data["kernel"]["version"], label, _SUFFIX)
    return folder / f"{file_stem(recorded.nodeid)}.json"


def crashed_run(sidecar: Path, data: Mapping[str, Any]) -> Path:
    """The folder of a failed test's first run that came to its scheduler's exit or to a panic.

    KtstrError if there is none.
    """
    which = f"replay: --gdb: {data['test']}"
    if data["outcome"] != "failed":
        raise KtstrError(f"{which} {_ended(data)}; only of a test that failed are the runs' files kept")
    for number, run in enumerate(data["runs"], start=1):
        guest = run.get("guest")
        if guest is None:  # it could not be run
            continue
        if guest["scheduler_exit"] or any(bug["kind"] == "panic" for bug in guest["kernel_bugs"]):
            return sidecar.with_suffix("") / f"run-{number}"
    raise KtstrError(f"{which} came to no exit of its scheduler and to no panic: there is nothing to stop at")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is not as it was, a line each; empty if the runs were identical."""
    lines = []
    if before["outcome"] != after["outcome"]:
        lines.append(f"it {_ended(after)} now, and {_ended(before)} then")
    runs: Sequence[tuple[Any, Any]] = list(zip(before["runs"], after["runs"], strict=False))
    if len(before["runs"]) != len(after["runs"]):
        lines.append(f"{len(after['runs'])} VM runs now, {len(before['runs'])} then")
    for number, (old, new) in enumerate(runs, start=1):
        if old["job"]["digest"] != new["job"]["digest"]:
            lines.append(
                f"run {number}: another job (the scheduler, the test, ktstr or a compiler has changed)"
            )
        elif old["result"][EMULATOR_VERSION_KEY] != new["result"][EMULATOR_VERSION_KEY]:
            versions = old["result"][EMULATOR_VERSION_KEY], new["result"][EMULATOR_VERSION_KEY]
            lines.append(f"run {number}: another {EMULATOR} ({versions[0]} then, {versions[1]} now)")
        elif old["result"]["events_sha256"] != new["result"]["events_sha256"]:
            lines.append(f"run {number}: other events")
    return lines


def replay_status(
    status: int, before: Mapping[str, Any], after: Mapping[str, Any], changes: Sequence[str]
) -> int:
    """The exit status of a replay whose pytest ended with `status`: 0 only if it passed as it did then.

    It is 1 if it failed, and if anything differs. With the real clock no two runs are the same: there only another
    outcome counts.
    """
    differs = before["outcome"] != after["outcome"] if before["clock"] == "real" else bool(changes)
    return status or int(differs)


def dump_lines(recorded: Recorded, replayed: Path, after: Mapping[str, Any]) -> list[str]:
    """For each run with a failure dump, whether the replay's is the same. The replay's sidecar is `replayed`, its data
    `after`.

    A dump that a second run left says nothing about a replay that has none.
    """
    lines = []
    runs = zip(recorded.data["runs"], after["runs"], strict=False)
    for number, (old, new) in enumerate(runs, start=1):
        names = [run.get("dump") for run in (old, new)]
        if not any(names) or (_dumped_again(old) and not _dumped_again(new)):
            continue
        texts = [
            _text(path.with_name(name)) if name else None
            for path, name in zip((recorded.path, replayed), names, strict=True)
        ]
        same = texts[0] is not None and texts[0] == texts[1]
        lines.append(f"run {number}: {'the same' if same else 'another'} failure dump")
    return lines


def _dumped_again(run: Mapping[str, Any]) -> bool:
    """Whether the dump is from a second run."""
    repro = run.get("repro")
    return isinstance(repro, dict) and repro.get("more") == "dump"


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _ended(data: Mapping[str, Any]) -> str:
    return {
        "passed": "passed",
        "failed": "failed",
        "error": "could not be run",
        "inconclusive": "was inconclusive",
    }.get(str(data["outcome"]), str(data["outcome"]))
