"""Declaring schedulers, and the registry of the declared ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import DEFAULT_TOPOLOGY, Topology
from ktstr.base.values import command, mapping, path_beside, seconds, shown, string, strings, whole
from ktstr.checks.thresholds import Checks
from ktstr.declare.caller import caller
from ktstr.declare.files import GuestFile, Inline, checked_files
from ktstr.declare.presets import Constraints
from ktstr.declare.runs import Runs, checked_programs, checked_runs
from ktstr.declare.setting import Setting, checked_settings
from ktstr.declare.sources import beside, bpf_sources, kind_of, vmlinux_header
from ktstr.declare.values import Value, checked_rodata, checked_values
from ktstr.declare.variant import Variant, checked_variants
from ktstr.scenario.operations.cgroup import CgroupName
from ktstr.scenario.plan import ATTACH_S

__all__ = ["EEVDF", "Scheduler", "declare_scheduler", "registered"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a C identifier
# The verifier itself gives up at a million; a higher limit would limit nothing.
_MAX_INSNS = 1_000_000
_registry: dict[str, Scheduler] = {}


@dataclass(frozen=True)
class Scheduler:
    """A declared scheduler; see `declare_scheduler` for the fields' meaning."""

    name: str
    """Its name, by which options select it."""
    binary: str | None = None
    """The name of its program, which is looked for; None: it has no such program."""
    binary_path: Path | None = None
    """The path of its program; None: it has no such program."""
    bpf: Path | None = None
    """Its BPF source or object; None: it has a program of its own, or is the kernel's."""
    bpf_more: tuple[Path, ...] = ()
    """Further BPF sources and objects that are linked with it."""
    ops: str = ""
    """The variable of its `sched_ext_ops`, if its BPF has several; empty: the only one."""
    rodata: Mapping[str, int] = field(default_factory=dict, hash=False)
    """The values of `const volatile` globals, set before it is loaded."""
    # Functions of two imports of one file differ.
    values: Mapping[str, Value | Callable[[Topology], Value]] = field(default_factory=dict, compare=False)
    """What is set in its globals and its `sched_ext_ops` before it is loaded, by path in C."""
    setup_programs: Runs = field(default_factory=dict, compare=False)
    """The programs of `SEC("syscall")` that are run before it is attached, with their arguments."""
    start_programs: Runs = field(default_factory=dict, compare=False)
    """Those that are run as soon as it is attached."""
    programs: Mapping[str, bool] = field(default_factory=dict, hash=False)
    """Which of its programs are loaded although their sections leave them out, or left out although not."""
    vmlinux_h: Path | str = ""
    """Whose types its BPF is compiled against: a header, or a kernel; empty: those of the kernel under test."""
    bpf_cflags: tuple[str, ...] = ()
    """Further options for clang."""
    build: tuple[str, ...] = ()
    """The command that builds its program; empty: none."""
    attach_timeout_s: float = ATTACH_S
    """Guest seconds that it may take to load, pass the verifier and attach."""
    topology: Topology = DEFAULT_TOPOLOGY
    """The topology of tests that set none."""
    kernels: tuple[str, ...] = ()
    """Which kernels it is run on, each a version, a series or a range; empty: all."""
    sched_args: tuple[str, ...] = ()
    """Its arguments."""
    files: Mapping[str, GuestFile] = field(default_factory=dict, compare=False)
    """Its files in the guest, by name or by path; `{name}` in an argument is where it is."""
    variants: Mapping[str, Variant] = field(default_factory=dict, hash=False)
    """The variants that it is tested in, by name; empty: only as it is declared."""
    variant: str = ""
    """Which of the variants this is; empty: none."""
    kargs: tuple[str, ...] = ()
    """Additions to the guest kernel's command line."""
    sysctls: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Values that are written before it starts."""
    cgroup_parent: str = ""
    """The cgroup below which all those of a scenario are; empty: the root."""
    enable: tuple[Setting, ...] = ()
    """What makes the kernel's own scheduler this one: written before the workers start."""
    disable: tuple[Setting, ...] = ()
    """What takes that back: written after the last hold."""
    privileged: bool = False
    """Whether its program keeps every privilege in the guest."""
    checks: Checks = field(default_factory=Checks)
    """Its default limits."""
    constraints: Constraints = field(default_factory=Constraints)
    """Which topology presets the verifier sweep and the gauntlet take it through."""
    max_insns: Mapping[str, int] = field(default_factory=dict, hash=False)
    """How many instructions the verifier may process, by program; `*` is for the others."""
    declared_in: str = ""
    """The file of its declaration."""
    # Not part of the declaration: the same one at another line of the file is equal.
    declared_at: int = field(default=0, compare=False)
    """The line of its declaration."""

    @property
    def is_sched_ext(self) -> bool:
        """Whether a program has to be started for it; False for the kernel's default scheduler."""
        return any((self.binary, self.binary_path, self.bpf))

    @property
    def title(self) -> str:
        """Its name, and the variant in brackets if it is one: `mine[fifo]`."""
        return f"{self.name}[{self.variant}]" if self.variant else self.name

    @property
    def folder(self) -> str:
        """Its title as a part of paths in the guest: `mine+fifo`."""
        return f"{self.name}+{self.variant}" if self.variant else self.name

    def of_variant(self, name: str) -> Scheduler:
        """This scheduler in one of its variants."""
        more = self.variants[name]
        return replace(
            self,
            variant=name,
            sched_args=(*self.sched_args, *more.sched_args),
            rodata={**self.rodata, **more.rodata},
            values={**self.values, **more.values},
            files={**self.files, **checked_files(more.files, self.declared_in)},
            enable=(*self.enable, *more.enable),
            disable=(*more.disable, *self.disable),
        )


EEVDF = Scheduler("eevdf", checks=Checks(max_spread_pct=False, max_share_error=25, max_weight_error=25))
"""The kernel's default scheduler, which every kernel has. It evens its CPUs' queues out over seconds: within half a
second, workers that do the same were seen to be 75 percentage points apart, and cgroups 17 points off their due.
"""


def declare_scheduler(
    name: str,
    *,
    binary: str | None = None,
    binary_path: str | Path | None = None,
    bpf: str | Path | Sequence[str | Path] | None = None,
    ops: str | None = None,
    rodata: Mapping[str, int] | None = None,
    values: Mapping[str, Value | Callable[[Topology], Value]] | None = None,
    setup_programs: Runs | None = None,
    start_programs: Runs | None = None,
    programs: Mapping[str, bool] | None = None,
    vmlinux_h: str | Path | None = None,
    bpf_cflags: Sequence[str] = (),
    build: str | Sequence[str] | None = None,
    attach_timeout_s: float = ATTACH_S,
    topology: tuple[int, int, int, int] | str | Topology = DEFAULT_TOPOLOGY,
    kernels: Sequence[str] = (),
    sched_args: Sequence[str] = (),
    files: Mapping[str, str | Path | Inline] | None = None,
    variants: Mapping[str, Sequence[str] | Variant] | None = None,
    kargs: Sequence[str] = (),
    sysctls: Mapping[str, str | int] | None = None,
    cgroup_parent: str | None = None,
    enable: Sequence[Setting] = (),
    disable: Sequence[Setting] = (),
    privileged: bool = False,
    checks: Checks | None = None,
    constraints: Constraints | None = None,
    max_insns: int | Mapping[str, int] | None = None,
) -> Scheduler:
    """Declare a scheduler and register it, so that tests and the verifier sweep find it.

    At most one of `binary` (found by name), `binary_path` and `bpf` may be given; none means the kernel's default,
    EEVDF. `bpf` is a `.bpf.c`, compiled with clang, or a `.bpf.o`, or a list of them, which are linked; ktstr's own
    loader loads it in the guest. Relative paths are relative to the declaring file. `ops` is the variable of the
    `sched_ext_ops` that is meant, if the BPF has several. `rodata` sets `const volatile` globals of a `bpf` scheduler
    before it is loaded. `values` sets any global and any field of its `sched_ext_ops` by its path in C, such as
    `{"mine_ops.flags": 8, "weights": [1, 2], "nr_llcs": lambda topology: topology.llcs}`. `setup_programs` are
    programs of `SEC("syscall")`, run before it is attached, and `start_programs` as soon as it is: with these numbers
    for the members of the struct that they take, once, or once with each list of a list. `bpf_cflags` are passed to
    clang. `programs` says which programs are loaded (True) although their sections, which begin with `?`, leave that to
    a userspace program, and which are not (False). `vmlinux_h` is a header of another kernel's types, or that kernel
    (`"6.12"`), for a source that the types of the kernel under test do not fit.

    `build` is the project's own build, which makes the program (`"make"`, `"cargo build --release"`): run once a
    session, before it is looked for, in the nearest folder of or above the declaring file that has a Makefile,
    Cargo.toml or the like. `attach_timeout_s` is how many guest seconds it may take to load, pass the verifier and
    attach. `topology` is (NUMA nodes, LLCs in total, cores per LLC, threads per core). `kernels` filters the kernels it
    is run on: `"6.14"` the series, `"6.15..=7.0"` an inclusive range. `sched_args` go to the scheduler, `kargs` to the
    guest kernel's command line, `sysctls` are written before the scheduler starts.

    `files` are what the guest has for it: a name, such as `layers.json`, with the path of a file or folder, or
    `Inline(text)`. `{layers.json}` in an argument is replaced by where it is in the guest; a name that begins with `/`
    is that place. `variants` are named lists of further arguments, or `Variant(...)`: each test runs once in each.
    docs/declarations.md has the details.

    `cgroup_parent` is for one that rules a subtree: the cgroup `/work` is made before it starts, and those of scenarios
    are made in it. `enable` and `disable` make another scheduler of the kernel's own, which has no program:
    `WriteFile(...)` and `Sysctl(...)`, done before the workers start and after the last hold. A program that needs I/O
    ports, kernel modules, other processes' memory or mounts that all see is `privileged`; then a PASS is only its word
    (docs/trust.md). `checks` are its default thresholds.

    `constraints` say on which topology presets it is swept and its tests run the gauntlet. For the verifier sweep
    `max_insns` says how many instructions the verifier may process for a program of it: one number for all, or a
    number by the program's name, `"*"` being those that are not named.

    Raises KtstrError naming the field if a value is not acceptable, or if the name is declared elsewhere.
    """
    from ktstr.kernel.spec import check_filter  # not at import: the grammar is only needed by declarations

    where, line = caller()
    try:
        scheduler = _checked(
            where,
            name=name,
            made_of={"binary": binary, "binary_path": binary_path, "bpf": bpf},
            ops=ops,
            rodata=rodata,
            values=values,
            setup_programs=setup_programs,
            start_programs=start_programs,
            programs=programs,
            vmlinux_h=vmlinux_h,
            bpf_cflags=bpf_cflags,
            build=build,
            attach_timeout_s=attach_timeout_s,
            topology=topology,
            kernels=kernels,
            sched_args=sched_args,
            files=files,
            variants=variants,
            kargs=kargs,
            sysctls=sysctls,
            cgroup_parent=cgroup_parent,
            enable=enable,
            disable=disable,
            privileged=privileged,
            checks=checks,
            constraints=constraints,
            max_insns=max_insns,
        )
        for text in scheduler.kernels:
            try:
                check_filter(text)
            except KtstrError as error:
                raise KtstrError(f"kernels: {error}") from None
        scheduler = replace(scheduler, declared_at=line)
        _register(scheduler)
    except KtstrError as error:
        raise KtstrError(f"{where or 'declare_scheduler'}: scheduler {shown(name)}: {error}") from None
    return scheduler


def registered() -> tuple[Scheduler, ...]:
    """All declared schedulers, by name."""
    return tuple(_registry[name] for name in sorted(_registry))


def topology_of(value: object) -> Topology:
    """The topology a user wrote as a tuple, as `1n2l4c1t` or as a Topology; KtstrError for anything else."""
    if isinstance(value, Topology):
        return value
    if isinstance(value, str):
        return Topology.parse(value)
    if not isinstance(value, tuple | list) or len(value) != 4:
        raise KtstrError(f"topology={shown(value)}: must be (numa_nodes, llcs, cores, threads)")
    return Topology(*value)


def _checked(
    where: str,
    *,
    name: object,
    made_of: Mapping[str, object],
    ops: object,
    rodata: object,
    values: object,
    setup_programs: object,
    start_programs: object,
    programs: object,
    vmlinux_h: object,
    bpf_cflags: object,
    build: object,
    attach_timeout_s: object,
    topology: object,
    kernels: object,
    sched_args: object,
    files: object,
    variants: object,
    kargs: object,
    sysctls: object,
    cgroup_parent: object,
    enable: object,
    disable: object,
    privileged: object,
    checks: object,
    constraints: object,
    max_insns: object,
) -> Scheduler:
    """The scheduler of a declaration in file `where`; KtstrError naming the field that is not acceptable."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise KtstrError("name: must be 1 to 64 letters, digits, '_', '-' or '.', the first no '-' or '.'")
    given = [field for field, value in made_of.items() if value is not None]
    if len(given) > 1:
        raise KtstrError(f"{' and '.join(given)}: give one of binary, binary_path and bpf")
    has_bpf, binary = "bpf" in given, made_of["binary"]
    if binary is not None and (not string(binary, "binary") or "/" in str(binary)):
        raise KtstrError(f"binary={shown(binary)}: a name, looked up; for a path use binary_path=")
    if build is not None and not given:
        raise KtstrError("build: only for a scheduler with binary, binary_path or bpf, which it makes")
    if (rodata or bpf_cflags) and not has_bpf:
        raise KtstrError("rodata and bpf_cflags: only for a scheduler declared with bpf=")
    for field_name, value in (
        ("ops", ops),
        ("values", values),
        ("setup_programs", setup_programs),
        ("start_programs", start_programs),
        ("programs", programs),
        ("vmlinux_h", vmlinux_h),
    ):
        if value is not None and not has_bpf:
            raise KtstrError(f"{field_name}: only for a scheduler declared with bpf=")
    if files and not given:
        raise KtstrError("files: only for a scheduler with binary, binary_path or bpf")
    if (enable or disable) and given:
        raise KtstrError(f"enable and disable: only for the kernel's own scheduler, without {given[0]}")
    if ops is not None and not _VARIABLE.fullmatch(string(ops, "ops")):
        raise KtstrError(f"ops={shown(ops)}: must be the name of a variable, that of a sched_ext_ops")
    if sched_args and (has_bpf or not given):
        raise KtstrError("sched_args: only for a scheduler with a program of its own; a bpf= one has rodata")
    settings: dict[str, str] = {}
    for sysctl, value in mapping(sysctls, "sysctls").items():
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise KtstrError(f"sysctls[{sysctl!r}]={shown(value)}: must be a string or a whole number")
        settings[sysctl] = string(str(value), f"sysctls[{sysctl!r}]")
    if not isinstance(privileged, bool):
        raise KtstrError(f"privileged={shown(privileged)}: must be True or False")
    parent = cgroup_parent.removeprefix("/") if isinstance(cgroup_parent, str) else cgroup_parent
    if parent is not None:
        CgroupName().check(parent, "cgroup_parent")
    if not isinstance(checks, Checks | None):
        raise KtstrError(f"checks={shown(checks)}: must be Checks(...)")
    if not isinstance(constraints, Constraints | None):
        raise KtstrError(f"constraints={shown(constraints)}: must be Constraints(...)")
    sources = bpf_sources(made_of["bpf"])
    limits = {"*": max_insns} if isinstance(max_insns, int) else mapping(max_insns, "max_insns")
    return Scheduler(
        name=name,
        binary=None if binary is None else str(binary),
        binary_path=beside(where, made_of["binary_path"], "binary_path"),
        bpf=beside(where, sources[0] if sources else None, "bpf"),
        bpf_more=tuple(path_beside(where, one, "bpf") for one in sources[1:]),
        ops=str(ops or ""),
        rodata=checked_rodata(rodata),
        values=checked_values(values),
        setup_programs=checked_runs(setup_programs),
        start_programs=checked_runs(start_programs, "start_programs"),
        programs=checked_programs(programs),
        vmlinux_h=vmlinux_header(where, vmlinux_h),
        bpf_cflags=strings(bpf_cflags, "bpf_cflags"),
        build=command(build, "build"),
        attach_timeout_s=seconds(attach_timeout_s, "attach_timeout_s"),
        topology=topology_of(topology),
        kernels=strings(kernels, "kernels"),
        sched_args=strings(sched_args, "sched_args"),
        files=checked_files(files, where),
        variants=checked_variants(variants, where, kind=kind_of(given)),
        kargs=strings(kargs, "kargs"),
        sysctls=settings,
        cgroup_parent=str(parent or ""),
        enable=checked_settings(enable, "enable"),
        disable=checked_settings(disable, "disable"),
        privileged=privileged is True,
        checks=checks or Checks(),
        constraints=constraints or Constraints(),
        max_insns={
            program: whole(limit, f"max_insns[{program!r}]", 1, _MAX_INSNS)
            for program, limit in limits.items()
        },
        declared_in=where,
    )


def _register(scheduler: Scheduler) -> None:
    known = _registry.get(scheduler.name)
    # One file may be imported twice (by pytest and by the verifier sweep), and then declares the same again.
    if known is not None and known.declared_in != scheduler.declared_in:
        raise KtstrError(f"already declared in {known.declared_in}")
    if known is not None and known.declared_at != scheduler.declared_at:
        lines = sorted((known.declared_at, scheduler.declared_at))
        raise KtstrError(f"declared twice in this file, at lines {lines[0]} and {lines[1]}")
    if known is not None and known != scheduler:
        raise KtstrError(f"declared twice in this file, with different values, by line {known.declared_at}")
    _registry[scheduler.name] = scheduler
