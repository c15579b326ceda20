"""The kernel axis: the kernels that every test runs on, and why a test does not run on one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ktstr.base.errors import KtstrError
from ktstr.base.results import results_dir
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Auto, Range, Spec, accepts, parse

if TYPE_CHECKING:
    from ktstr.declare.test import KtstrTest

__all__ = ["KernelAxis", "kernel_from_json", "kernel_to_json", "say_change", "skip_reason"]


class KernelAxis:
    """The kernels of a session, each under the text that names it in test ids.

    A spec that names one kernel is its own id, and is resolved only when a test needs it. A range stands for as many
    kernels as it has series, so it is resolved when the ids are needed.
    """

    def __init__(self, specs: Sequence[str], resolved: Mapping[str, Kernel] | None = None) -> None:
        """Raises KtstrError for a spec that means nothing.

        `resolved` is the result of `resolve` in another process of the session; then nothing is looked up.
        """
        for spec in specs:
            parse(spec)
        self._specs = tuple(dict.fromkeys(specs)) or ("auto",)
        self._kernels: dict[str, Kernel] = dict(resolved or {})
        self._errors: dict[str, KtstrError] = {}
        self._ids: tuple[str, ...] = tuple(self._kernels)

    def ids(self) -> tuple[str, ...]:
        """The ids, in the order of the specs."""
        if not self._ids:
            self._ids = tuple(dict.fromkeys(name for spec in self._specs for name in self._names(spec)))
        return self._ids

    @property
    def automatic(self) -> Kernel | None:
        """The kernel that `auto` came to, if it was asked for and means what is in the cache or published."""
        return None if os.environ.get("KTSTR_KERNEL") else self._kernels.get("auto")

    def resolve(self, wanted: Iterable[str]) -> dict[str, Kernel]:
        """The kernels of the ids in `wanted`. If two ids name the same kernel, only the first is kept.

        Raises KtstrError if a kernel cannot be obtained.
        """
        names = set(wanted)
        kernels: dict[str, Kernel] = {}
        for name in self.ids():
            if name not in names:
                continue
            if name in self._errors:
                raise self._errors[name]
            if name not in self._kernels:
                self._kernels[name] = _resolve(name)[0]
            if self._kernels[name].key not in {kernel.key for kernel in kernels.values()}:
                kernels[name] = self._kernels[name]
        return kernels

    def _names(self, spec: str) -> list[str]:
        try:
            if not isinstance(_meaning(spec), Range):
                return [spec]
            kernels = {".".join(kernel.version.split(".")[:2]): kernel for kernel in _resolve(spec)}
        except KtstrError as error:
            # Raised by resolve(), where it ends the session; here it would be one module's collection error.
            self._errors[spec] = error
            return [spec]
        self._kernels |= kernels
        return list(kernels)


def _meaning(spec: str) -> Spec:
    """The meaning of a spec. `auto` means what `KTSTR_KERNEL` names, if that is set."""
    meaning = parse(spec)
    named = os.environ.get("KTSTR_KERNEL")
    return parse(named) if isinstance(meaning, Auto) and named else meaning


def _resolve(spec: str) -> list[Kernel]:
    from ktstr.kernel.resolve import resolve  # brings the network stack along

    kernels = resolve(None, accepted_by=_filters()) if spec == "auto" else resolve(spec)
    if not kernels:
        raise KtstrError(f"--kernel {spec}: names no kernel")
    return kernels


def _filters() -> list[tuple[str, ...]]:
    """The kernels that the project's schedulers accept, for each its filters; empty if one accepts all."""
    from ktstr.declare.discovery import declared_schedulers, default_paths
    from ktstr.declare.scheduler import registered

    declared = registered()
    if not declared:
        # xdist's controller collects nothing. What is wrong with a file is said when it is collected.
        try:
            declared = declared_schedulers(default_paths())
        except KtstrError:
            return []
    filters = [one.kernels for one in declared]
    return filters if all(filters) else []


def say_change(kernel: Kernel, root: Path) -> None:
    """Say if `auto` means another kernel than in the last session of the project at `root`."""
    note = results_dir(root) / ".auto"
    before = None
    with suppress(OSError):
        before = note.read_text(encoding="utf-8").strip()
    if before == kernel.key:
        return
    if before:
        print(
            f"ktstr: kernel auto: is {kernel.key} now, and was {before} in the last run;"
            f" kernels = [...] in pyproject.toml's [tool.ktstr] settles it",
            file=sys.stderr,
        )
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{kernel.key}\n", encoding="utf-8")


def kernel_to_json(kernel: Kernel) -> dict[str, object]:
    """The kernel as plain data, for another process of the same session."""
    return {key: str(value) if isinstance(value, Path) else value for key, value in vars(kernel).items()}


def kernel_from_json(data: Mapping[str, object]) -> Kernel:
    """The kernel from the data of `kernel_to_json`."""
    text = {key: str(value) for key, value in data.items()}
    return Kernel(
        key=text["key"],
        version=text["version"],
        release=text["release"],
        source=text["source"],
        image=Path(text["image"]),
        image_sha256=text["image_sha256"],
        config=Path(text["config"]),
        sched_ext=bool(data["sched_ext"]),
    )


def skip_reason(test: KtstrTest, kernel: Kernel, *, run_ignored: bool) -> str | None:
    """Why `test` does not run on `kernel`; None if it does."""
    scheduler = test.scheduler
    if test.ignore and not run_ignored:
        return "declared with ignore=True; --ignored runs it"
    if scheduler.kernels and not accepts(scheduler.kernels, kernel.version):
        declared = ", ".join(scheduler.kernels)
        return f"scheduler {scheduler.name} declares kernels [{declared}]; {kernel.version} is not among them"
    if not accepts(test.kernels, kernel.version):
        return f"declares kernels [{', '.join(test.kernels)}]; {kernel.version} is not among them"
    if scheduler.is_sched_ext and not kernel.sched_ext:
        return (
            f"scheduler {scheduler.name} needs sched_ext and kernel {kernel.version} is built without "
            f"CONFIG_SCHED_CLASS_EXT; `ktstr kernel-build --kernel {kernel.version}` builds one that has it, and "
            "--kernel 7.0 has it as published"
        )
    return None
