"""CPU topology: NUMA nodes, packages, LLCs, cores and threads, written `1n2l4c1t`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.node import Node, list_of
from ktstr.base.notation import Written, parsed, written
from ktstr.base.values import shown, whole

__all__ = ["DEFAULT_TOPOLOGY", "Topology", "cpu_list", "parse_cpu_list"]

# What the kernel takes if the firmware says nothing: LOCAL_DISTANCE and REMOTE_DISTANCE.
_LOCAL, _REMOTE = 10, 20
_MOST_IN_LIST = 8192  # NR_CPUS of the largest kernels of this machine
_FARTHEST = 254  # 255 says that a node cannot be reached


@dataclass(frozen=True)
class Topology:
    """A guest's CPUs, and the NUMA nodes that its memory is in.

    `llcs` is the total over all nodes and must be a multiple of `numa_nodes`; `cores` is per LLC, `threads` is per
    core. CPUs are numbered with threads varying fastest, then cores, LLCs and nodes.

    `nodes` describes a machine whose nodes differ, one `Node` each; then `numa_nodes` and `llcs` follow from it, and
    `cores` is the largest LLC's. `packages` is how many packages (sockets) the LLCs are in, in equal parts, or the
    number of LLCs of each; without it each LLC is a package of its own. `distances` has a row for each node, with its
    distance to every node: 10 to itself, else 11 to 254; without it all others are at 20. Equal machines are equal
    topologies, however they are written.

    Raises KtstrError if a number is out of range, if there are more than 1024 CPUs, or if the parts contradict each
    other.
    """

    numa_nodes: int = 1
    """The number of NUMA nodes."""
    llcs: int = 1
    """The number of LLCs, over all nodes."""
    cores: int = 2
    """The number of cores of an LLC; of the largest, if they differ."""
    threads: int = 1
    """The number of threads of a core."""
    packages: int | Sequence[int] = ()
    """The number of LLCs of each package; empty: each LLC is a package of its own."""
    nodes: Sequence[Node] = ()
    """The NUMA nodes, if they differ in LLCs or say how much memory they have; else empty."""
    distances: Sequence[Sequence[int]] = ()
    """A row for each node, with its distance to every node; empty: 10 to itself and 20 to all others."""

    def __post_init__(self) -> None:
        nodes = list_of(self.nodes, "topology: nodes")
        if nodes:
            self._take_nodes(nodes)
        for field in ("numa_nodes", "llcs", "cores", "threads"):
            whole(getattr(self, field), f"topology: {field}", 1, MAX_CPUS)
        if not nodes and self.llcs % self.numa_nodes:
            raise KtstrError(
                f"topology {self._simple}: llcs={self.llcs} is not a multiple of numa_nodes={self.numa_nodes}"
            )
        object.__setattr__(self, "packages", _packages(self.packages, self.llcs))
        object.__setattr__(self, "distances", _distances(self.distances, self.numa_nodes))
        if self.cpus > MAX_CPUS:
            raise KtstrError(f"topology {self}: {self.cpus} CPUs; must be at most {MAX_CPUS}")

    def _take_nodes(self, given: tuple[object, ...]) -> None:
        """Take the counts from the nodes, and leave the nodes out if the counts say everything."""
        nodes = [node for node in given if isinstance(node, Node)]
        if len(nodes) < len(given):
            raise KtstrError(f"topology: nodes={shown(given)}: must be a list of Node(...)")
        sizes = [cores for node in nodes for cores in node.llcs]
        if not sizes:
            raise KtstrError("topology: nodes: none has an LLC, so there is no CPU")
        first = next((number for number, node in enumerate(nodes) if not node.llcs), len(nodes))
        if any(node.llcs for node in nodes[first:]):
            # It numbers nodes as it meets them in the firmware's table, where those of the CPUs come first.
            raise KtstrError(
                f"topology: nodes: node {first} has no LLC, and a later one has; the kernel numbers nodes with CPUs"
                " first"
            )
        for field, count, usual in (
            ("numa_nodes", len(nodes), 1),
            ("llcs", len(sizes), 1),
            ("cores", max(sizes), 2),
        ):
            if (value := getattr(self, field)) not in (usual, count):
                raise KtstrError(f"topology: {field}={shown(value)}: contradicts nodes, which have {count}")
            object.__setattr__(self, field, count)
        alike = len({(node.llcs, node.memory_mb) for node in nodes}) == 1 and nodes[0].memory_mb is None
        object.__setattr__(self, "nodes", () if alike and len(set(sizes)) == 1 else tuple(nodes))

    @classmethod
    def parse(cls, text: str) -> Topology:
        """The topology written as `text` (`1n2l4c1t`, docs/topology.md has the rest); KtstrError for anything else."""
        said = parsed(text)
        memory = said.memory_mb or (None,) * said.numa_nodes
        if len(memory) != said.numa_nodes:
            raise KtstrError(f"topology {text}: {said.numa_nodes} nodes, but memory of {len(memory)}")
        nodes: Sequence[Node] = ()
        cores = 2
        if not isinstance(said.cores, int):
            nodes = [Node(llcs, mb) for llcs, mb in zip(said.cores, memory, strict=True)]
        else:
            cores = said.cores
            if said.memory_mb:
                each = (cores,) * (
                    cls(said.numa_nodes, said.llcs, cores, said.threads).llcs // said.numa_nodes
                )
                nodes = [Node(each, mb) for mb in memory]
        if nodes:
            return cls(threads=said.threads, packages=said.packages, nodes=nodes, distances=said.distances)
        return cls(said.numa_nodes, said.llcs, cores, said.threads, said.packages, distances=said.distances)

    @property
    def cpus(self) -> int:
        """How many CPUs the guest has."""
        return sum(self.llc_cores) * self.threads

    @property
    def cpus_per_llc(self) -> int:
        """How many CPUs share one LLC; the largest, if they differ."""
        return self.cores * self.threads

    @property
    def is_regular(self) -> bool:
        """Whether all nodes have the same number of LLCs, and all LLCs the same number of cores."""
        return len({node.llcs for node in self.nodes}) <= 1 and len(set(self.llc_cores)) == 1

    @property
    def llc_cores(self) -> tuple[int, ...]:
        """The number of cores of each LLC."""
        if self.nodes:
            return tuple(cores for node in self.nodes for cores in node.llcs)
        return (self.cores,) * self.llcs

    @property
    def package_llcs(self) -> tuple[int, ...]:
        """The number of LLCs of each package."""
        return (
            tuple(self.packages) if isinstance(self.packages, tuple) and self.packages else (1,) * self.llcs
        )

    def llc_cpus(self, llc: int) -> frozenset[int]:
        """The CPUs of LLC number `llc`, counted from 0."""
        return _members(_layout(self).llc_of, self._number(llc, "LLC", self.llcs))

    def node_cpus(self, node: int) -> frozenset[int]:
        """The CPUs of NUMA node number `node`, counted from 0; empty if it has memory only."""
        return _members(_layout(self).node_of, self._number(node, "node", self.numa_nodes))

    def package_cpus(self, package: int) -> frozenset[int]:
        """The CPUs of package number `package`, counted from 0."""
        return _members(_layout(self).package_of, self._number(package, "package", len(self.package_llcs)))

    def core_cpus(self, core: int) -> frozenset[int]:
        """The CPUs of core number `core`, counted from 0 over all LLCs."""
        first = self._number(core, "core", sum(self.llc_cores)) * self.threads
        return frozenset(range(first, first + self.threads))

    def siblings(self, cpu: int) -> frozenset[int]:
        """The CPUs of the core of `cpu`, itself included; KtstrError if there is no such CPU."""
        return self.core_cpus(self.core_of(cpu))

    def core_of(self, cpu: int) -> int:
        """The number of the core of `cpu`; KtstrError if there is no such CPU."""
        return self._number(cpu, "CPU", self.cpus) // self.threads

    def llc_of(self, cpu: int) -> int:
        """The number of the LLC of `cpu`; KtstrError if there is no such CPU."""
        return _layout(self).llc_of[self._number(cpu, "CPU", self.cpus)]

    def node_of(self, cpu: int) -> int:
        """The number of the NUMA node of `cpu`; KtstrError if there is no such CPU."""
        return _layout(self).node_of[self._number(cpu, "CPU", self.cpus)]

    def package_of(self, cpu: int) -> int:
        """The number of the package of `cpu`; KtstrError if there is no such CPU."""
        return _layout(self).package_of[self._number(cpu, "CPU", self.cpus)]

    def node_llcs(self, node: int) -> tuple[int, ...]:
        """The numbers of the LLCs of NUMA node number `node`, counted from 0."""
        number = self._number(node, "node", self.numa_nodes)
        return tuple(llc for llc, of in enumerate(_layout(self).node_of_llc) if of == number)

    def distance(self, node: int, other: int) -> int:
        """The distance from NUMA node `node` to `other`: 10 is the node itself; KtstrError if there is no such node."""
        near, far = (self._number(one, "node", self.numa_nodes) for one in (node, other))
        if self.distances:
            return self.distances[near][far]
        return _LOCAL if near == far else _REMOTE

    def memory_mb(self, guest_mb: int) -> tuple[int, ...]:
        """MiB of each NUMA node of a guest with `guest_mb`. KtstrError if its nodes have other or more memory."""
        declared = [node.memory_mb for node in self.nodes] or [None] * self.numa_nodes
        given, sharers = sum(filter(None, declared)), declared.count(None)
        if not sharers and guest_mb != given:
            raise KtstrError(
                f"topology {self}: its nodes have {given} MiB; memory_mb={guest_mb} contradicts that"
            )
        if sharers and guest_mb < given + sharers:
            raise KtstrError(
                f"topology {self}: {given} MiB in nodes that say how much they have, and memory_mb={guest_mb}"
                " leaves nothing for the others"
            )
        share = -(-(guest_mb - given) // sharers) if sharers else 0
        return tuple(share if mb is None else mb for mb in declared)

    def _number(self, value: int, noun: str, count: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
            raise KtstrError(f"topology {self} has no {noun} {shown(value)}; it has {count}, numbered from 0")
        return value

    @property
    def _simple(self) -> str:
        return f"{self.numa_nodes}n{self.llcs}l{self.cores}c{self.threads}t"

    def __str__(self) -> str:
        packages = self.package_llcs
        memory = tuple(node.memory_mb for node in self.nodes)
        return written(
            Written(
                numa_nodes=self.numa_nodes,
                llcs=self.llcs,
                cores=self.cores if self.is_regular else tuple(tuple(node.llcs) for node in self.nodes),
                threads=self.threads,
                packages=(len(packages) if len(set(packages)) == 1 else packages) if self.packages else (),
                memory_mb=() if set(memory) <= {None} else memory,
                distances=tuple(tuple(row) for row in self.distances),
            )
        )


@dataclass(frozen=True)
class _Layout:
    """The LLC, node and package of each CPU, and the node of each LLC."""

    llc_of: tuple[int, ...]
    node_of: tuple[int, ...]
    package_of: tuple[int, ...]
    node_of_llc: tuple[int, ...]


@lru_cache(maxsize=256)
def _layout(topology: Topology) -> _Layout:
    if topology.nodes:
        node_of_llc = [number for number, node in enumerate(topology.nodes) for _ in node.llcs]
    else:
        each = topology.llcs // topology.numa_nodes
        node_of_llc = [llc // each for llc in range(topology.llcs)]
    package_of_llc = [number for number, llcs in enumerate(topology.package_llcs) for _ in range(llcs)]
    llc_of = [llc for llc, cores in enumerate(topology.llc_cores) for _ in range(cores * topology.threads)]
    return _Layout(
        tuple(llc_of),
        tuple(node_of_llc[llc] for llc in llc_of),
        tuple(package_of_llc[llc] for llc in llc_of),
        tuple(node_of_llc),
    )


def _members(of: tuple[int, ...], number: int) -> frozenset[int]:
    return frozenset(cpu for cpu, its in enumerate(of) if its == number)


def _packages(value: object, llcs: int) -> tuple[int, ...]:
    """The number of LLCs of each package; empty if each has one."""
    if isinstance(value, int):
        count = whole(value, "topology: packages", 1, llcs)
        if llcs % count:
            raise KtstrError(
                f"topology: packages={count}: {llcs} LLCs are not divisible by it; give the number of LLCs of each"
            )
        sizes: tuple[int, ...] = (llcs // count,) * count
    else:
        given = list_of(value, "topology: packages")
        sizes = tuple(whole(each, "topology: packages: LLCs of a package", 1, llcs) for each in given)
        if sizes and sum(sizes) != llcs:
            raise KtstrError(f"topology: packages={shown(value)}: have {sum(sizes)} LLCs; there are {llcs}")
    return () if set(sizes) <= {1} else sizes


def _distances(value: object, nodes: int) -> tuple[tuple[int, ...], ...]:
    """The rows, checked; empty if they are the usual ones."""
    rows = [list_of(row, "topology: distances: a row") for row in list_of(value, "topology: distances")]
    if not rows:
        return ()
    if {len(rows), *map(len, rows)} != {nodes}:
        raise KtstrError(f"topology: distances={shown(value)}: must be {nodes} rows of {nodes} numbers")
    checked = tuple(
        tuple(
            whole(
                to,
                f"topology: distances[{row}][{column}]",
                _LOCAL if row == column else _LOCAL + 1,
                _LOCAL if row == column else _FARTHEST,
            )
            for column, to in enumerate(numbers)
        )
        for row, numbers in enumerate(rows)
    )
    far = {checked[row][column] for row in range(nodes) for column in range(nodes) if row != column}
    return () if far <= {_REMOTE} else checked


DEFAULT_TOPOLOGY = Topology(1, 1, 2, 1)
"""The topology of a test that declares none: two CPUs."""


def cpu_list(cpus: frozenset[int]) -> str:
    """A set of CPUs as the kernel writes it: `0-3,7`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_cpu_list(text: str) -> frozenset[int]:
    """The CPUs of a list in the kernel's notation, such as `0-3,7`; ValueError for anything else.

    A list of more CPUs than a kernel can have is refused: a guest may send one.
    """
    cpus: set[int] = set()
    named = 0
    for part in filter(None, text.strip().split(",")):
        first, dash, last = part.partition("-")
        run = range(int(first), int(last if dash else first) + 1)
        if not run:
            raise ValueError(f"CPU list {shown(text)}: {shown(part)} runs backwards")
        named += run.stop - run.start  # len() refuses a range of more than 63 bits
        if named > _MOST_IN_LIST:
            raise ValueError(f"CPU list {text[:40]!r}: more than {_MOST_IN_LIST} CPUs")
        cpus.update(run)
    return frozenset(cpus)
