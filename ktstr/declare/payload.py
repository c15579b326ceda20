"""Declaring payloads: programs as workloads."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.values import command, mapping, path_of
from ktstr.scenario.metric import Metric
from ktstr.scenario.payload import Offered, Payload

__all__ = ["declare_payload"]


def declare_payload(
    name: str,
    *,
    binary: str | None = None,
    binary_path: str | Path | None = None,
    build: str | Sequence[str] | None = None,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    files: Mapping[str, str | Path] | None = None,
    metrics: Sequence[Metric] = (),
    expect_status: int | None = 0,
    package: str = "",
    offered: Offered | None = None,
) -> Payload:
    """A payload: a program that a scenario runs in the guest (`RunPayload`), beside its workers or instead of them.

    One of `binary` (found by name, in the workspace's builds or in PATH) and `binary_path` says which program it is.
    `build` is the project's own build, which makes it, as for a scheduler. `args` are its arguments, `env` variables of
    its environment. `files` are further files that it needs, by their path in the guest; programs among them come with
    their libraries. Relative paths are relative to the declaring file. `metrics` are the numbers that it prints.
    `expect_status` is the status with which it has to end, else that is a violation (None: any). `package` is the one
    of Debian and Ubuntu that has the program, for the message if it is missing. `offered` are words among its arguments
    that the program must list when it is asked on this machine: `Offered("stressor", ("cpu",), ("--stressors",))`.

    Raises KtstrError naming the field if a value is not acceptable.
    """
    frame = inspect.currentframe()
    where = frame.f_back.f_code.co_filename if frame and frame.f_back else ""
    folder = Path(where).parent
    try:
        return Payload(
            name=name,
            binary="" if binary is None else binary,
            binary_path=None
            if binary_path is None
            else _beside(folder, path_of(binary_path, f"payload {name}: binary_path")),
            args=args,  # type: ignore[arg-type]  # makes tuples of them
            env=env or {},
            files={
                place: _beside(folder, path_of(source, f"payload {name}: files[{place!r}]"))
                for place, source in mapping(files, f"payload {name}: files").items()
            },
            metrics=metrics,  # type: ignore[arg-type]
            expect_status=expect_status,
            package=package,
            offered=offered,
            build=command(build, f"payload {name}: build"),
            declared_in=where,
        )
    except KtstrError as error:
        raise KtstrError(f"{where or 'declare_payload'}: {error}") from None


def _beside(folder: Path, path: Path) -> Path:
    return path if path.is_absolute() else (folder / path).resolve()
