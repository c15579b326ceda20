"""Declaring schedulers, and the registry of the declared ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.checks.thresholds import Checks
from ktstr.errors import KtstrError
from ktstr.topology import DEFAULT_TOPOLOGY, Topology

__all__ = ["EEVDF", "Scheduler", "declare_scheduler", "registered"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_registry: dict[str, Scheduler] = {}


@dataclass(frozen=True)
class Scheduler:
    """A declared scheduler; see `declare_scheduler` for the fields' meaning."""

    name: str
    binary: str | None = None
    binary_path: Path | None = None
    bpf: Path | None = None
    rodata: Mapping[str, int] = field(default_factory=dict, hash=False)
    bpf_cflags: tuple[str, ...] = ()
    topology: Topology = DEFAULT_TOPOLOGY
    kernels: tuple[str, ...] = ()
    sched_args: tuple[str, ...] = ()
    kargs: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict, hash=False)
    checks: Checks = field(default_factory=Checks)
    declared_in: str = ""

    @property
    def is_sched_ext(self) -> bool:
        """Whether a program has to be started for it; False for the kernel's default scheduler."""
        return any((self.binary, self.binary_path, self.bpf))


EEVDF = Scheduler(name="eevdf")


def declare_scheduler(
    name: str,
    *,
    binary: str | None = None,
    binary_path: str | Path | None = None,
    bpf: str | Path | None = None,
    rodata: Mapping[str, int] | None = None,
    bpf_cflags: Sequence[str] = (),
    topology: tuple[int, int, int, int] | str | Topology = DEFAULT_TOPOLOGY,
    kernels: Sequence[str] = (),
    sched_args: Sequence[str] = (),
    kargs: Sequence[str] = (),
    sysctls: Mapping[str, str | int] | None = None,
    checks: Checks | None = None,
) -> Scheduler:
    """Declare a scheduler and register it, so that tests and the verifier sweep find it.

    At most one of `binary` (found by name), `binary_path` and `bpf` (a `.bpf.c`, compiled with clang, or a
    `.bpf.o`; loaded in the guest by ktstr's own loader) may be given; none means the kernel's default, EEVDF.
    Relative paths are relative to the declaring file. `rodata` sets `const volatile` globals of a `bpf`
    scheduler before it is loaded; `bpf_cflags` are passed to clang. `topology` is (NUMA nodes, LLCs in total,
    cores per LLC, threads per core). `kernels` filters the kernels it is run on: `"6.14"` the series,
    `"6.15..=7.0"` an inclusive range. `sched_args` go to the scheduler, `kargs` to the guest kernel's command
    line, `sysctls` are written before the scheduler starts. `checks` are its default thresholds.

    Raises KtstrError naming the field where a value is not acceptable or the name is declared elsewhere.
    """
    from ktstr.kernel.spec import check_filter  # not at import: the grammar is only needed by declarations

    where = _caller_file()

    def refuse(what: str) -> KtstrError:
        return KtstrError(f"{where or 'declare_scheduler'}: scheduler {name!r}: {what}")

    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise refuse("name: must be 1 to 64 letters, digits, '_', '-' or '.'")
    given = [key for key, value in (("binary", binary), ("binary_path", binary_path), ("bpf", bpf)) if value]
    if len(given) > 1:
        raise refuse(f"{' and '.join(given)}: give one of binary, binary_path and bpf")
    if (rodata or bpf_cflags) and not bpf:
        raise refuse("rodata and bpf_cflags: only for a scheduler declared with bpf=")
    if sched_args and (bpf or not given):
        raise refuse("sched_args: only for a scheduler with a program of its own; a bpf= one has rodata")
    if binary is not None and "/" in binary:
        raise refuse(f"binary={binary!r}: a name, looked up; for a path use binary_path=")
    for key, items in (("kernels", kernels), ("sched_args", sched_args), ("kargs", kargs)):
        if isinstance(items, str) or not all(isinstance(item, str) for item in items):
            raise refuse(f"{key}={items!r}: must be a list of strings")
    for variable, value in (rodata or {}).items():
        if not isinstance(value, int):
            raise refuse(f"rodata[{variable!r}]={value!r}: must be a whole number")
    for text in kernels:
        try:
            check_filter(text)
        except KtstrError as error:
            raise refuse(f"kernels: {error}") from None
    try:
        shape = topology_of(topology)
    except KtstrError as error:
        raise refuse(str(error)) from None

    scheduler = Scheduler(
        name=name,
        binary=binary,
        binary_path=_relative_to(where, binary_path),
        bpf=_relative_to(where, bpf),
        rodata=dict(rodata or {}),
        bpf_cflags=tuple(bpf_cflags),
        topology=shape,
        kernels=tuple(kernels),
        sched_args=tuple(sched_args),
        kargs=tuple(kargs),
        sysctls={key: str(value) for key, value in (sysctls or {}).items()},
        checks=checks or Checks(),
        declared_in=where,
    )
    known = _registry.get(name)
    # The same file may be imported twice (pytest and the verifier sweep do); another file may not.
    if known is not None and known.declared_in != where:
        raise refuse(f"already declared in {known.declared_in}")
    _registry[name] = scheduler
    return scheduler


def registered() -> tuple[Scheduler, ...]:
    """All declared schedulers, by name."""
    return tuple(_registry[name] for name in sorted(_registry))


def topology_of(value: tuple[int, int, int, int] | str | Topology) -> Topology:
    """The topology a user wrote as a tuple, as `1n2l4c1t` or as a Topology; KtstrError for anything else."""
    if isinstance(value, Topology):
        return value
    if isinstance(value, str):
        return Topology.parse(value)
    if not isinstance(value, tuple | list) or len(value) != 4:
        raise KtstrError(f"topology={value!r}: must be (numa_nodes, llcs, cores, threads)")
    return Topology(*value)


def _caller_file() -> str:
    """The file of the first frame outside this module."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _relative_to(where: str, path: str | Path | None) -> Path | None:
    if path is None:
        return None
    path = Path(path).expanduser()
    if path.is_absolute() or not where:
        return path
    return (Path(where).parent / path).resolve()
