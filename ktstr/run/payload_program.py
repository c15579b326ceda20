"""The payloads of a scenario as programs in the guest: found or built here, and packed with what they need."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ktstr.base.answer import ask
from ktstr.base.cache import file_digest
from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.guest.elf import read_elf
from ktstr.guest.initramfs import Packed, program_files
from ktstr.run.program import Program, in_builds
from ktstr.scenario.operations.run_payload import RunPayload
from ktstr.scenario.payload import Payload
from ktstr.scenario.scenario import Scenario
from ktstr.toolchain.project import BuildFailed, build_folder, run_once

__all__ = ["payload_program", "payload_programs"]

# The packages of Debian and Ubuntu that have them, of programs that measure schedulers.
_PACKAGES = {
    "cyclictest": "rt-tests",
    "fio": "fio",
    "hackbench": "rt-tests",
    "perf": "linux-perf",
    "pi_stress": "rt-tests",
    "rt-app": "rt-app",
    "signaltest": "rt-tests",
    "stress-ng": "stress-ng",
    "sysbench": "sysbench",
}
_SYSTEM_FOLDERS = "/usr/sbin:/sbin"  # a user's PATH may lack them
_ANY_ELF = re.compile("")
_ANSWERS_WITHIN_S = 20.0  # host seconds; stress-ng takes a hundredth of one
_SHOWN = 3


def payload_programs(scenario: Scenario) -> Mapping[str, Program]:
    """The programs of the payloads that `scenario` starts, by the payload's name.

    KtstrError, which names the payload, if a program, a library or a file is missing, or if two have one name.
    """
    payloads: dict[str, Payload] = {}
    for part in scenario.all_parts:
        if not isinstance(part, RunPayload):
            continue
        known = payloads.setdefault(part.payload.name, part.payload)
        if known != part.payload:
            raise KtstrError(
                f"payload {known.name}: two payloads of one scenario have this name; must be another one"
            )
    return {name: payload_program(payload) for name, payload in payloads.items()}


def payload_program(payload: Payload) -> Program:
    """The program of a payload, its libraries and its files; KtstrError, which names the payload, for a missing one."""
    where = f"payload {payload.name}"
    try:
        folder = Path()
        if payload.build:
            folder = build_folder(payload.declared_in)
            run_once(payload.build, folder)
        binary = payload.binary_path or _find(payload, folder)
        files = program_files(binary, payload.program, where)
        _refuse_unknown(payload, binary)
        for place, source in payload.files.items():
            files += _included(source, place, where)
    except BuildFailed as error:
        raise BuildFailed(f"{where}: {error}") from None
    except KtstrError as error:
        raise KtstrError(f"{where}: {error}") from None
    return Program(tuple(files), (payload.program, *payload.args))


def _find(payload: Payload, folder: Path) -> Path:
    """The program: in the builds of the workspace, or in PATH."""
    name = payload.binary
    if built := in_builds(name, folder):
        return built
    path = f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}"
    if found := shutil.which(name, path=path):
        return Path(found).absolute()
    package = payload.package or _PACKAGES.get(name, "")
    how = f"install it (Debian, Ubuntu: {package})" if package else "build it, or set binary_path="
    raise KtstrError(f"binary {name!r} was not found in the workspace's builds or in PATH; {how}")


def _refuse_unknown(payload: Payload, binary: Path) -> None:
    """KtstrError for a word that the program does not offer, as it says itself. If it does not say, the guest shows
    it."""
    offered = payload.offered
    if offered is None:
        return
    try:
        command = (str(binary), *offered.question)
        answer = ask(command, _ANSWERS_WITHIN_S, names=_ANY_ELF, digests=[file_digest(binary)])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return
    known = answer.text.split() if answer.status == 0 else []
    for word in offered.words:
        if known and word not in known:
            listed = f"`{binary.name} {' '.join(offered.question)}`"
            raise KtstrError(
                f"{offered.what} {word!r}: {binary} has none of that name; must be one that {listed} lists"
                f"{near(word, known, _SHOWN)}"
            )


def _included(source: Path, place: str, where: str) -> list[Packed]:
    """A file of a payload at `place` in the guest; a program with its libraries."""
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):
            raise KtstrError(f"files[{place!r}]: {source}: must be a file")
        elf = read_elf(source)
    except OSError as error:
        raise KtstrError(f"files[{place!r}]: {source}: {error.strerror}") from None
    if elf is not None and (elf.interpreter is not None or elf.needed):
        return program_files(source, place, where)
    return [Packed(place, source, stat.S_IMODE(status.st_mode), where)]
