"""A topology as QEMU's options: the CPUs, the NUMA nodes with their memory and distances; and what QEMU cannot have.

QEMU's L3 cache belongs to a die, so an LLC is a die: that of a package of its own, or one of several in a package. Its
CPUs are a grid of packages, dies, cores and threads. LLCs of unequal size are a grid with gaps, in which every CPU is
plugged in by itself before the guest begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.machine import machine_of_host
from ktstr.base.topology import Topology
from ktstr.vm.job import Clock
from ktstr.vm.qemu.program import OLDEST

__all__ = [
    "Memory",
    "cpu_kargs",
    "cpu_options",
    "emulation_limit",
    "escaped",
    "has_high_ids",
    "hosting_limit",
    "interrupt_options",
    "memory_files",
]

# MAX_NODES of QEMU's include/sysemu/numa.h.
_MOST_NODES = 128
# From here on TCG has an APIC with ids of 32 bits (x2APIC).
_WIDE_APIC = (9, 0)
# From here on q35 has 1024 CPUs; before, 288.
_MANY_CPUS, _FEW = (8, 1), 288


@dataclass(frozen=True)
class Memory:
    """A guest's RAM in files of `folder`, one for each NUMA node.

    `shared`: the guest writes to the files. Else it writes to copies of its own, as a clone does.
    """

    folder: Path
    shared: bool


@dataclass(frozen=True)
class _Grid:
    """The packages, the dies of a package, the cores of a die and the threads of a core, each of the largest."""

    packages: int
    dies: int
    cores: int
    threads: int

    @property
    def slots(self) -> int:
        """How many CPUs there would be without gaps."""
        return self.packages * self.dies * self.cores * self.threads

    @property
    def last_apic_id(self) -> int:
        """The highest APIC id: each part has as many bits as it needs (QEMU's include/hw/i386/topology.h)."""
        last = self.packages - 1
        for count in (self.dies, self.cores, self.threads):
            last = last << (count - 1).bit_length() | count - 1
        return last


def _grid(topology: Topology) -> _Grid:
    packages = topology.package_llcs
    return _Grid(len(packages), max(packages), max(topology.llc_cores), topology.threads)


def emulation_limit(
    topology: Topology, release: tuple[int, int] = OLDEST, clock: Clock = "virtual"
) -> str | None:
    """Why a QEMU of `release` cannot emulate a topology with a `clock`, or None if it can.

    A topology with fewer CPUs than there are APIC ids may still need a higher one than the last.
    """
    last, highest = _grid(topology).last_apic_id, machine_of_host().board.last_apic_id
    if last > highest and release < _WIDE_APIC:
        return (
            f"topology {topology}: its {topology.cpus} CPUs need APIC ids up to {last}; QEMU without KVM has them"
            f" up to {highest} before release {_shown(_WIDE_APIC)}, and this is {_shown(release)}"
        )
    if last > highest and clock == "virtual":
        # As of 10.0: an x2APIC's timer is set by wrmsr, which icount does not expect to read the clock ("Bad icount
        # read"). With one-insn-per-tb=on it does, but then a guest is too slow to be of use.
        return (
            f"topology {topology}: its {topology.cpus} CPUs need APIC ids up to {last}; QEMU's virtual clock has them"
            f" up to {highest}, --clock real has them all"
        )
    return hosting_limit(topology, release)


def hosting_limit(topology: Topology, release: tuple[int, int]) -> str | None:
    """Why a QEMU of `release` cannot run a topology with any accelerator, or None if it can."""
    if topology.numa_nodes > _MOST_NODES:
        return f"topology {topology}: {topology.numa_nodes} NUMA nodes; QEMU has {_MOST_NODES} at most"
    if (slots := _grid(topology).slots) > _FEW and release < _MANY_CPUS:
        return (
            f"topology {topology}: a grid of {slots} CPUs; QEMU has {_FEW} at most before release"
            f" {_shown(_MANY_CPUS)}, and this is {_shown(release)}"
        )
    return None


def cpu_options(topology: Topology, memory_mb: int, memory: Memory | None, model: str) -> list[str]:
    """The CPUs, of the CPU `model`, and the RAM, CPUs and distances of each NUMA node."""
    grid = _grid(topology)
    gaps = grid.slots > topology.cpus
    dies = f",dies={grid.dies}" if grid.dies > 1 else ""
    shape = f"sockets={grid.packages}{dies},cores={grid.cores},threads={grid.threads}"
    smp = f"1,maxcpus={grid.slots},{shape}" if gaps else f"{topology.cpus},{shape}"
    sizes = topology.memory_mb(memory_mb)
    options = ["-smp", smp, "-m", f"{sum(sizes)}M"]
    for node, size_mb in enumerate(sizes):
        numa = f"node,nodeid={node}"
        if size_mb:
            options += ["-object", _backend(node, size_mb, memory)]
            numa += f",memdev=node{node}"
        members = sorted(topology.node_cpus(node))
        if members and not gaps:
            numa += f",cpus={members[0]}-{members[-1]}"
        options += ["-numa", numa]
    if gaps:
        options += _placed(topology, grid, model)
    if topology.distances:
        for source, row in enumerate(topology.distances):
            for target, distance in enumerate(row):
                options += ["-numa", f"dist,src={source},dst={target},val={distance}"]
    return options


def _backend(node: int, size_mb: int, memory: Memory | None) -> str:
    backend = f"id=node{node},size={size_mb}M"
    if memory is None:
        return f"memory-backend-ram,{backend}"
    share = "on" if memory.shared else "off"
    path = escaped(_node_file(memory.folder, node))
    return f"memory-backend-file,{backend},mem-path={path},share={share}"


def _placed(topology: Topology, grid: _Grid, model: str) -> Iterator[str]:
    """The node of each die of the grid, and every CPU but the first in its place."""
    node_of_llc = {llc: node for node in range(topology.numa_nodes) for llc in topology.node_llcs(node)}
    first_llc = 0
    for package, llcs in enumerate(topology.package_llcs):
        for die in range(grid.dies):
            # A die without CPUs is in some node, too, or QEMU warns about it.
            node = node_of_llc[first_llc + min(die, llcs - 1)]
            yield from ("-numa", f"cpu,node-id={node}{_place(grid, package, die)}")
        for die in range(llcs):
            for core in range(topology.llc_cores[first_llc + die]):
                for thread in range(grid.threads):
                    if package or die or core or thread:
                        place = f"{_place(grid, package, die)},core-id={core},thread-id={thread}"
                        yield from ("-device", f"{model}-{machine_of_host().name}-cpu{place}")
        first_llc += llcs


def _place(grid: _Grid, package: int, die: int) -> str:
    return f",socket-id={package}" + (f",die-id={die}" if grid.dies > 1 else "")


def cpu_kargs(topology: Topology) -> list[str]:
    """What the guest's kernel is told about its CPUs: those missing in the grid will never be plugged in."""
    return [f"possible_cpus={topology.cpus}"] if _grid(topology).slots > topology.cpus else []


def has_high_ids(topology: Topology) -> bool:
    """Whether a CPU's APIC id is above those that interrupts reach without remapping."""
    return _grid(topology).last_apic_id > machine_of_host().board.last_apic_id


def interrupt_options(topology: Topology, accelerator: str) -> list[str]:
    """What brings interrupts to CPUs with high APIC ids, if there are any."""
    if not has_high_ids(topology):
        return []
    # KVM's own IOAPIC has ids of 8 bits.
    chip = ["-machine", "kernel-irqchip=split"] if accelerator == "kvm" else []
    return [*chip, "-device", machine_of_host().board.interrupt_remapping]


def memory_files(folder: Path, topology: Topology, memory_mb: int) -> list[Path]:
    """The files that hold the RAM of a template, one for each NUMA node that has memory."""
    return [_node_file(folder, node) for node, size in enumerate(topology.memory_mb(memory_mb)) if size]


def _node_file(folder: Path, node: int) -> Path:
    return folder / f"node-{node}"


def escaped(path: Path) -> str:
    """A path as a value of an option, which ends at a comma unless that is doubled."""
    return str(path).replace(",", ",,")


def _shown(release: tuple[int, int]) -> str:
    return ".".join(map(str, release))
