"""A declared scheduler as a program in the guest: found or built here, and packed with what it needs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ktstr.base.errors import KernelLacks, KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.runs import run_calls
from ktstr.declare.scheduler import Scheduler, registered
from ktstr.declare.values import assignments
from ktstr.guest.initramfs import Packed, program_files
from ktstr.kernel.model import Kernel
from ktstr.run.guest_files import arguments_of, packed_files
from ktstr.run.open_check import check_opens
from ktstr.scenario.plan import ATTACH_S
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.scheduler_name import OF_TEST, NamesScheduler
from ktstr.toolchain.project import BuildFailed, build_folder, run_once

__all__ = [
    "Program",
    "find_binary",
    "in_builds",
    "other_programs",
    "packed_together",
    "scheduler_program",
]

_FOLDER = "/ktstr/bin"
# Where builds of a workspace leave programs, newest habit first: cargo, meson and make.
_BUILD_FOLDERS = ("target/release", "target/debug", "build", ".")
# The names of the kernel tree's own schedulers (tools/sched_ext of 7.3), which ktstr builds on demand.
_KERNEL_TREE = re.compile(r"scx_(simple|qmap|central|flatcg|pair|userland|sdt|cpu0)")


@dataclass(frozen=True)
class Program:
    """The files to pack and the command to run in the guest; both empty for the kernel's default scheduler.

    `attach_s` is how many guest seconds it may take to attach, `privileged` that it is not confined, `is_loader` that
    it is ktstr's own, which loads a scheduler given as BPF.
    """

    files: tuple[Packed, ...] = ()
    command: tuple[str, ...] = ()
    attach_s: float = ATTACH_S
    privileged: bool = False
    is_loader: bool = False


def scheduler_program(
    scheduler: Scheduler,
    kernel: Kernel,
    arguments: tuple[str, ...],
    folder_in_guest: str = _FOLDER,
    topology: Topology | None = None,
) -> Program:
    """The program that starts `scheduler` on `kernel` with `arguments`; in the guest it is in `folder_in_guest`.

    `topology` is the guest's (None: the scheduler's own), on which the scheduler's values may depend.

    Raises KtstrError naming the scheduler where its program or a library of it is missing, or does not compile;
    KernelLacks if that is because of the kernel.
    """
    if not scheduler.is_sched_ext:
        return Program()
    folder, topology = Path(), topology or scheduler.topology
    try:
        if scheduler.build:
            folder = build_folder(scheduler.declared_in)
            run_once(scheduler.build, folder)
        if scheduler.bpf is not None:
            program = _bpf_program(scheduler, scheduler.bpf, kernel, topology)
            return replace(program, files=(*program.files, *packed_files(scheduler, topology)))
        binary = scheduler.binary_path or find_binary(scheduler.binary or "", folder)
        path = f"{folder_in_guest}/{binary.name}"
        files = program_files(binary, path, f"scheduler {scheduler.name}")
        command = (path, *arguments_of(scheduler, arguments))
        return Program((*files, *packed_files(scheduler, topology)), command)
    except BuildFailed as error:
        raise BuildFailed(f"scheduler {scheduler.name}: {error}") from None
    except KernelLacks as error:
        raise KernelLacks(f"scheduler {scheduler.name}: {error}") from None
    except KtstrError as error:
        raise KtstrError(f"scheduler {scheduler.name}: {error}") from None


def other_programs(scenario: Scenario, kernel: Kernel, topology: Topology) -> Mapping[str, Program]:
    """The programs of the schedulers that the operations of `scenario` name, by name, in a guest of `topology`.

    KtstrError, with operation and argument, for a name that no sched_ext scheduler is declared with.
    """
    bases = [one for one in registered() if one.is_sched_ext]
    every = [one for base in bases for one in (base, *(base.of_variant(name) for name in base.variants))]
    declared = {one.title: one for one in every}
    found: dict[str, Program] = {}
    for part in scenario.all_parts:
        if not isinstance(part, NamesScheduler) or part.scheduler_name in (OF_TEST, *found):
            continue
        if part.scheduler_name not in declared:
            names = ", ".join(sorted(declared)) or "none"
            raise KtstrError(
                f"{part.label}: scheduler={part.scheduler!r}: no sched_ext scheduler of that name is declared;"
                f" there are {names}"
            )
        other = declared[part.scheduler_name]
        # Two programs of one name are two files.
        program = scheduler_program(other, kernel, other.sched_args, f"{_FOLDER}/of/{other.folder}", topology)
        found[other.title] = replace(program, attach_s=other.attach_timeout_s, privileged=other.privileged)
    return found


def packed_together(programs: Iterable[Program]) -> tuple[Packed, ...]:
    """The files of several programs, each path once. KtstrError if one path would have two contents."""
    files: dict[str, Packed] = {}
    for program in programs:
        for file in program.files:
            known = files.setdefault(file.path, file)
            if known.sha256 != file.sha256:
                raise KtstrError(
                    f"{file.path}: two programs need it with different contents: {known.source} and {file.source}"
                )
    return tuple(files.values())


def find_binary(name: str, folder: Path = Path()) -> Path:
    """The program called `name`.

    Looked for in `KTSTR_SCHEDULER_BIN_<NAME>`, `KTSTR_SCHEDULER`, the builds of the workspace (`target/release`,
    `target/debug`, `build`, `.` under `folder`), PATH, and for the kernel tree's own schedulers in
    what `ktstr sched-build` builds, which is done here if need be.
    """
    variable = "KTSTR_SCHEDULER_BIN_" + re.sub(r"\W", "_", name).upper()
    for setting in (variable, "KTSTR_SCHEDULER"):
        if chosen := os.environ.get(setting):
            if not Path(chosen).is_file():
                raise KtstrError(f"{setting}={chosen}: no such file")
            return Path(chosen).absolute()
    if built := in_builds(name, folder):
        return built
    if found := shutil.which(name):
        return Path(found).absolute()
    if _KERNEL_TREE.fullmatch(name):
        return _kernel_tree_tool(name)
    looked = ", ".join((f"${variable}", "$KTSTR_SCHEDULER", *(f"{one}/" for one in _BUILD_FOLDERS)))
    raise KtstrError(
        f"binary {name!r} was not found: looked in {looked} and PATH; build it, or set binary_path="
    )


def in_builds(name: str, folder: Path = Path()) -> Path | None:
    """The program called `name` among the builds of the workspace at `folder`, or None."""
    for built in _BUILD_FOLDERS:
        path = folder / built / name
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
    return None


def _kernel_tree_tool(name: str) -> Path:
    from ktstr.kernel.tools import build_tools, find_tool  # pulls in the archive reader; few need it

    try:
        return find_tool(name)
    except KtstrError:
        return build_tools() / name


def _bpf_program(scheduler: Scheduler, source: Path, kernel: Kernel, topology: Topology) -> Program:
    from ktstr.bpf.build import build_bpf, build_loader  # pulls in compilers; only bpf= needs them
    from ktstr.bpf.foreign_types import types_header
    from ktstr.bpf.tree_headers import needs_tree_headers, tree_headers

    types = types_header(scheduler.vmlinux_h) if scheduler.vmlinux_h else None
    cflags, headers = scheduler.bpf_cflags, None
    if needs_tree_headers((source, *scheduler.bpf_more), cflags):
        tree = tree_headers()
        types, cflags, headers = types or tree.types, (*tree.cflags, *cflags), tree.include

    loader, object_path = f"{_FOLDER}/loader", f"/ktstr/{scheduler.name}.bpf.o"
    files = program_files(build_loader(), loader, "loads and attaches a scheduler given as BPF")
    files.append(
        Packed(
            object_path,
            build_bpf(source, kernel, cflags, scheduler.bpf_more, types, headers),
            0o644,
            f"scheduler {scheduler.name}",
        )
    )
    options = {
        "--ops": (scheduler.ops,) if scheduler.ops else (),
        "--rodata": tuple(f"{name}={int(value)}" for name, value in scheduler.rodata.items()),
        "--set": assignments(scheduler.values, topology),
        "--program": tuple(f"{name}={int(load)}" for name, load in scheduler.programs.items()),
        "--run": run_calls(scheduler.setup_programs, topology),
        "--then": run_calls(scheduler.start_programs, topology),
    }
    arguments = tuple(
        token for option, values in options.items() for value in values for token in (option, value)
    )
    check_opens(files[0].source, files[-1].source, arguments, kernel.release)
    return Program(tuple(files), (loader, object_path, *arguments), is_loader=True)
